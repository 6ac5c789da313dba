-- tip --
-- $1 bank
select head, head_event_id from bank where bank_id = $1

-- stretch --
-- $1 bank  $2 after  $3 at most
select position, event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of, recorded_at, leaf
  from event where bank_id = $1 and position > $2 order by position limit $3

-- tags_amiss --
-- Tags that are in the index but on no event, or on an event but not in the index. $1 bank
(select 'in the index only' as what, position, tag from (
     select position, tag, topic from event_tag where bank_id = $1
     except select position, unnest(tags), topic from event where bank_id = $1) amiss limit 10)
 union all
(select 'not in the index', position, tag from (
     select position, unnest(tags) as tag, topic from event where bank_id = $1
     except select position, tag, topic from event_tag where bank_id = $1) amiss limit 10)
