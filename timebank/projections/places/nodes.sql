-- open --
insert into node (bank_id, node_id, level, depth, from_day)
select $1, f.*
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, level text, depth int, from_day date)

-- name --
insert into node_name (bank_id, node_id, from_day, name)
select distinct on (f.node_id, f.from_day) $1, f.node_id, f.from_day, f.name
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, from_day date, name text)
 order by f.node_id, f.from_day, e.position desc

-- names_of --
-- What nodes are called last. $1 bank  $2 nodes
select distinct on (node_id) node_id, name from node_name where bank_id = $1 and node_id = any ($2)
 order by node_id, from_day desc

-- stand --
insert into node_stand (bank_id, node_id, level, from_day, parent_id, into_id)
select $1, f.node_id, coalesce(f.level, (select n.level from node n where n.bank_id = $1 and n.node_id = f.node_id)),
       f.from_day, f.parent_id, f.into_id
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data) f (node_id text, level text, from_day date, parent_id text, into_id text)

-- stand_until --
-- And until when: the day before they are below another.
update node_stand t set until_day = stood.until_day
  from (select distinct f.node_id
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text)) f,
       lateral (
           select s.from_day, lead(s.from_day) over (order by s.from_day) - 1 as until_day
             from node_stand s where s.bank_id = $1 and s.node_id = f.node_id
           offset 0
       ) stood
 where t.bank_id = $1 and t.node_id = f.node_id and t.from_day = stood.from_day
   and t.until_day is distinct from stood.until_day

-- close --
update node n set until_day = f.until_day
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, until_day date)
 where n.bank_id = $1 and n.node_id = f.node_id

-- put --
-- What `lived` says of minutes served by who lived where on which day is put there, and to all above that on that day.
-- What is a part of another node counts there. The whole bank is the place without an id. Rows come in the order of the
-- keys they are found by, so that those which follow each other are on one page.
climb as (
    select l.minutes, l.day, l.node_id, t.level, t.into_id, t.parent_id
      from lived l
      left join lateral (select s.level, s.into_id, s.parent_id from node_stand s
                          where s.bank_id = $1 and s.node_id = l.node_id and s.from_day <= l.day
                          order by s.from_day desc limit 1) t on true
     where l.node_id is not null
    union all
    select c.minutes, c.day, coalesce(c.into_id, c.parent_id), t.level, t.into_id, t.parent_id
      from climb c
      left join lateral (select s.level, s.into_id, s.parent_id from node_stand s
                          where s.bank_id = $1 and s.node_id = coalesce(c.into_id, c.parent_id) and s.from_day <= c.day
                          order by s.from_day desc limit 1) t on true
     where coalesce(c.into_id, c.parent_id) is not null
), daily as materialized (
    select node_id, day, level, sum(minutes)::bigint as minutes
      from (select c.node_id, c.day, c.level, c.minutes from climb c where c.into_id is null
            union all
            select '', l.day, '', l.minutes from lived l) sums
     group by node_id, day, level having sum(minutes) <> 0
     order by node_id, day
), monthly as materialized (
    select node_id, level, date_trunc('month', day::timestamp) as month, sum(minutes)::bigint as minutes
      from daily where node_id > '' group by node_id, level, date_trunc('month', day::timestamp)
), levels as materialized (
    select level, day::timestamp as day, sum(minutes)::bigint as minutes
      from daily where node_id > '' group by level, day
), days as (
    merge into place_day known
    using (select * from daily order by node_id, day) s
       on known.bank_id = $1 and known.node_id = s.node_id and known.day = s.day
     when matched and known.minutes + s.minutes = 0 then delete
     when matched then update set minutes = known.minutes + s.minutes
     when not matched then insert (bank_id, node_id, day, minutes) values ($1, s.node_id, s.day, s.minutes)
), totals as (
    merge into place_total known
    using (select level, node_id, to_char(month, 'YYYY-MM') as period, minutes from monthly where minutes <> 0
            union all
           select level, node_id, to_char(date_trunc('year', month), 'YYYY'), sum(minutes)::bigint
             from monthly group by level, node_id, date_trunc('year', month) having sum(minutes) <> 0
            union all
           select level, '', to_char(day, form), sum(minutes)::bigint
             from levels, unnest(array['YYYY', 'YYYY-MM', 'YYYY-MM-DD']) form
            group by level, to_char(day, form) having sum(minutes) <> 0
            order by level, node_id, period) s
       on known.bank_id = $1 and known.level = s.level and known.node_id = s.node_id and known.period = s.period
     when matched and known.minutes + s.minutes = 0 then delete
     when matched then update set minutes = known.minutes + s.minutes
     when not matched then
          insert (bank_id, level, node_id, period, minutes) values ($1, s.level, s.node_id, s.period, s.minutes)
)
select

-- agree --
-- Who agreed to be asked, which is said where they live as well; of several facts about one person the last counts.
with said as materialized (
    select distinct on (f.volunteer_id) f.volunteer_id, e.topic = 'consent-given' as is_willing
      from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
     where f.purpose = 'be-asked'
     order by f.volunteer_id, e.position desc
), kept as (
    insert into willing (bank_id, volunteer_id, is_willing) select $1, volunteer_id, is_willing from said
        on conflict (bank_id, volunteer_id) do update set is_willing = excluded.is_willing
)
update residence r set is_willing = s.is_willing
  from said s
 where r.bank_id = $1 and r.volunteer_id = s.volunteer_id and r.is_willing <> s.is_willing

-- said --
-- What a fact of service says of whom, and what of that counts: a correction takes away what was said before.
jsonb_to_record(e.data)
                   f (volunteer_id text, capacity text, minutes int, local_date date,
                      previous_capacity text, previous_minutes int, previous_local_date date),
                   lateral (values (f.capacity, f.local_date,
                                    case e.topic when 'service-voided' then -f.minutes else f.minutes end),
                                   (f.previous_capacity, f.previous_local_date, -f.previous_minutes))
                   m (capacity, local_date, minutes)

-- counts --
m.minutes is not null and m.capacity <> 'staff-on-duty'

-- move --
-- Who lives where from which day on, and until when: the day before they live elsewhere, or again. What they served since
-- then, as the log says it up to this stretch, is taken away from where it was counted, and counted where they live now.
with recursive said as materialized (
    select distinct on (f.volunteer_id, f.from_day) f.volunteer_id, f.from_day, f.node_id, coalesce(f.tie, 'lives') as tie
      from facts_between($1, $2, $3, $4) e,
           jsonb_to_record(e.data) f (volunteer_id text, from_day date, node_id text, tie text)
     order by f.volunteer_id, f.from_day, e.position desc
), moved as materialized (
    select volunteer_id, min(from_day) as from_day from said group by volunteer_id
), homes as materialized (
    select h.*, lead(h.from_day) over (partition by h.volunteer_id order by h.from_day) - 1 as until_day
      from (select distinct on (h.volunteer_id, h.from_day) h.*
              from (select s.*, true as is_said, null::date as known_until_day from said s
                    union all
                    select r.*
                      from moved m,
                           lateral (
                               select r.volunteer_id, r.from_day, r.node_id, r.tie, false, r.until_day
                                 from residence r where r.bank_id = $1 and r.volunteer_id = m.volunteer_id
                               offset 0
                           ) r) h
             order by h.volunteer_id, h.from_day, h.is_said desc) h
), kept as (
    insert into residence (bank_id, volunteer_id, from_day, node_id, tie, until_day, is_willing)
    select $1, h.volunteer_id, h.from_day, h.node_id, h.tie, h.until_day,
           coalesce((select w.is_willing from willing w where w.bank_id = $1 and w.volunteer_id = h.volunteer_id), false)
      from homes h
     where h.is_said or h.known_until_day is distinct from h.until_day
        on conflict (bank_id, volunteer_id, from_day) do update
       set node_id = excluded.node_id, tie = excluded.tie, until_day = excluded.until_day
), served as (
    select moved.volunteer_id, s.day, s.minutes
      from moved,
           lateral (
               select m.local_date as day, sum(m.minutes) as minutes
                 from event_tag t,
                      lateral (
                          select e.topic, convert_from(e.data, 'UTF8')::jsonb as data from event e
                           where e.bank_id = $1 and e.position = t.position offset 0
                      ) e, {said}
                where t.bank_id = $1 and t.position <= $2
                  and t.key in (tag_key(moved.volunteer_id, 'service-confirmed'),
                                tag_key(moved.volunteer_id, 'service-corrected'),
                                tag_key(moved.volunteer_id, 'service-voided'))
                  and e.topic in ('service-confirmed', 'service-corrected', 'service-voided')
                  and f.volunteer_id = moved.volunteer_id and {counts} and m.local_date >= moved.from_day
                group by m.local_date
               having sum(m.minutes) <> 0
               offset 0
           ) s
), lived as (
    select day, node_id, sum(minutes) as minutes
      from (select s.day, was.node_id, - s.minutes as minutes
              from served s
              left join lateral (select r.node_id from residence r
                                  where r.bank_id = $1 and r.volunteer_id = s.volunteer_id and r.from_day <= s.day
                                  order by r.from_day desc limit 1) was on true
            union all
            select s.day, h.node_id, s.minutes
              from served s
              left join homes h on h.volunteer_id = s.volunteer_id
                               and s.day between h.from_day and coalesce(h.until_day, 'infinity')) l
     group by day, node_id having sum(minutes) <> 0
), {put}

-- serve --
-- Who served how much on which day, and where that counts.
with recursive served as materialized (
    select f.volunteer_id, m.local_date as day, sum(m.minutes)::int as minutes
      from facts_between($1, $2, $3, $4) e, {said}
     where {counts}
     group by f.volunteer_id, m.local_date
    having sum(m.minutes) <> 0
     order by f.volunteer_id, m.local_date
), lived as (
    select s.day, p.node_id, sum(s.minutes) as minutes
      from served s
      left join lateral (select r.node_id from residence r
                          where r.bank_id = $1 and r.volunteer_id = s.volunteer_id and r.from_day <= s.day
                          order by r.from_day desc limit 1) p on true
     group by s.day, p.node_id
), {put}

-- seen --
-- $1 bank  $2 day
select n.node_id, n.level, n.depth, n.from_day, n.until_day, s.parent_id, s.into_id,
       (select m.name from node_name m
         where m.bank_id = n.bank_id and m.node_id = n.node_id and m.from_day <= greatest($2::date, n.from_day)
         order by m.from_day desc limit 1) as name
  from node n
  join lateral (select t.from_day, t.parent_id, t.into_id from node_stand t
                 where t.bank_id = n.bank_id and t.node_id = n.node_id and t.from_day <= greatest($2::date, n.from_day)
                 order by t.from_day desc limit 1) s on true
 where n.bank_id = $1

-- one --
-- $1 bank  $2 day  $3 node
{seen} and n.node_id = $3

-- below --
-- What is directly below a node on a day, or at the top; what became a part of it as well.
-- $1 bank  $2 day  $3 node, or nothing  $4 after this node  $5 at most
select below.*
  from (select distinct t.node_id
          from node_stand t
         where t.bank_id = $1 and coalesce(t.into_id, t.parent_id, '') = $3 and t.node_id > $4
         order by t.node_id) child,
       lateral (
           {seen}
              and n.node_id = child.node_id and coalesce(s.into_id, s.parent_id, '') = $3
              and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2)
           offset 0
       ) below
 order by child.node_id limit $5

-- every --
-- All that are there on a day. $1 bank  $2 day  $3 after this node  $4 at most
{seen}
   and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2) and n.node_id > $3
 order by n.node_id limit $4

-- changes --
-- How many facts changed the tree after a position, and where the last of them is. $1 bank  $2 position  $3 topics
select count(*) as facts, coalesce(max(found.position), $2) as last
  from unnest($3::text[]) wanted (topic),
       lateral (
           select position from event
            where key_in(bank_id, topic) = key_in($1, wanted.topic) and position > $2
              and case topic when wanted.topic then case bank_id when $1 then true else false end else false end
           offset 0
       ) found

-- of_level --
-- Nodes of a level that are there on a day, in order. $1 bank  $2 day  $3 level  $4 after this node
select n.bank_id, n.node_id, n.level, n.depth, n.from_day, n.until_day, s.parent_id, s.into_id
  from node n,
       lateral (
           select t.parent_id, t.into_id from node_stand t
            where t.bank_id = $1 and t.node_id = n.node_id and t.from_day <= greatest($2::date, n.from_day)
            order by t.from_day desc limit 1
       ) s
 where n.bank_id = $1 and n.level = $3 and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2)
   and s.into_id is null and n.node_id > $4
 order by n.node_id

-- vacant --
-- Those of them that nobody leads on a day, of the next so many. $1 to $4 as before  $5 how many are looked at
-- $6 at most
select n.node_id, n.level, n.depth, n.from_day, n.until_day, n.parent_id, n.into_id,
       (select m.name from node_name m
         where m.bank_id = n.bank_id and m.node_id = n.node_id and m.from_day <= greatest($2::date, n.from_day)
         order by m.from_day desc limit 1) as name
  from (select l.*
          from ({of_level} limit $5) l
         where (select true from appointment a
                 where a.bank_id = $1 and a.node_id = l.node_id and a.status = 'in force'
                   and coalesce(a.valid_from, $2) <= $2 and coalesce(a.valid_until, $2) >= $2
                 limit 1) is null
         limit $6) n
 order by n.node_id

-- last_looked_at --
-- The last of so many. $1 to $4 as before  $5 how many but one
select node_id from ({of_level} offset $5 limit 1) n

-- leaders --
-- Who leads a node on a day. $1 bank  $2 day  $3 node
select appointment_id, volunteer_id, source, duties, valid_from, valid_until, delegated_from
  from appointment
 where bank_id = $1 and node_id = $3 and status = 'in force'
   and coalesce(valid_from, $2) <= $2 and coalesce(valid_until, $2) >= $2
 order by appointment_id

-- subtree --
sub as (
    select $3::text as node_id
    union
    select below.node_id
      from sub,
           lateral (
               select t.node_id
                 from node_stand t
                where t.bank_id = $1 and coalesce(t.into_id, t.parent_id, '') = sub.node_id
                  and t.from_day <= $2 and (t.until_day is null or t.until_day >= $2)
               offset 0
           ) below
)

-- people --
-- Who lives or works at a node or below it on a day, node by node: no more are read than fit on the page.
-- $1 bank  $2 day  $3 node  $4 from this node on  $5 there after this volunteer  $6 at most
with recursive {subtree}
select found.*
  from (select node_id from sub where node_id >= $4 order by node_id) at,
       lateral (
           select r.volunteer_id, r.node_id, r.from_day, r.tie
             from residence r
            where r.bank_id = $1 and r.node_id = at.node_id
              and r.from_day <= $2 and (r.until_day is null or r.until_day >= $2)
              and r.volunteer_id > case at.node_id when $4 then $5 else '' end
            order by r.volunteer_id limit $6
       ) found
 limit $6

-- is_willing --
-- Whether somebody agreed to be asked. $1 bank  $2 volunteer
select is_willing from willing where bank_id = $1 and volunteer_id = $2

-- willing_at --
-- Those of them who agreed to be asked. $1 bank  $2 day  $3 node  $4 at most
with recursive {subtree}
select found.volunteer_id
  from (select node_id from sub order by node_id) at,
       lateral (
           select r.volunteer_id
             from residence r
            where r.bank_id = $1 and r.node_id = at.node_id and r.is_willing
              and r.from_day <= $2 and (r.until_day is null or r.until_day >= $2)
            order by r.volunteer_id limit $4
       ) found
 limit $4

-- count_people --
-- Node by node, whatever is known of how large the tables are. $1 bank  $2 day  $3 node
with recursive {subtree}
select count(*)
  from sub,
       lateral (
           select r.volunteer_id
             from residence r
            where r.bank_id = $1 and r.node_id = sub.node_id
              and r.from_day <= $2 and (r.until_day is null or r.until_day >= $2)
           offset 0
       ) there

-- there --
-- How many live or work at a node or below it from a day until another, counted no further than so many. Whoever moves
-- within the node in between is not found, nor is whoever lives at what moves within it.
with recursive sub as (
    select w.node_id
    union
    select below.node_id
      from sub,
           lateral (
               select t.node_id
                 from node_stand t
                where t.bank_id = $1 and coalesce(t.into_id, t.parent_id, '') = sub.node_id
                  and t.from_day <= span.since and (t.until_day is null or t.until_day >= span.until)
               offset 0
           ) below
)
select count(*) as people
  from (select there.volunteer_id
          from sub,
               lateral (
                   select r.volunteer_id
                     from residence r
                    where r.bank_id = $1 and r.node_id = sub.node_id
                      and r.from_day <= span.since and (r.until_day is null or r.until_day >= span.until)
                   offset 0
               ) there
         limit $5) found

-- crowd --
-- How many live or work at each of some nodes, or below it, when they are fewest: at the end of every month between two
-- days in which service counts there, and on the last day; counted no further than so many. Where so many were there all
-- the time the months are not looked at one by one.
-- $1 bank  $2 first day  $3 last day  $4 nodes  $5 at most
select w.node_id, coalesce(fewest.people, always.people) as people
  from unnest($4::text[]) w (node_id),
       lateral (
           select least((date_trunc('month', $2::date::timestamp) + interval '1 month - 1 day')::date, $3) as since,
                  $3 as until
       ) span,
       lateral ({there}) always,
       lateral (
           select min(there.people) as people
             from (with recursive served as (
                       (select d.day from place_day d
                         where d.bank_id = $1 and d.node_id = w.node_id and d.day between $2 and $3
                         order by d.day limit 1)
                       union all
                       select next.day
                         from served,
                              lateral (
                                  select d.day from place_day d
                                   where d.bank_id = $1 and d.node_id = w.node_id and d.day <= $3
                                     and d.day >= (date_trunc('month', served.day::timestamp) + interval '1 month')::date
                                   order by d.day limit 1
                              ) next
                   )
                   select least((date_trunc('month', day::timestamp) + interval '1 month - 1 day')::date, $3) as day
                     from served
                    union
                   select $3) month,
                  lateral (select month.day as since, month.day as until offset 0) span,
                  lateral ({there}) there
            where always.people < $5
       ) fewest

-- months_served --
-- The months between two days in which service counts at one of some nodes. $1 bank  $2 nodes  $3 first day  $4 last day
select distinct date_trunc('month', day::timestamp)::date as month
  from place_day where bank_id = $1 and node_id = any ($2::text[]) and day between $3 and $4

-- chain --
-- A node and all above it on a day, upwards. $1 bank  $2 day  $3 node
with recursive climb as (
    select $3::text as node_id, 0 as steps
    union all
    select coalesce(t.into_id, t.parent_id), c.steps + 1
      from climb c
      join lateral (select s.into_id, s.parent_id from node_stand s
                     where s.bank_id = $1 and s.node_id = c.node_id and s.from_day <= $2
                     order by s.from_day desc limit 1) t on coalesce(t.into_id, t.parent_id) is not null
)
select node_id from climb order by steps

-- lives_at --
-- Where somebody lives or works from which days on. $1 bank  $2 volunteer
select from_day, node_id, tie from residence where bank_id = $1 and volunteer_id = $2 order by from_day

-- minutes_of --
-- Of a node, or of the whole bank (nothing), between two days. $1 bank  $2 node  $3 first day  $4 last day
select coalesce(sum(minutes), 0)::bigint from place_day where bank_id = $1 and node_id = $2 and day between $3 and $4

-- in_order --
-- By node of a level in a month or a year, most first; and before them what all of them have, without a node.
-- $1 bank  $2 level  $3 period  $4 minutes and $5 node of the place before (or null)  $6 at most
select node_id, minutes from place_total where bank_id = $1 and level = $2 and node_id = '' and period = $3
union all
(select node_id, minutes from place_total
  where bank_id = $1 and level = $2 and period = $3 and node_id > ''
    and ($4::bigint is null or (- minutes, node_id) > (- $4::bigint, $5::text))
  order by - minutes, node_id limit $6)

-- between --
-- The same between other days, in the order of nodes: of the months that lie within they are kept, before and after those
-- they are days. $1 bank  $2 level  $3 first and $4 last month  $5 first and $6 last days of what lies outside of them
-- $7 after this node  $8 at most
with part as (select first, last from unnest($5::date[], $6::date[]) p (first, last))
select '' as node_id, coalesce(sum(t.minutes), 0)::bigint as minutes
  from (select t.minutes from place_total t
         where t.bank_id = $1 and t.level = $2 and t.node_id = '' and t.period between $3 and $4 and length(t.period) = 7
        union all
        select t.minutes
          from part, place_total t
         where t.bank_id = $1 and t.level = $2 and t.node_id = '' and t.period between to_char(part.first, 'YYYY-MM-DD')
           and to_char(part.last, 'YYYY-MM-DD')
           and length(t.period) = 10) t
union all
(select n.node_id, (months.minutes + days.minutes)::bigint
   from (select node_id from node
          where bank_id = $1 and level = $2 and node_id > $7 order by node_id limit $8) n,
        lateral (
            select coalesce(sum(t.minutes), 0) as minutes from place_total t
             where t.bank_id = $1 and t.level = $2 and t.node_id = n.node_id and t.period between $3 and $4
               and length(t.period) = 7
        ) months,
        lateral (
            select coalesce(sum(d.minutes), 0) as minutes
              from part, place_day d
             where d.bank_id = $1 and d.node_id = n.node_id and d.day between part.first and part.last
        ) days
  order by n.node_id)

-- minutes_below --
-- Of what is or was directly below a node, between two days; as much of it as was counted to the node then: while the
-- one stood below it, and it was no part of another. $1 bank  $2 node  $3 first day  $4 last day
select d.node_id, sum(d.minutes)::bigint as minutes
  from node_stand s
  join node_stand whole on whole.bank_id = $1 and whole.node_id = $2 and whole.into_id is null
  join place_day d on d.bank_id = $1 and d.node_id = s.node_id
                  and d.day between greatest(s.from_day, whole.from_day, $3) and least(s.until_day, whole.until_day, $4)
 where s.bank_id = $1 and coalesce(s.into_id, s.parent_id, '') = $2 and s.into_id is null
 group by d.node_id
 order by minutes desc, d.node_id
