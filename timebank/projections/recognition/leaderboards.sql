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

-- count_service --
-- A fact counts for the periods its local date lies in; a correction that leaves a period's minutes as they were does
-- not count as reaching them anew. `offset 0` leaves no plan but one probe a fact, however large the board is. $1 bank  $2 after  $3 until  $4 topics
with moved as (
    insert into leaderboard as board (bank_id, period, volunteer_id, minutes, position, is_visible)
    select $1, change.period, change.volunteer_id, sum(change.minutes), max(change.position),
           coalesce(bool_or(change.is_visible), false)
      from (select e.position, f.volunteer_id, p.period, sum(m.minutes) as minutes, bool_or(known.is_visible) as is_visible
              from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                   f (volunteer_id text, capacity text, minutes int, local_date date,
                      previous_capacity text, previous_minutes int, previous_local_date date)
                   left join lateral (
                       select l.is_visible from leaderboard l
                        where l.bank_id = $1 and l.volunteer_id = f.volunteer_id and l.period = 'all'
                       offset 0
                   ) known on true,
                   lateral (values (f.capacity, f.local_date,
                                    case e.topic when 'service-voided' then -f.minutes else f.minutes end),
                                   (f.previous_capacity, f.previous_local_date, -f.previous_minutes))
                   m (capacity, local_date, minutes),
                   lateral (values ('all'), (to_char(m.local_date, 'YYYY')), (to_char(m.local_date, 'YYYY-MM')))
                   p (period)
             where m.minutes is not null and m.capacity <> 'staff-on-duty'
             group by e.position, f.volunteer_id, p.period
            having sum(m.minutes) <> 0) change
     group by change.period, change.volunteer_id
        on conflict (bank_id, volunteer_id, period) do update
       set minutes = board.minutes + excluded.minutes, position = excluded.position
    returning new.period, coalesce(old.minutes, 0) as before, new.minutes as after,
              coalesce(old.is_visible, false) as was_visible, new.is_visible
), {kept}

-- know_person --
-- Somebody who consents before they have served is remembered in a row without minutes.
insert into leaderboard (bank_id, period, volunteer_id, minutes, position)
select distinct $1, 'all', f.volunteer_id, 0, 0
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
 where f.purpose = 'leaderboard'
    on conflict do nothing

-- show_or_hide --
with moved as (
    update leaderboard l set is_visible = latest.topic = 'consent-given'
      from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
              from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
             where f.purpose = 'leaderboard'
             order by f.volunteer_id, e.position desc) latest
     where l.bank_id = $1 and l.volunteer_id = latest.volunteer_id
       and l.is_visible <> (latest.topic = 'consent-given')
    returning new.period, new.minutes as before, new.minutes as after, old.is_visible as was_visible, new.is_visible
), {kept}

-- hold --
-- Before the snapshot is taken: a rebuild that swapped right after it would leave it a table without rows.
lock table leaderboard, leaderboard_total, leaderboard_step in access share mode

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
select coalesce(l.minutes, 0) as minutes, l.position, coalesce(known.is_visible, false) as is_visible
  from (select $3::text as volunteer_id) who
  left join leaderboard l on l.bank_id = $1 and l.period = $2 and l.volunteer_id = who.volunteer_id
  left join leaderboard known on known.bank_id = $1 and known.period = 'all' and known.volunteer_id = who.volunteer_id

-- totals --
-- $1 bank  $2 period
select minutes as total, hidden, hidden_minutes from leaderboard_total where bank_id = $1 and period = $2

-- cut_off --
-- $1 bank
select c.position, e.recorded_at from checkpoint c left join event e using (bank_id, position)
 where c.bank_id = $1 and c.projection = 'leaderboards'
