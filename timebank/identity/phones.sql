-- so_far --
-- When there were codes for somebody, or for their phone, the first of them first.
-- $1 bank  $2 volunteer  $3 keyed hashes of the phone  $4 since  $5 since, the shorter
select coalesce(array_agg(issued_at order by issued_at), '{}') as in_all,
       coalesce(array_agg(issued_at order by issued_at) filter (where issued_at > $5), '{}') as lately
  from phone_code where bank_id = $1 and (volunteer_id = $2 or phone_index = any ($3)) and issued_at > $4

-- one_at_a_time --
-- Codes to one phone are counted and made one after the other, whoever asks. $1 bank  $2 keyed hash of the phone
select pg_advisory_xact_lock(hashtextextended('phone/' || $1::uuid || $2::text, 0))

-- issue --
-- $1 bank  $2 volunteer  $3 keyed hash of the phone  $4 keyed hash of the code  $5 by  $6 now  $7 until
insert into phone_code (bank_id, volunteer_id, phone_index, code_hash, issued_by, issued_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)

-- try --
-- Count a try of the code that came last before it is compared, so that many at once are no way around.
-- $1 bank  $2 volunteer  $3 now  $4 tries that a code is good for
update phone_code set failures = failures + 1
 where code_id = (select code_id from phone_code where bank_id = $1 and volunteer_id = $2 order by code_id desc limit 1)
   and used_at is null and expires_at > $3 and failures < $4
returning code_id, code_hash

-- use --
-- $1 code  $2 now
update phone_code set used_at = $2 where code_id = $1 and used_at is null returning true
