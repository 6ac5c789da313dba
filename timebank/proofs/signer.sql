-- as_said --
-- Of a row what its note says of it is true: others are nobody's. Whether we signed it is looked at where it is used;
-- `verify` looks at all of them.
split_part(c.note, E'\n', 2) = c.size::text and split_part(c.note, E'\n', 3) = encode(c.root, 'base64')

-- latest --
-- The checkpoint that was signed last. $1 bank
select c.size, c.root, c.note, c.signed_at from signed_checkpoint c
 where c.bank_id = $1 and {as_said} order by c.size desc limit 1

-- covering --
-- The first of a tree with so many facts. $1 bank  $2 size  $3 at most
select c.size, c.root, c.note, c.signed_at from signed_checkpoint c
 where c.bank_id = $1 and c.size >= $2 and {as_said} order by c.size limit $3

-- exactly --
-- The one of a tree with exactly so many facts. $1 bank  $2 size
select c.size, c.root, c.note, c.signed_at from signed_checkpoint c where c.bank_id = $1 and c.size = $2 and {as_said}

-- some --
-- The last ones of each bank, or of banks that are gone.
select c.bank_id, c.note
  from bank b, lateral (select s.bank_id, s.note from signed_checkpoint s
                         where s.bank_id = b.bank_id order by s.size desc limit 8) c
 union all
(select bank_id, note from signed_checkpoint order by bank_id desc, size desc limit 8)

-- head --
-- $1 bank
select head from bank where bank_id = $1

-- behind --
-- Banks with facts that no checkpoint covers, or with fewer facts than one does.
select b.bank_id
  from bank b
 where b.head <> coalesce((select c.size from signed_checkpoint c
                             where c.bank_id = b.bank_id and {as_said} order by c.size desc limit 1), 0)
 order by b.bank_id

-- here --
-- Those of some banks that are in this database. $1 banks
select bank_id from bank where bank_id = any ($1)

-- leaves --
-- The leaves of a stretch of the log, in one string of bytes. $1 bank  $2 first  $3 last
select string_agg(leaf, ''::bytea order by position) from event where bank_id = $1 and position between $2 and $3

-- make_sure --
-- Write something that changes nothing: its commit is not done before all earlier ones are, on replicas too.
select pg_logical_emit_message(true, 'timebank', '')

-- keep --
-- $1 bank  $2 size  $3 root  $4 note  $5 signed at
insert into signed_checkpoint (bank_id, size, root, note, signed_at) values ($1, $2, $3, $4, $5) on conflict do nothing
