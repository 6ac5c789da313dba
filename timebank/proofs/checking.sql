-- tiles --
-- What is over the tiles that are full. $1 bank
select level, number, root from tile where bank_id = $1
