-- stretch --
-- $1 bank  $2 after  $3 until  $4 at most
select position, recorded_at, event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of
  from event where bank_id = $1 and position > $2 and position <= $3 order by position limit $4

-- standing --
-- A bank, as this transaction sees it. $1 bank
select name, timezone, head from bank where bank_id = $1

-- key_changes --
-- Checkpoints that two keys of the log signed, since one was being replaced. $1 bank  $2 log
select note from signed_checkpoint
 where bank_id = $1 and length(note) - length(replace(note, '— ' || $2, '')) > length('— ' || $2) order by size
