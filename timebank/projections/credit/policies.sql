-- adopted --
-- All versions of the rule book, and which were withdrawn. $1 bank
select topic, position, recorded_at, data from event
 where key_in(bank_id, topic) in (key_in($1, 'policy-adopted'), key_in($1, 'policy-withdrawn'))
   and bank_id = $1 and topic in ('policy-adopted', 'policy-withdrawn')
 order by position

-- replayed --
-- A stretch of what is replayed under a draft. $1 bank  $2 after  $3 until  $4 topics
select topic, data from event
 where bank_id = $1 and position > $2 and position <= $3 and topic = any ($4) order by position

-- head --
-- $1 bank
select head from bank where bank_id = $1
