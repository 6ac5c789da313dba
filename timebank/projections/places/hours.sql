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
    select distinct on (f.volunteer_id, f.from_day) f.volunteer_id, f.from_day, f.node_id,
           coalesce(f.tie, 'lives') as tie, f.noted_on
      from facts_between($1, $2, $3, $4) e,
           jsonb_to_record(e.data) f (volunteer_id text, from_day date, node_id text, tie text, noted_on date)
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
                               select r.volunteer_id, r.from_day, r.node_id, r.tie, r.noted_on, false, r.until_day
                                 from residence r where r.bank_id = $1 and r.volunteer_id = m.volunteer_id
                               offset 0
                           ) r) h
             order by h.volunteer_id, h.from_day, h.is_said desc) h
), kept as (
    insert into residence (bank_id, volunteer_id, from_day, node_id, tie, noted_on, until_day, is_willing)
    select $1, h.volunteer_id, h.from_day, h.node_id, h.tie, h.noted_on, h.until_day,
           coalesce((select w.is_willing from willing w where w.bank_id = $1 and w.volunteer_id = h.volunteer_id), false)
      from homes h
     where h.is_said or h.known_until_day is distinct from h.until_day
        on conflict (bank_id, volunteer_id, from_day) do update
       set node_id = excluded.node_id, tie = excluded.tie, noted_on = excluded.noted_on, until_day = excluded.until_day
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

-- months_served --
-- The months between two days in which service counts at one of some nodes. $1 bank  $2 nodes  $3 first day  $4 last day
select distinct date_trunc('month', day::timestamp)::date as month
  from place_day where bank_id = $1 and node_id = any ($2::text[]) and day between $3 and $4

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
-- one stood below it, and it was no part of another. Of the whole bank (nothing) it is what stood at the top.
-- $1 bank  $2 node, or nothing  $3 first day  $4 last day
select d.node_id, sum(d.minutes)::bigint as minutes
  from node_stand s,
       (select from_day, until_day from node_stand where bank_id = $1 and node_id = $2 and into_id is null
         union all
        select '-infinity', null where $2 = '') whole,
       lateral (
           select d.node_id, d.minutes from place_day d
            where d.bank_id = $1 and d.node_id = s.node_id
              and d.day between greatest(s.from_day, whole.from_day, $3) and least(s.until_day, whole.until_day, $4)
           offset 0
       ) d
 where s.bank_id = $1 and coalesce(s.into_id, s.parent_id, '') = $2 and s.into_id is null
 group by d.node_id
 order by minutes desc, d.node_id
