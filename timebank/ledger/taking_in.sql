-- head --
-- Where a bank's log ends, and no bank may be there that has another name. $1 bank
select head from bank where bank_id = $1 for update

-- moved --
-- $1 bank  $2 up to which position it was recorded elsewhere
update bank set taken_in = $2 where bank_id = $1

-- take_in --
-- Append events that were recorded elsewhere, as they are, and move the head. $1 bank  $2 head before  $3 positions
-- $4 event ids  $5 topics  $6 data  $7 tags (an event's as an array literal)  $8 actors  $9 authorities
-- $10 request ids  $11 command ids  $12 recorded at  $13 on whose behalf  $14 leaves  $15 head then  $16 id of the last
with moved as (
    update bank set head = $15, head_event_id = $16 where bank_id = $1 and head = $2 returning bank_id
), appended as (
    insert into event (bank_id, position, event_id, topic, data, tags, actor, authority, request_id, command_id,
                       recorded_at, on_behalf_of, leaf)
    select m.bank_id, e.position, e.event_id, e.topic, e.data, e.tags::text[], e.actor, e.authority, e.request_id,
           e.command_id, e.recorded_at, e.on_behalf_of, e.leaf
      from moved m,
           unnest($3::bigint[], $4::uuid[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::text[], $10::text[],
                  $11::uuid[], $12::timestamptz[], $13::text[], $14::bytea[])
           e (position, event_id, topic, data, tags, actor, authority, request_id, command_id, recorded_at,
              on_behalf_of, leaf)
    returning position, topic, tags
), tagged as (
    insert into event_tag (bank_id, key, position)
    select distinct $1::uuid, tag_key(tag, topic), position from appended, unnest(tags) tag
)
select 1 from moved
