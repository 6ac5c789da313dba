-- columns --
e.position, e.event_id, e.topic, e.data, e.tags, e.actor, e.authority, e.request_id, e.command_id,
       e.on_behalf_of, e.recorded_at, e.leaf

-- page --
-- Events as they happened. $1 bank  $2 after  $3 topic or null  $4 actor or null  $5 at most
select {columns}
  from event e
 where e.bank_id = $1 and e.position > $2 and ($3::text is null or e.topic = $3) and ($4::text is null or e.actor = $4)
 order by e.position limit $5

-- page_by_tag --
-- The same, of those under a tag. Each topic's are in order in the index, so no more are read than fit on the page.
-- $1 bank  $2 after  $3 topics  $4 at most  $5 tag
select {columns}
  from unnest($3::text[]) wanted (topic),
       lateral (
           select e.* from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
            where t.bank_id = $1 and t.tag = $5 and t.topic = wanted.topic and t.position > $2
            order by t.position limit $4
       ) e
 order by e.position limit $4
