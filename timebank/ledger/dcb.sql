-- lock_head --
-- $1 bank
select head, head_event_id from bank where bank_id = $1 for update

-- head --
-- $1 bank
select head from bank where bank_id = $1

-- read --
-- Events matching any item of a query (a JSON array of {types, tags}; an empty one matches all).
-- $1 bank  $2 after  $3 up to  $4 items  $5 at most (null: all)
-- Each tag is looked up by itself, and each event by its position (`offset 0`), whatever is known of the tables.
select e.position, e.topic, e.data, e.tags
  from (select found.position
          from jsonb_to_recordset($4::jsonb) item (types text[], tags text[]),
               lateral (
                   select t.position
                     from unnest(case item.types when '{}' then array(select distinct topic from event where bank_id = $1)
                                 else item.types end) wanted (topic),
                          lateral (
                              select position from event_tag
                               where bank_id = $1 and key = tag_key(item.tags[1], wanted.topic) and position > $2
                              offset 0
                          ) t,
                          lateral (
                              select topic, tags from event where bank_id = $1 and position = t.position offset 0
                          ) b
                    where item.tags <> '{}' and b.topic = wanted.topic and b.tags @> item.tags
                    union all
                   select b.position from event b
                    where item.tags = '{}' and key_in(b.bank_id, b.topic) = any (keys_in($1, item.types))
                      and b.bank_id = $1 and b.topic = any (item.types) and b.position > $2
                    union all
                   select b.position from event b
                    where item.tags = '{}' and item.types = '{}' and b.bank_id = $1 and b.position > $2
                   offset 0
               ) found
         where found.position <= $3
         union
        (select b.position from event b
          where $4::jsonb = '[]' and b.bank_id = $1 and b.position > $2 and b.position <= $3
          order by b.position limit $5)
         order by position limit $5) found,
       lateral (
           select e.position, e.topic, e.data, e.tags from event e
            where e.bank_id = $1 and e.position = found.position
           offset 0
       ) e
 order by e.position
