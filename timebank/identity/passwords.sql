-- set --
-- $1 bank  $2 volunteer  $3 hash  $4 now
insert into credential (bank_id, volunteer_id, password_hash, changed_at) values ($1, $2, $3, $4)
    on conflict (bank_id, volunteer_id) do update set password_hash = excluded.password_hash, changed_at = excluded.changed_at

-- kept --
-- $1 bank  $2 volunteers
select volunteer_id, password_hash from credential where bank_id = $1 and volunteer_id = any ($2) order by volunteer_id

-- is_still --
-- Whether somebody has a password that was looked at before. $1 bank  $2 volunteer  $3 its hash
select true from credential where bank_id = $1 and volunteer_id = $2 and password_hash = $3
