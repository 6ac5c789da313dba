-- delta --
-- The event at a position, and what came after it. A time that is none (`infinity`) is not read: the clock goes on.
-- $1 bank  $2 from (0: the beginning)  $3 at most
select position, event_id, topic, data,
       case when recorded_at between '0002-01-01' and '9998-12-31' then recorded_at end as recorded_at
  from event where bank_id = $1 and position >= $2 order by position limit $3

-- standing --
-- Where the log ends, when that was recorded, and which events are at two positions that were known.
-- $1 bank  $2 position  $3 another
select b.head, b.head_event_id,
       case when last.recorded_at between '0002-01-01' and '9998-12-31' then last.recorded_at end as recorded_at, known.event_id as known_id, kept.event_id as kept_id
  from bank b
  left join event last on last.bank_id = b.bank_id and last.position = b.head
  left join event known on known.bank_id = b.bank_id and known.position = $2
  left join event kept on kept.bank_id = b.bank_id and kept.position = $3
 where b.bank_id = $1
