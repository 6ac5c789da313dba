-- withdraw --
-- $1 bank  $2 volunteer  $3 now
update one_time_code set used_at = $3 where bank_id = $1 and volunteer_id = $2 and used_at is null

-- issue --
-- $1 hash  $2 bank  $3 volunteer  $4 by  $5 until
insert into one_time_code (code_hash, bank_id, volunteer_id, issued_by, expires_at) values ($1, $2, $3, $4, $5)

-- whose --
-- $1 hash  $2 now
select bank_id, volunteer_id from one_time_code where code_hash = $1 and used_at is null and expires_at > $2

-- use --
-- $1 hash  $2 now
update one_time_code set used_at = $2 where code_hash = $1 and used_at is null and expires_at > $2
returning true
