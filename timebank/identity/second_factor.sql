-- account --
-- How an account is called in an authenticator: number and bank. $1 bank  $2 volunteer
select v.number, b.name from volunteer v join bank b using (bank_id) where v.bank_id = $1 and v.volunteer_id = $2

-- ask_elsewhere --
-- Ask for the second factor in all sessions but one. $1 bank  $2 volunteer  $3 session
update session set proved_at = null
 where bank_id = $1 and volunteer_id = $2 and session_id is distinct from $3 and revoked_at is null
