-- open_bank --
-- Make room for a bank's log; it fails where the zone is not known here. $1 bank  $2 name  $3 timezone
insert into bank (bank_id, name, timezone)
values ($1, $2, case when now() at time zone $3 is not null then $3 end) on conflict do nothing

-- bank --
-- $1 bank
select bank_id, head, head_event_id, name, timezone from bank where bank_id = $1

-- banks --
select bank_id, head, head_event_id, name, timezone from bank order by bank_id

-- head --
-- $1 bank
select head from bank where bank_id = $1

-- tip --
-- $1 bank
select head, head_event_id from bank where bank_id = $1

-- touch --
-- Write something that changes nothing: its commit is not done before all earlier ones are, on replicas too. $1 bank
update bank set head = head where bank_id = $1

-- append --
-- Append events right after the event that is expected to be the last, or nothing. Returns one row if they were appended.
-- It is looked at by its id too: a log that went back may have come to the same number again with other events.
-- $1 bank  $2 expected head  $3 number of events  $4 recorded at  $5 event ids  $6 topics  $7 data
-- $8 tags (an event's as an array literal)  $9 actors  $10 authorities  $11 request ids  $12 command ids
-- $13 on whose behalf  $14 leaves  $15 the id expected at the head  $16 the id of the last event then
with swapped as (
    update bank set head = head + $3, head_event_id = $16
     where bank_id = $1 and head = $2 and head_event_id is not distinct from $15
    returning bank_id
), appended as (
    insert into event (bank_id, position, event_id, topic, data, tags, actor, authority,
                       request_id, command_id, recorded_at, on_behalf_of, leaf)
    select s.bank_id, $2 + e.n, e.event_id, e.topic, e.data,
           e.tags::text[], e.actor, e.authority, e.request_id, e.command_id, $4, e.on_behalf_of, e.leaf
      from swapped s,
           unnest($5::uuid[], $6::text[], $7::bytea[], $8::text[], $9::text[], $10::text[],
                  $11::text[], $12::uuid[], $13::text[], $14::bytea[])
           with ordinality e (event_id, topic, data, tags, actor, authority, request_id, command_id, on_behalf_of,
                              leaf, n)
    returning position, topic, tags
), tagged as (
    insert into event_tag (bank_id, key, position)
    select distinct $1::uuid, tag_key(tag, topic), position from appended, unnest(tags) tag
)
select 1 from swapped

-- recall --
-- The events memories are made of, up to a position. $1 bank  $2 up to  $3 tags  $4 the topics asked of each, as
-- an array literal (without a tag they are asked for alone)  $5 after  $6 at most so many of each pair (null: all).
-- What has the same key by chance is no fact of theirs, which memories see. `offset 0` leaves no plan but one index probe a pair and an event.
select e.position, e.topic, e.data
  from (select distinct found.position
          from unnest($3::text[], $4::text[]) asked (tag, topics),
               unnest(asked.topics::text[]) pair (topic),
               lateral (
                   (select t.position from event_tag t
                     where t.bank_id = $1 and t.key = tag_key(asked.tag, pair.topic) and asked.tag <> ''
                       and t.position > $5 and t.position <= $2
                     order by t.position limit (select $6::bigint))
                    union all
                   (select b.position from event b
                     where asked.tag = '' and key_in(b.bank_id, b.topic) = key_in($1, pair.topic)
                       and case b.topic when pair.topic then case b.bank_id when $1 then true else false end else false end
                       and b.position > $5 and b.position <= $2
                     order by b.position limit $6)
               ) found) wanted,
       lateral (
           select e.position, e.topic, e.data from event e
            where e.bank_id = $1 and e.position = wanted.position
           offset 0
       ) e
 order by e.position

-- event_id_at --
-- $1 bank  $2 position
select event_id from event where bank_id = $1 and position = $2

-- taken_in --
-- $1 bank
select taken_in from bank where bank_id = $1

-- facts_at --
-- $1 bank  $2 first position  $3 last position
select topic, data, leaf from event where bank_id = $1 and position between $2 and $3 order by position

-- all_of --
-- $1 bank  $2 topic  $3 at most (null: all)
select position, recorded_at, data from event
 where key_in(bank_id, topic) = key_in($1, $2) and case topic when $2 then true else false end
   and case bank_id when $1 then true else false end
 order by position desc limit $3
