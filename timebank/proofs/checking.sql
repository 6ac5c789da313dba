-- tiles --
-- What is over the tiles that are full. $1 bank
select level, number, root from tile where bank_id = $1

-- signed --
-- All that is kept as signed, some at a time. $1 bank  $2 after this size  $3 at most
select size, root, note from signed_checkpoint where bank_id = $1 and size > $2 order by size limit $3
