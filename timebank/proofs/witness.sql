-- alone --
-- Nobody else decides about this log until the transaction ends. $1 log
select pg_advisory_xact_lock(hashtextextended('timebank.witness ' || $1, 0))

-- latest --
-- The largest checkpoint of a log that was cosigned. $1 log
select size, root, note from witnessed_checkpoint where origin = $1 order by size desc limit 1

-- by_hash --
-- The same, of the log whose name has this SHA-256. $1 hash
select note from witnessed_checkpoint where sha256(convert_to(origin, 'UTF8')) = $1 order by size desc limit 1

-- keep --
-- $1 log  $2 size  $3 root  $4 note  $5 cosigned at
insert into witnessed_checkpoint (origin, size, root, note, cosigned_at) values ($1, $2, $3, $4, $5)
on conflict do nothing
