-- kept --
-- What changed of rows (period, before, after in minutes; was_visible, is_visible) is taken into the totals and, of those
-- who are shown, into the steps; a step that nobody is on is gone, and so is a total of nothing.
totals as (
    merge into leaderboard_total t
    using (select period, sum(after - before) as minutes,
                  sum((after > 0 and not is_visible)::int - (before > 0 and not was_visible)::int) as hidden,
                  sum(case when is_visible then 0 else after end - case when was_visible then 0 else before end)
                      as hidden_minutes
             from moved group by period) c
       on t.bank_id = $1 and t.period = c.period
     when matched and (t.minutes + c.minutes, t.hidden + c.hidden, t.hidden_minutes + c.hidden_minutes) = (0, 0, 0)
          then delete
     when matched then
          update set minutes = t.minutes + c.minutes, hidden = t.hidden + c.hidden,
                     hidden_minutes = t.hidden_minutes + c.hidden_minutes
     when not matched and (c.minutes, c.hidden, c.hidden_minutes) <> (0, 0, 0) then
          insert (bank_id, period, minutes, hidden, hidden_minutes)
          values ($1, c.period, c.minutes, c.hidden, c.hidden_minutes)
)
merge into leaderboard_step s
using (select m.period, level::smallint as level, m.minutes >> (6 * level) as step, sum(m.people) as people
         from (select period, before as minutes, -1 as people from moved where was_visible and before > 0
                union all
               select period, after, 1 from moved where is_visible and after > 0) m,
              generate_series(0, 3) level
        group by m.period, level, m.minutes >> (6 * level)
       having sum(m.people) <> 0) c
   on s.bank_id = $1 and s.period = c.period and s.level = c.level and s.step = c.step
 when matched and s.people + c.people = 0 then delete
 when matched then update set people = s.people + c.people
 when not matched then insert (bank_id, period, level, step, people) values ($1, c.period, c.level, c.step, c.people)

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

-- count_service --
-- A fact counts for the periods its local date lies in; a correction that leaves a period's minutes as they were does
-- not count as reaching them anew. Who is hidden has rows of months alone: their years are the sums of these.
-- `offset 0` leaves no plan but one probe, however large the board is. $1 bank  $2 after  $3 until  $4 topics
with counted as materialized (
    select e.position, f.volunteer_id, to_char(m.local_date, 'YYYY-MM') as month, sum(m.minutes) as minutes
      from facts_between($1, $2, $3, $4) e, {said}
     where {counts}
     group by e.position, f.volunteer_id, to_char(m.local_date, 'YYYY-MM')
    having sum(m.minutes) <> 0
), changed as materialized (
    select change.*, known.is_visible
      from (select volunteer_id, month, sum(minutes) as minutes, max(position) as position
              from counted group by volunteer_id, month order by volunteer_id, month) change
           left join lateral (
               select l.is_visible from leaderboard l
                where l.bank_id = $1 and l.volunteer_id = change.volunteer_id and l.period = 'all'
               offset 0
           ) known on true
), months as (
    insert into leaderboard as board (bank_id, period, volunteer_id, minutes, position, is_visible)
    select $1, month, volunteer_id, minutes, position, coalesce(is_visible, false) from changed
        on conflict (bank_id, volunteer_id, period) do update
       set minutes = board.minutes + excluded.minutes, position = excluded.position
    returning new.period, coalesce(old.minutes, 0) as before, new.minutes as after, new.is_visible
), hidden as (
    select change.period, held.minutes as before, held.minutes + change.minutes as after
      from (select volunteer_id, p.period, sum(minutes)::bigint as minutes
              from changed, lateral (values ('all'), (left(month, 4))) p (period)
             where is_visible is null
             group by volunteer_id, p.period) change,
           lateral (
               select coalesce(sum(l.minutes), 0)::bigint as minutes from leaderboard l
                where l.bank_id = $1 and l.volunteer_id = change.volunteer_id
                  and change.period in ('all', left(l.period, 4))
               offset 0
           ) held
), shown as (
    insert into leaderboard as board (bank_id, period, volunteer_id, minutes, position, is_visible)
    select $1, period, volunteer_id, sum(minutes), max(position), true
      from (select c.position, c.volunteer_id, p.period, sum(c.minutes) as minutes
              from counted c, lateral (values ('all'), (left(c.month, 4))) p (period)
             where c.volunteer_id in (select volunteer_id from changed where is_visible)
             group by c.position, c.volunteer_id, p.period
            having sum(c.minutes) <> 0) change
     group by period, volunteer_id
        on conflict (bank_id, volunteer_id, period) do update
       set minutes = board.minutes + excluded.minutes, position = excluded.position
    returning new.period, coalesce(old.minutes, 0) as before, new.minutes as after
), moved as (
    select period, before, after, is_visible as was_visible, is_visible from months
    union all select period, before, after, false, false from hidden
    union all select period, before, after, true, true from shown
), {kept}

-- show_or_hide --
-- Who is shown has a row of all time, be it without minutes, and rows of years. What is in them is looked up in the log,
-- since months do not tell with which fact a year's minutes were reached.
with latest as materialized (
    select said.volunteer_id, said.is_visible
      from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic = 'consent-given' as is_visible
              from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
             where f.purpose = 'leaderboard'
             order by f.volunteer_id, e.position desc) said
           left join lateral (
               select l.is_visible from leaderboard l
                where l.bank_id = $1 and l.volunteer_id = said.volunteer_id and l.period = 'all'
               offset 0
           ) known on true
     where said.is_visible <> coalesce(known.is_visible, false)
), months as (
    update leaderboard l set is_visible = latest.is_visible
      from latest
     where l.bank_id = $1 and l.volunteer_id = latest.volunteer_id and length(l.period) = 7
    returning l.period, l.minutes, l.is_visible
), years as (
    insert into leaderboard (bank_id, period, volunteer_id, minutes, position, is_visible)
    select $1, period, volunteer_id, sum(minutes), max(position), true
      from (select latest.volunteer_id, 'all' as period, 0 as minutes, 0 as position
              from latest where latest.is_visible
             union all
            select latest.volunteer_id, p.period, sum(m.minutes), e.position
              from latest,
                   lateral (
                       select e.position, e.topic, convert_from(e.data, 'UTF8')::jsonb as data
                         from unnest(array['service-confirmed', 'service-corrected', 'service-voided']) of (topic),
                              event_tag t,
                              lateral (select * from event where bank_id = $1 and position = t.position offset 0) e
                        where t.bank_id = $1 and t.key = tag_key(latest.volunteer_id, of.topic) and t.position <= $3
                          and e.topic = of.topic
                       offset 0
                   ) e, {said},
                   lateral (values ('all'), (to_char(m.local_date, 'YYYY'))) p (period)
             where latest.is_visible and f.volunteer_id = latest.volunteer_id and {counts}
             group by latest.volunteer_id, p.period, e.position
            having sum(m.minutes) <> 0) change
     group by period, volunteer_id
    returning period, minutes
), gone as (
    delete from leaderboard l using latest
     where l.bank_id = $1 and l.volunteer_id = latest.volunteer_id and length(l.period) < 7 and not latest.is_visible
    returning l.period, l.minutes
), moved as (
    select period, minutes as before, minutes as after, not is_visible as was_visible, is_visible from months
    union all select period, minutes, minutes, false, true from years
    union all select period, minutes, minutes, true, false from gone
), {kept}

-- place --
select l.volunteer_id, l.minutes, l.position from leaderboard l

-- shown --
l.bank_id = $1 and l.period = $2 and l.is_visible and l.minutes > 0

-- ranked --
-- Of equals, who got there first stands first. $1 bank  $2 period  $3 minutes, $4 position and $5 volunteer of the place
-- before (or null)  $6 at most
select found.volunteer_id, found.minutes, found.position, p.key_id, p.sealed
  from ({place}
         where {shown} and ($3::bigint is null or (- l.minutes, l.position, l.volunteer_id) > (- $3::bigint, $4, $5))
         order by - l.minutes, l.position, l.volunteer_id limit $6) found
  left join person p on p.bank_id = $1 and p.volunteer_id = found.volunteer_id
 order by - found.minutes, found.position, found.volunteer_id

-- above --
-- The same the other way, nearest first: those who stand before a place.
select found.volunteer_id, found.minutes, found.position, p.key_id, p.sealed
  from ({place}
         where {shown} and (- l.minutes, l.position, l.volunteer_id) < (- $3::bigint, $4::bigint, $5::text)
         order by - l.minutes desc, l.position desc, l.volunteer_id desc limit $6) found
  left join person p on p.bank_id = $1 and p.volunteer_id = found.volunteer_id
 order by - found.minutes desc, found.position desc, found.volunteer_id desc

-- counted --
-- How many of those who are shown have more minutes, how many as many, and how many minutes the next have who have
-- more. $1 bank  $2 period  $3 minutes
select coalesce((select sum(s.people)
                   from generate_series(0, 3) level,
                        lateral (
                            select s.people from leaderboard_step s
                             where s.bank_id = $1 and s.period = $2 and s.level = level.level
                               and s.step > $3::bigint >> (6 * level.level)
                               and s.step < case level.level when 3 then 9223372036854775807
                                            else (($3::bigint >> (6 * (level.level + 1))) + 1) << 6 end
                        ) s), 0)::bigint as more,
       coalesce((select people from leaderboard_step
                  where bank_id = $1 and period = $2 and level = 0 and step = $3), 0) as as_many,
       (select l.minutes from leaderboard l
         where {shown} and - l.minutes < - $3::bigint
         order by - l.minutes desc limit 1) as next_minutes

-- own --
-- What somebody has in a period, and whether they are shown in any. $1 bank  $2 period  $3 volunteer
select coalesce(max(l.minutes) filter (where l.period = $2),
                sum(l.minutes) filter (where $2 in ('all', left(l.period, 4))), 0)::bigint as minutes,
       coalesce(max(l.position) filter (where l.period = $2),
                max(l.position) filter (where $2 in ('all', left(l.period, 4)))) as position,
       coalesce(bool_or(l.is_visible), false) as is_visible
  from leaderboard l
 where l.bank_id = $1 and l.volunteer_id = $3

-- totals --
-- $1 bank  $2 period
select minutes as total, hidden, hidden_minutes from leaderboard_total where bank_id = $1 and period = $2

-- cut_off --
-- $1 bank
select c.position, e.recorded_at from checkpoint c left join event e using (bank_id, position)
 where c.bank_id = $1 and c.projection = 'leaderboards'
