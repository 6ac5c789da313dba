-- tag --
-- The tags of the events of a stretch, as the events themselves say them. $1 bank  $2 after  $3 until
insert into event_tag (bank_id, key, position)
select distinct e.bank_id, tag_key(tag, e.topic), e.position
  from event e, unnest(e.tags) tag
 where e.bank_id = $1 and e.position > $2 and e.position <= $3
