-- in_order --
-- In the order of the index, and not all of them read and sorted (see history.sql).
limit (select 9223372036854775807)

-- page --
-- Facts about somebody that others brought about, the latest first; and what became of activities that they signed up
-- for. Each topic's are in order in the index, so of each no more are read than fit on the page, and those that are of
-- their own making.
-- $1 bank  $2 volunteer  $3 topics  $4 before  $5 after  $6 at most  $7 topics of activities
-- $8 topics that are told to those only for whom it was done  $9 topics that are told also to whoever did it
select e.position, e.recorded_at, e.topic, e.actor, e.authority, e.on_behalf_of, e.data
  from (select e.*
          from unnest($3::text[]) told (topic),
               lateral (
                   select e.*
                     from (select t.position from event_tag t
                            where t.bank_id = $1 and t.key = tag_key($2, told.topic)
                              and t.position < $4 and t.position > $5
                            order by t.position desc {in_order}) t,
                          lateral (
                              select * from event e
                               where e.bank_id = $1 and e.position = t.position and e.topic = told.topic
                                 and $2 = any (e.tags)
                              offset 0
                          ) e
                    where (e.actor <> $2 or told.topic = any ($9::text[]))
                      and (told.topic <> all ($8::text[]) or e.on_behalf_of = $2)
                    order by t.position desc limit $6
               ) e
         union all
        select e.*
          from sign_up s, unnest($7::text[]) told (topic),
               lateral (
                   select e.*
                     from (select t.position from event_tag t
                            where t.bank_id = $1 and t.key = tag_key(s.activity_id, told.topic)
                              and t.position < $4 and t.position > $5
                            order by t.position desc {in_order}) t,
                          lateral (
                              select * from event e
                               where e.bank_id = $1 and e.position = t.position and e.topic = told.topic
                                 and s.activity_id = any (e.tags)
                              offset 0
                          ) e
                    where e.actor <> $2
                    order by t.position desc limit $6
               ) e
         where s.bank_id = $1 and s.volunteer_id = $2 and s.status <> 'withdrawn') e
 order by e.position desc limit $6
