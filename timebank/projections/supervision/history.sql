-- view --
select e.position, e.event_id, e.topic, e.data, e.tags, e.actor, e.authority, e.request_id, e.command_id,
       e.on_behalf_of, e.recorded_at, e.leaf
  from event e

-- page --
-- Events as they happened. $1 bank  $2 after  $3 topic or null  $4 actor or null  $5 at most
{view}
 where e.bank_id = $1 and e.position > $2 and ($3::text is null or e.topic = $3) and ($4::text is null or e.actor = $4)
 order by e.position limit $5

-- page_by_tag --
-- The same, of those under a tag. $1 bank  $2 after  $3 topic or null  $4 actor or null  $5 at most  $6 tag
{view} join event_tag t on t.bank_id = e.bank_id and t.position = e.position
 where t.bank_id = $1 and t.tag = $6 and t.position > $2
   and ($3::text is null or t.topic = $3) and ($4::text is null or e.actor = $4)
 order by t.position limit $5
