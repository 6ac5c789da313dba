-- entries --
-- The facts of a statement, in order. $1 bank  $2 volunteer  $3 topics
select e.position, e.topic, e.data, e.recorded_at
  from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
 where t.bank_id = $1 and t.tag = $2 and t.topic = any ($3)
 order by e.position
