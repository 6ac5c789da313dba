-- last --
-- The largest checkpoint that a witness cosigned. $1 bank  $2 witness
select max(size) from cosignature where bank_id = $1 and witness = $2

-- keep --
-- What a witness said of a checkpoint, if the one of its size that is kept has the same root.
-- $1 bank  $2 size  $3 root  $4 witness  $5 line  $6 received at
with meant as (select bank_id, size from signed_checkpoint where bank_id = $1 and size = $2 and root = $3),
     kept as (insert into cosignature (bank_id, size, witness, line, received_at)
              select bank_id, size, $4, $5, $6 from meant on conflict do nothing)
select count(*) from meant

-- of --
-- What witnesses said of a checkpoint. $1 bank  $2 size
select line from cosignature where bank_id = $1 and size = $2 order by witness

-- cosigned --
-- The latest checkpoint with so many facts at least that a witness cosigned. $1 bank  $2 size at least
select c.size, c.root, c.note, c.signed_at
  from signed_checkpoint c
 where c.bank_id = $1 and c.size >= $2 and split_part(c.note, E'\n', 2) = c.size::text
   and split_part(c.note, E'\n', 3) = encode(c.root, 'base64')
   and exists (select from cosignature s where s.bank_id = c.bank_id and s.size = c.size)
 order by c.size desc limit 1

-- banks --
select bank_id from signed_checkpoint group by bank_id
