-- so_far --
-- $1 bank  $2 login  $3 address  $4 failures since
select coalesce(max(failures) filter (where login = $2 and address = $3), 0) as failures,
       max(last_failed_at) filter (where login = $2 and address = $3) as last_failed_at,
       coalesce(bool_or(succeeded_at is not null) filter (where login = $2 and address = $3), false) as is_known,
       coalesce(sum(failures) filter (where login = $2 and last_failed_at > $4), 0) as of_login,
       coalesce(sum(failures) filter (where address = $3 and last_failed_at > $4), 0) as of_address
  from sign_in_attempt where bank_id = $1 and (login = $2 or address = $3)

-- failed --
-- $1 bank  $2 login  $3 address  $4 volunteer or null  $5 now
insert into sign_in_attempt as a (bank_id, login, address, volunteer_id, failures, last_failed_at)
values ($1, $2, $3, $4, 1, $5)
    on conflict (bank_id, login, address) do update
   set failures = a.failures + 1, last_failed_at = excluded.last_failed_at, volunteer_id = excluded.volunteer_id

-- succeeded --
-- $1 bank  $2 login  $3 address  $4 volunteer  $5 now
insert into sign_in_attempt (bank_id, login, address, volunteer_id, failures, succeeded_at)
values ($1, $2, $3, $4, 0, $5)
    on conflict (bank_id, login, address) do update
   set failures = 0, succeeded_at = excluded.succeeded_at, volunteer_id = excluded.volunteer_id
