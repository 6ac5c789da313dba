-- banks --
-- $1 the bank that is meant, or null
select bank_id from bank where $1::uuid is null or bank_id = $1 limit 2

-- by_number --
-- $1 bank  $2 number
select volunteer_id from volunteer where bank_id = $1 and number = $2

-- by_phone --
-- Those with a password. $1 bank  $2 hashes of the phone  $3 at most
select p.volunteer_id from person p join credential using (bank_id, volunteer_id)
 where p.bank_id = $1 and p.phone_index = any ($2)
 order by p.volunteer_id limit $3

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
