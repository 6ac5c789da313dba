-- of --
-- The facts whose first tag is this one: they are about nothing else so much. In order.
-- $1 bank  $2 tag  $3 until  $4 all topics there are
select e.position, e.topic, e.data, e.recorded_at, e.tags[1] as about
  from event_tag t,
       lateral (select * from event where bank_id = $1 and position = t.position offset 0) e
 where t.bank_id = $1 and t.key = any (array(select tag_key($2, topic) from unnest($4::text[]) topic))
   and t.position <= $3 and e.tags[1] = $2
 order by e.position

-- beside --
-- The facts of some topics under a tag, about something else. $1 bank  $2 tag  $3 until  $4 topics
select e.position, e.topic, e.data, e.recorded_at, e.tags[1] as about
  from event_tag t,
       lateral (select * from event where bank_id = $1 and position = t.position offset 0) e
 where t.bank_id = $1 and t.key = any (array(select tag_key($2, topic) from unnest($4::text[]) topic))
   and t.position <= $3 and e.topic = any ($4) and $2 = any (e.tags)
 order by e.position

-- by_topic --
-- How many facts of each topic there were. $1 bank  $2 until
select topic, count(*) as facts from event where bank_id = $1 and position <= $2 group by topic order by topic
