-- count_service --
-- A fact counts for the periods its local date lies in; a correction that leaves a period's minutes as they were does
-- not count as reaching them anew. $1 bank  $2 after  $3 until  $4 topics
insert into leaderboard as board (bank_id, period, volunteer_id, minutes, position, is_visible)
select $1, change.period, change.volunteer_id, sum(change.minutes), max(change.position),
       coalesce(bool_or(known.is_visible), false)
  from (select e.position, f.volunteer_id, p.period, sum(m.minutes) as minutes
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
               f (volunteer_id text, capacity text, minutes int, local_date date,
                  previous_capacity text, previous_minutes int, previous_local_date date),
               lateral (values (f.capacity, f.local_date,
                                case e.topic when 'service-voided' then -f.minutes else f.minutes end),
                               (f.previous_capacity, f.previous_local_date, -f.previous_minutes))
               m (capacity, local_date, minutes),
               lateral (values ('all'), (to_char(m.local_date, 'YYYY')), (to_char(m.local_date, 'YYYY-MM')))
               p (period)
         where m.minutes is not null and m.capacity <> 'staff-on-duty'
         group by e.position, f.volunteer_id, p.period
        having sum(m.minutes) <> 0) change
  left join leaderboard known
         on known.bank_id = $1 and known.volunteer_id = change.volunteer_id and known.period = 'all'
 group by change.period, change.volunteer_id
    on conflict (bank_id, volunteer_id, period) do update
   set minutes = board.minutes + excluded.minutes, position = excluded.position

-- know_person --
-- Somebody who consents before they have served is remembered in a row without minutes.
insert into leaderboard (bank_id, period, volunteer_id, minutes, position)
select distinct $1, 'all', f.volunteer_id, 0, 0
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
 where f.purpose = 'leaderboard'
    on conflict do nothing

-- show_or_hide --
update leaderboard l set is_visible = latest.topic = 'consent-given'
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
         where f.purpose = 'leaderboard'
         order by f.volunteer_id, e.position desc) latest
 where l.bank_id = $1 and l.volunteer_id = latest.volunteer_id

-- hold --
-- Before the snapshot is taken: a rebuild that swapped right after it would leave it a table without rows.
lock table leaderboard in access share mode

-- ranked --
-- Competition rank (1-2-2-4) among those who consented; of equals, who got there first stands first.
-- $1 bank  $2 period  $3 from this place on, counting from 0  $4 at most
select ranked.rank, ranked.volunteer_id, p.key_id, p.sealed, ranked.minutes as value
  from (select rank() over (order by minutes desc) as rank, volunteer_id, minutes, position
          from leaderboard
         where bank_id = $1 and period = $2 and is_visible and minutes > 0
         order by minutes desc, position, volunteer_id
        offset $3 limit $4) ranked
  left join person p on p.bank_id = $1 and p.volunteer_id = ranked.volunteer_id
 order by ranked.rank, ranked.position, ranked.volunteer_id

-- totals --
-- $1 bank  $2 period
select coalesce(sum(minutes), 0)::bigint as total, count(*) filter (where minutes > 0 and not is_visible) as hidden,
       coalesce(sum(minutes) filter (where not is_visible), 0)::bigint as hidden_minutes
  from leaderboard where bank_id = $1 and period = $2

-- cut_off --
-- $1 bank
select c.position, e.recorded_at from checkpoint c left join event e using (bank_id, position)
 where c.bank_id = $1 and c.projection = 'leaderboards'
