-- tiles --
-- What is over the tiles that are full. $1 bank
select level, number, root from tile where bank_id = $1

-- strange --
-- Checkpoints that are not what their notes say, the smallest ones. $1 bank
select size from signed_checkpoint
 where bank_id = $1
   and (split_part(note, E'\n', 2) <> size::text or split_part(note, E'\n', 3) <> encode(root, 'base64'))
 order by size limit 20
