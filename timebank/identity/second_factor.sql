-- account --
-- How an account is called in an authenticator: number and bank. $1 bank  $2 volunteer
select v.number, b.name from volunteer v join bank b using (bank_id) where v.bank_id = $1 and v.volunteer_id = $2

-- may_set --
-- Whether a session is in force, in which the second factor was said if there is one. $1 session  $2 kind of secret
select true from session s
 where session_id = $1 and revoked_at is null
   and (proved_at is not null
        or not exists (select from sealed_secret x
                        where x.bank_id = s.bank_id and x.volunteer_id = s.volunteer_id and x.kind = $2))

-- ask_elsewhere --
-- Ask for the second factor in all sessions but one. $1 bank  $2 volunteer  $3 session
update session set proved_at = null
 where bank_id = $1 and volunteer_id = $2 and session_id <> $3 and revoked_at is null
