-- banks --
-- $1 the bank that is meant, or null
select bank_id from bank where $1::uuid is null or bank_id = $1 limit 2

-- by_number --
-- $1 bank  $2 number
select volunteer_id from volunteer where bank_id = $1 and number = $2

-- by_phone --
-- Those with a password whose phone it is known to be; and, after them, those who signed in with it before phones were
-- verified, as long as that is remembered. $1 bank  $2 hashes of the phone  $3 at most  $4 the login
select p.volunteer_id from person p join credential using (bank_id, volunteer_id)
 where p.bank_id = $1 and p.phone_index = any ($2)
   and (p.phone_verified_at is not null
        or exists (select from sign_in_attempt a
                    where a.bank_id = $1 and a.login = any ($4) and a.volunteer_id = p.volunteer_id and a.succeeded_at is not null))
 order by p.phone_verified_at is null, p.volunteer_id limit $3

-- number_of --
-- $1 bank  $2 volunteer
select number from volunteer where bank_id = $1 and volunteer_id = $2

-- is_linked --
-- $1 bank  $2 volunteer
select true from oidc_identity where bank_id = $1 and volunteer_id = $2 limit 1

-- unlink --
-- Forget all accounts at the provider by which somebody signs in. $1 bank  $2 volunteer
with gone as (
    delete from oidc_identity where bank_id = $1 and volunteer_id = $2 returning true
)
select count(*) > 0 from gone

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
