-- checkpoint --
-- The latest checkpoint of an account, up to a position; none of what another version of the program made.
-- $1 bank  $2 volunteer  $3 position  $4 projection  $5 version
select c.position, c.accounts, c.causes
  from statement_checkpoint c join checkpoint p on p.bank_id = c.bank_id
 where c.bank_id = $1 and c.volunteer_id = $2 and c.position <= $3 and p.projection = $4 and p.version = $5
 order by c.position desc limit 1

-- in_order --
-- In the order of the index, and not all of them read and sorted (see supervision/history.sql).
limit (select 9223372036854775807)

-- entries --
-- The next facts under a tag, in order; each topic's are in order in the index, so no more are read than are wanted
-- of each. What only has the same 64-bit key is there as well, with `is_theirs` false, so that the limit and the next
-- position stay right. $1 bank  $2 volunteer  $3 topics  $4 after  $5 until  $6 at most
select e.position, e.topic, e.data, e.recorded_at, e.topic = any ($3) and $2 = any (e.tags) as is_theirs
  from (select distinct found.position
          from unnest($3::text[]) wanted (topic),
               lateral (
                   select t.position
                     from (select t.position from event_tag t
                            where t.bank_id = $1 and t.key = tag_key($2, wanted.topic)
                              and t.position > $4 and t.position <= $5
                            order by t.position {in_order}) t
                    limit $6
               ) found
         order by found.position limit $6) next,
       lateral (
           select * from event e where e.bank_id = $1 and e.position = next.position offset 0
       ) e
 order by e.position

-- earlier --
-- Of each tag and topic the latest fact up to a position. $1 bank  $2 tags  $3 topics  $4 positions
select e.topic, e.data
  from (select distinct found.position
          from unnest($2::text[], $3::text[], $4::bigint[]) wanted (tag, topic, until),
               lateral (
                   select t.position
                     from (select t.position from event_tag t
                            where t.bank_id = $1 and t.key = tag_key(wanted.tag, wanted.topic)
                              and t.position <= wanted.until
                            order by t.position desc {in_order}) t,
                          lateral (
                              select from event e
                               where e.bank_id = $1 and e.position = t.position and e.topic = wanted.topic
                                 and wanted.tag = any (e.tags)
                              offset 0
                          ) e
                    order by t.position desc limit 1
               ) found) latest,
       lateral (
           select * from event e where e.bank_id = $1 and e.position = latest.position offset 0
       ) e
 order by e.position

-- position_before --
-- The last position that was recorded before a time: times never go back, so halving finds it. $1 bank  $2 time
with recursive halving (low, high) as (
    select 0::bigint, head from bank where bank_id = $1
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
