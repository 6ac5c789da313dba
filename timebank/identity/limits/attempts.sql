-- so_far --
-- $1 bank  $2 login  $3 address  $4 failures since  $5 network or null  $6 volunteers whom the login may mean
-- $7 the address, as it is and was counted
select coalesce(bool_or(succeeded_at is not null)
                filter (where (login = $2 or volunteer_id = any ($6)) and address = any ($7)), false) as is_known,
       coalesce(sum(failures) filter (where login = $2 and last_failed_at > $4), 0) as of_login,
       max(last_failed_at) filter (where login = $2) as login_failed_at,
       count(*) filter (where address = $3 and failures > 0 and last_failed_at > $4) as of_address,
       max(last_failed_at) filter (where address = $3) as address_failed_at,
       count(*) filter (where network = $5 and failures > 0 and last_failed_at > $4) as of_network,
       max(last_failed_at) filter (where network = $5) as network_failed_at
  from sign_in_attempt
 where bank_id = $1 and (login = $2 or address = $3 or network = $5 or volunteer_id = any ($6))

-- begin --
-- Count an attempt, unless the address still has to wait for this login.
-- $1 bank  $2 login  $3 address  $4 now  $5 failures that are free  $6 longest pause in seconds  $7 network or null
insert into sign_in_attempt as a (bank_id, login, address, failures, last_failed_at, network)
values ($1, $2, $3, 1, $4, $7)
    on conflict (bank_id, login, address) do update
   set failures = a.failures + 1, last_failed_at = excluded.last_failed_at, network = excluded.network
 where a.failures < $5 or a.last_failed_at is null
    or a.last_failed_at + make_interval(secs => least(2.0 ^ least(a.failures - $5, 20), $6)) <= $4
returning true

-- due --
-- When the address may try this login again.
-- $1 bank  $2 login  $3 address  $4 failures that are free  $5 longest pause in seconds
select last_failed_at + make_interval(secs => least(2.0 ^ greatest(least(failures - $4, 20), 0), $5))
  from sign_in_attempt where bank_id = $1 and login = $2 and address = $3

-- failed --
-- Who has signed in from there before stays known there. $1 bank  $2 login  $3 address  $4 volunteer or null
update sign_in_attempt set volunteer_id = $4
 where bank_id = $1 and login = $2 and address = $3 and succeeded_at is null

-- succeeded --
-- Where several may be meant, failures are forgotten if nobody of them came in from there lately: else one of them could
-- guess another's password for as long as they like, with their own between. $1 bank  $2 login  $3 address  $4 volunteer
-- $5 now  $6 how far back that goes where several may be meant, or null
insert into sign_in_attempt as a (bank_id, login, address, volunteer_id, failures, succeeded_at)
values ($1, $2, $3, $4, 0, $5)
    on conflict (bank_id, login, address) do update
   set failures = case when a.succeeded_at > $6::timestamptz then greatest(a.failures - 1, 0) else 0 end,
       succeeded_at = excluded.succeeded_at, volunteer_id = excluded.volunteer_id

-- forget --
-- $1 bank  $2 login  $3 address
delete from sign_in_attempt where bank_id = $1 and login = $2 and address = $3
