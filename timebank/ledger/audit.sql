-- tip --
-- $1 bank
select head, head_event_id from bank where bank_id = $1

-- opened --
-- The zone of the bank's days as its row has it, by which all is decided, and its name; and the fact that said them
-- first. $1 bank  $2 topic
select b.timezone, b.name, e.position, e.topic, e.data
  from bank b, lateral (select * from event where bank_id = $1 and topic = $2 order by position limit 1) e
 where b.bank_id = $1

-- stretch --
-- A time that is none (`infinity`) is not read. $1 bank  $2 after  $3 at most
select position, event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of, leaf,
       case when recorded_at between '0002-01-01' and '9998-12-31' then recorded_at end as recorded_at
  from event where bank_id = $1 and position > $2 order by position limit $3

-- before --
-- $1 bank  $2 position
select case when recorded_at between '0002-01-01' and '9998-12-31' then recorded_at end, event_id
  from event where bank_id = $1 and position = $2

-- tags_amiss --
-- Keys that are in the index but of no tag of an event, or more often, and tags of events whose key is not in the index.
-- $1 bank  $2 after
(select case when exists (select from event e, unnest(e.tags) tag
                           where e.bank_id = $1 and e.position = amiss.position and tag_key(tag, e.topic) = amiss.key)
             then 'in the index twice' else 'in the index only' end as what,
        position, format('with the key %s', key) as tag
   from (select position, key from event_tag where bank_id = $1 and position > $2
         except all
         select position, tag_key(tag, topic) from event, unnest(tags) tag where bank_id = $1 and position > $2
         limit 10) amiss)
 union all
(select 'not in the index', e.position, tag
   from (select position, tag_key(tag, topic) as key from event, unnest(tags) tag where bank_id = $1 and position > $2
         except select position, key from event_tag where bank_id = $1 and position > $2) amiss
   join event e on e.bank_id = $1 and e.position = amiss.position, unnest(e.tags) tag
  where tag_key(tag, e.topic) = amiss.key limit 10)
