-- banks --
select bank_id from bank limit 2

-- whose --
-- Of those who share a phone only one with a password can sign in with it. $1 bank  $2 number  $3 hashes of a phone
select v.volunteer_id from volunteer v where v.bank_id = $1 and v.number = $2
 union
select p.volunteer_id from person p join credential using (bank_id, volunteer_id)
 where p.bank_id = $1 and p.phone_index = any ($3)

-- number_of --
-- $1 bank  $2 volunteer
select number from volunteer where bank_id = $1 and volunteer_id = $2

-- sweep_sessions --
-- $1 now
delete from session where expires_at < $1 or revoked_at < $1::timestamptz - interval '1 day'

-- sweep_codes --
-- $1 now
delete from one_time_code where expires_at < $1 or used_at < $1

-- sweep_attempts --
-- $1 now
delete from sign_in_attempt
 where coalesce(last_failed_at, '-infinity') < $1::timestamptz - interval '1 day'
   and coalesce(succeeded_at, '-infinity') < $1::timestamptz - interval '180 days'

-- sweep_oidc --
-- $1 now
delete from oidc_login where expires_at < $1
