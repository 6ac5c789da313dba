-- put --
-- $1 bank  $2 volunteer  $3 what it is for  $4 key  $5 sealed
insert into sealed_secret (bank_id, volunteer_id, kind, key_id, sealed) values ($1, $2, $3, $4, $5)
    on conflict (bank_id, volunteer_id, kind) do update set key_id = excluded.key_id, sealed = excluded.sealed

-- get --
-- $1 bank  $2 volunteer  $3 what it is for
select key_id, sealed from sealed_secret where bank_id = $1 and volunteer_id = $2 and kind = $3

-- drop --
-- $1 bank  $2 volunteer  $3 what it is for
delete from sealed_secret where bank_id = $1 and volunteer_id = $2 and kind = any ($3) returning true

-- others --
-- $1 key that everything is to be sealed with  $2 at most
-- $3 banks, $4 volunteers and $5 kinds of those that cannot be opened
select bank_id, volunteer_id, kind, key_id, sealed from sealed_secret
 where key_id <> $1
   and (bank_id, volunteer_id, kind) not in (select * from unnest($3::uuid[], $4::text[], $5::text[]))
 limit $2 for update
