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

-- makes_crowd --
-- Whether somebody counts where there have to be many: they were taken in, and nobody else spends for them, or did, as a
-- guardian for a child. Whoever asks could have registered the others. (Nor do those count of whom it was not noted yet
-- that they live there, unless an office noted it: they could have come for that.)
((select true from volunteer v where v.bank_id = $1 and v.volunteer_id = r.volunteer_id
                                 and v.status in ('applied', 'declined') limit 1) is null
    and (select true from proxy p where p.bank_id = $1 and p.volunteer_id = r.volunteer_id
                                    and p.scopes && array['give', 'redeem'] limit 1) is null)

-- count_people --
-- Node by node, whatever is known of how large the tables are. $1 bank  $2 day  $3 node
-- $4 also those who do not count where many have to be
with recursive {subtree}
select count(*)
  from sub,
       lateral (
           select r.volunteer_id
             from residence r
            where r.bank_id = $1 and r.node_id = sub.node_id
              and r.from_day <= $2 and (r.until_day is null or r.until_day >= $2)
              and ($4 or r.noted_on is null or r.noted_on <= $2) and ($4 or {makes_crowd})
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
                      and (r.noted_on is null or r.noted_on <= span.since) and {makes_crowd}
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

-- beside --
-- The months between two days in which service counts at a node, and at none below it; of the whole bank (nothing) at no
-- place. And how many live or work there itself at their end, or nowhere, counted no further than so many.
-- $1 bank  $2 node, or nothing  $3 first day  $4 last day  $5 at most
with recursive stood as (
    select from_day, until_day from node_stand where bank_id = $1 and node_id = $2 and into_id is null
     union all
    select '-infinity', null where $2 = ''
), served as (
    select date_trunc('month', d.day::timestamp)::date as month, d.minutes
      from place_day d where d.bank_id = $1 and d.node_id = $2 and d.day between $3 and $4
     union all
    select date_trunc('month', d.day::timestamp)::date, - d.minutes
      from node_stand s,
           stood,
           lateral (
               select d.day, d.minutes from place_day d
                where d.bank_id = $1 and d.node_id = s.node_id and d.day between greatest(s.from_day, stood.from_day, $3)
                                                               and least(s.until_day, stood.until_day, $4)
               offset 0
           ) d
     where s.bank_id = $1 and coalesce(s.into_id, s.parent_id, '') = $2 and s.into_id is null
), month as (
    select month, least((month + interval '1 month - 1 day')::date, $4) as day
      from served group by month having sum(minutes) <> 0
), part as (
    select day, $2::text as node_id from month
     union
    select part.day, became.node_id
      from part,
           lateral (
               select t.node_id from node_stand t
                where t.bank_id = $1 and coalesce(t.into_id, t.parent_id, '') = part.node_id and t.into_id is not null
                  and t.from_day <= part.day and (t.until_day is null or t.until_day >= part.day)
               offset 0
           ) became
)
select m.month,
       (select count(*)
          from (select there.volunteer_id
                  from part,
                       lateral (
                           select r.volunteer_id from residence r
                            where r.bank_id = $1 and r.node_id = part.node_id
                              and r.from_day <= m.day and (r.until_day is null or r.until_day >= m.day)
                              and (r.noted_on is null or r.noted_on <= m.day) and {makes_crowd}
                           offset 0
                       ) there
                 where part.day = m.day
                 union all
                select r.volunteer_id from volunteer r
                 where $2 = '' and r.bank_id = $1 and r.status in ('active', 'suspended') and {makes_crowd}
                   and (select true from residence h
                         where h.bank_id = $1 and h.volunteer_id = r.volunteer_id and h.node_id is not null
                           and h.from_day <= m.day and (h.until_day is null or h.until_day >= m.day) limit 1) is null
                 limit $5) found) as people
  from month m

-- lives_at --
-- Where somebody lives or works from which days on. $1 bank  $2 volunteer
select from_day, node_id, tie from residence where bank_id = $1 and volunteer_id = $2 order by from_day
