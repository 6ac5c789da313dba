-- delta --
-- What came after a position. $1 bank  $2 after  $3 at most
select position, topic, data, recorded_at from event where bank_id = $1 and position > $2 order by position limit $3

-- last_recorded_at --
-- $1 bank  $2 position
select recorded_at from event where bank_id = $1 and position = $2
