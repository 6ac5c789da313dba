-- columns --
e.position, e.event_id, e.topic, e.data, e.tags, e.actor, e.authority, e.request_id, e.command_id,
       e.on_behalf_of, e.recorded_at, e.leaf

-- wanted --
-- What is asked for, where it is asked for. $1 bank  $2 after  $3 before  $4 topics  $5 actor  $6 authority  $7 request
-- $8 tags  $9 first and $10 last local day on which it happened  $11 zone  $12 at most
-- `case` hides from the planner that texts and their hash say the same: by the key of the bank it would go through all
-- its facts besides, where it knows nothing of the table yet.
e.position > $2 and e.position < $3
       and ($5::text is null or key_in(e.bank_id, e.actor) = key_in($1, $5) and case e.actor when $5 then true else false end)
       and ($6::text is null or e.authority = $6)
       and ($7::text is null or key_in(e.bank_id, e.request_id) = key_in($1, $7)
                            and case e.request_id when $7 then true else false end)
       and ($8::text[] is null or e.tags @> $8)
       and (($9::date is null and $10::date is null)
            or coalesce((convert_from(e.data, 'UTF8')::jsonb ->> 'local_date')::date,
                        (e.recorded_at at time zone $11::text)::date)
               between coalesce($9::date, '-infinity') and coalesce($10::date, 'infinity'))

-- of_bank --
-- Those of the bank: by its key, unless they are found by an actor, a request or a topic.
case when $4::text[] is null and $5::text is null and $7::text is null then e.bank_id = $1
                 else case e.bank_id when $1 then true else false end end
       and ($4::text[] is null or case e.topic when ($4::text[])[1] then true else false end)
       and ($4::text[] is null or $5::text is not null or $7::text is not null
            or key_in(e.bank_id, e.topic) = key_in($1, ($4::text[])[1]))

-- oldest --
-- Events as they happened.
select {columns} from event e where {of_bank} and {wanted}
 order by e.position limit $12

-- newest --
-- The latest first.
select {columns} from event e where {of_bank} and {wanted}
 order by e.position desc limit $12

-- in_order --
-- Where they are by the index, in its order. That it is a limit which PostgreSQL cannot know has it expect that few of
-- them are wanted; else it reads and sorts all, since it takes every tag for one that few facts have.
limit (select 9223372036854775807)

-- oldest_tagged --
-- The same, of those under the first of the tags. Each topic's are in order in the index, so no more are read than fit
-- on the page.
select {columns}
  from unnest($4::text[]) topics (topic),
       lateral (
           select e.*
             from (select t.position from event_tag t
                    where t.bank_id = $1 and t.key = tag_key(($8::text[])[1], topics.topic)
                      and t.position > $2 and t.position < $3
                    order by t.position {in_order}) t,
                  lateral (
                      select * from event e
                       where e.bank_id = $1 and e.position = t.position and e.topic = topics.topic
                         and ($8::text[])[1] = any (e.tags)
                      offset 0
                  ) e
            where {wanted}
            order by t.position limit $12
       ) e
 order by e.position limit $12

-- newest_tagged --
select {columns}
  from unnest($4::text[]) topics (topic),
       lateral (
           select e.*
             from (select t.position from event_tag t
                    where t.bank_id = $1 and t.key = tag_key(($8::text[])[1], topics.topic)
                      and t.position > $2 and t.position < $3
                    order by t.position desc {in_order}) t,
                  lateral (
                      select * from event e
                       where e.bank_id = $1 and e.position = t.position and e.topic = topics.topic
                         and ($8::text[])[1] = any (e.tags)
                      offset 0
                  ) e
            where {wanted}
            order by t.position desc limit $12
       ) e
 order by e.position desc limit $12

-- one --
-- $1 bank  $2 position
select {columns} from event e where e.bank_id = $1 and e.position = $2

-- head --
-- The last position. $1 bank
select coalesce(max(position), 0) from event where bank_id = $1

-- position_before --
-- The last position that was recorded before a time: times never go back, so halving finds it. $1 bank  $2 time
with recursive halving (low, high) as (
    select 0::bigint, coalesce(max(position), 0) from event where bank_id = $1
     union all
    select case when e.recorded_at < $2 then e.position else h.low end,
           case when e.recorded_at < $2 then h.high else e.position - 1 end
      from halving h,
           lateral (
               select * from event e where e.bank_id = $1 and e.position = (h.low + h.high + 1) / 2 offset 0
           ) e
     where h.low < h.high
)
select low from halving where low = high
