-- lock_head --
-- $1 bank
select head, head_event_id from bank where bank_id = $1 for update

-- head --
-- $1 bank
select head from bank where bank_id = $1

-- read --
-- Events matching any item of a query (a JSON array of {types, tags}; an empty one matches all).
-- $1 bank  $2 after  $3 up to  $4 items  $5 at most (null: all)
select e.position, e.topic, e.data, e.tags
  from event e
 where e.bank_id = $1 and e.position > $2 and e.position <= $3
   and ($4::jsonb = '[]' or e.position in (
       select found.position
         from jsonb_to_recordset($4::jsonb) item (types text[], tags text[]),
              lateral (
                  select t.position
                    from unnest(case item.types when '{}' then array(select distinct topic from event where bank_id = $1)
                                else item.types end) wanted (topic)
                    join event_tag t on t.bank_id = $1 and t.key = tag_key(item.tags[1], wanted.topic) and t.position > $2
                    join event b on b.bank_id = $1 and b.position = t.position and b.topic = wanted.topic
                                and b.tags @> item.tags
                   where item.tags <> '{}'
                   union all
                  select b.position from event b
                   where item.tags = '{}' and b.bank_id = $1 and b.topic = any (item.types) and b.position > $2
                   union all
                  select b.position from event b
                   where item.tags = '{}' and item.types = '{}' and b.bank_id = $1 and b.position > $2
                  offset 0
              ) found))
 order by e.position
 limit $5
