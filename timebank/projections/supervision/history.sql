-- page --
-- Events as they happened. $1 bank  $2 after  $3 topic or null  $4 actor or null  $5 at most
select position, event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of, recorded_at, leaf
  from event
 where bank_id = $1 and position > $2 and ($3::text is null or topic = $3) and ($4::text is null or actor = $4)
 order by position limit $5

-- page_by_tag --
-- The same, of those under a tag. $1 bank  $2 after  $3 topic or null  $4 actor or null  $5 at most  $6 tag
select e.position, e.event_id, e.topic, e.data, e.tags, e.actor, e.authority, e.request_id, e.command_id,
       e.on_behalf_of, e.recorded_at, e.leaf
  from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
 where t.bank_id = $1 and t.tag = $6 and t.position > $2
   and ($3::text is null or t.topic = $3) and ($4::text is null or e.actor = $4)
 order by t.position limit $5
