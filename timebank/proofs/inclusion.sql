-- one --
-- $1 bank  $2 position
select position, event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of, recorded_at, leaf
  from event where bank_id = $1 and position = $2
