-- tiles --
-- What is over the tiles of leaves that are full. $1 bank
select level, number, root from tile where bank_id = $1 and level = 0 order by number
