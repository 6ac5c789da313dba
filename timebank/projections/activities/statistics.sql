-- remember_activities --
-- The local month in which it is to be, and for how many. Of several plans the last counts.
insert into uncounted (bank_id, id, month, seats)
select distinct on (f.activity_id) $1, f.activity_id, {month_of_start}, p.seats
  from facts_between($1, $2, $3, $4) e, bank b, jsonb_to_record(e.data) f (activity_id text, plan jsonb),
       jsonb_to_record(f.plan) p (starts_at timestamptz, seats int)
 where b.bank_id = $1
 order by f.activity_id, e.position desc
    on conflict (bank_id, id) do update set month = excluded.month, seats = excluded.seats

-- month_of_start --
date_trunc('month', p.starts_at at time zone b.timezone)::date

-- remember_proposals --
insert into uncounted (bank_id, id, month)
select $1, f.proposal_id, {month_of_start}
  from facts_between($1, $2, $3, $4) e, bank b,
       jsonb_to_record(e.data) f (proposal_id text, started_at timestamptz),
       lateral (select f.started_at as starts_at) p
 where b.bank_id = $1

-- remember_teams --
-- In the name of which team a record is. What puts a record right says something where that is another one, or none: the
-- last that is said counts.
insert into marked_record (bank_id, record_id, team_id, is_subsidised)
select distinct on (f.record_id) $1, f.record_id, f.team_id, false
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, team_id text, previous_team_id text)
 where e.data ?| array['team_id', 'previous_team_id'] and (f.team_id is not null or f.previous_team_id is not null)
 order by f.record_id, e.position desc
    on conflict (bank_id, record_id) do update set team_id = excluded.team_id

-- remember_allowances --
-- Whether an allowance is paid for a record, where it is said: the last that is said counts.
insert into marked_record (bank_id, record_id, is_subsidised)
select distinct on (f.record_id) $1, f.record_id, f.is_subsidised
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, is_subsidised boolean)
 where e.data ? 'is_subsidised' and f.is_subsidised is not null
 order by f.record_id, e.position desc
    on conflict (bank_id, record_id) do update set is_subsidised = excluded.is_subsidised

-- count_activities --
-- Whoever has a seat when an activity is closed was there, or did not come.
insert into organisation_month as known
       (bank_id, organisation_id, month, held, cancelled, places, without_limit, signed_up, present, absent)
select $1, o.organisation_id, u.month, count(*) filter (where c.is_closed), count(*) filter (where not c.is_closed),
       coalesce(sum(u.seats) filter (where c.is_closed), 0), count(*) filter (where c.is_closed and u.seats is null),
       sum(c.present + c.absent), sum(c.present), sum(c.absent)
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data)
       f (activity_id text, organisation_id text, present text[], absent text[], unclosed text[], "left" text[]),
       lateral (select e.topic = 'activity-closed' as is_closed,
                       coalesce(cardinality(f.present), 0) + coalesce(cardinality(f.unclosed), 0)
                       + coalesce(cardinality(f."left"), 0) as present,
                       coalesce(cardinality(f.absent), 0) as absent) c,
       uncounted u, lateral (values (f.organisation_id), ('')) o (organisation_id)
 where u.bank_id = $1 and u.id = f.activity_id
 group by o.organisation_id, u.month
    on conflict (bank_id, organisation_id, month) do update
   set held = known.held + excluded.held, cancelled = known.cancelled + excluded.cancelled,
       places = known.places + excluded.places, without_limit = known.without_limit + excluded.without_limit,
       signed_up = known.signed_up + excluded.signed_up, present = known.present + excluded.present,
       absent = known.absent + excluded.absent

-- count_proposals --
insert into organisation_month as known (bank_id, organisation_id, month, taken_up, declined)
select $1, o.organisation_id, u.month, count(*) filter (where e.topic = 'proposal-taken-up'),
       count(*) filter (where e.topic = 'proposal-declined')
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (proposal_id text, organisation_id text),
       uncounted u, lateral (values (f.organisation_id), ('')) o (organisation_id)
 where u.bank_id = $1 and u.id = f.proposal_id
 group by o.organisation_id, u.month
    on conflict (bank_id, organisation_id, month) do update
   set taken_up = known.taken_up + excluded.taken_up, declined = known.declined + excluded.declined

-- forget --
-- What is counted, or never will be.
delete from uncounted u
 using facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (activity_id text, proposal_id text)
 where u.bank_id = $1 and u.id = coalesce(f.activity_id, f.proposal_id)

-- count_service --
-- Minutes by what they were: of residents, of staff off duty, or paid; and those that an allowance is paid for, or that
-- are in the name of a team, without what is paid. Of each team they are counted in the same go. A correction that names
-- another team than before, or none, says both; what comes after it in the stretch, until the next, is that team's. So
-- it is with one that says of an allowance what is new.
with named as materialized (
    select f.record_id, f.team_id, f.previous_team_id, e.position as since,
           coalesce(lead(e.position) over (partition by f.record_id order by e.position), $3 + 1) as until
      from facts_between($1, $2, $3, array['service-corrected']) e,
           jsonb_to_record(e.data) f (record_id text, team_id text, previous_team_id text)
     where e.data ?| array['team_id', 'previous_team_id']
), marked as materialized (
    select f.record_id, f.is_subsidised, e.position as since,
           coalesce(lead(e.position) over (partition by f.record_id order by e.position), $3 + 1) as until
      from facts_between($1, $2, $3, array['service-corrected']) e,
           jsonb_to_record(e.data) f (record_id text, is_subsidised boolean)
     where e.data ? 'is_subsidised' and f.is_subsidised is not null
), served as materialized (
    select f.organisation_id, date_trunc('month', m.local_date::timestamp)::date as month, m.capacity,
           case when n.record_id is null then r.team_id
                when n.since = e.position and m.is_previous then n.previous_team_id
                else n.team_id end as team_id,
           case when k.record_id is null then coalesce(r.is_subsidised, false)
                else k.is_subsidised <> (k.since = e.position and m.is_previous) end as is_subsidised, m.minutes
      from facts_between($1, $2, $3, $4) e
     cross join jsonb_to_record(e.data)
           f (record_id text, organisation_id text, capacity text, minutes int, local_date date,
              previous_capacity text, previous_minutes int, previous_local_date date)
     cross join lateral (values (false, f.capacity, f.local_date,
                                 case e.topic when 'service-voided' then -f.minutes else f.minutes end),
                                (true, f.previous_capacity, f.previous_local_date, -f.previous_minutes))
           m (is_previous, capacity, local_date, minutes)
      left join marked_record r on r.bank_id = $1 and r.record_id = f.record_id
      left join named n on n.record_id = f.record_id and e.position >= n.since and e.position < n.until
      left join marked k on k.record_id = f.record_id and e.position >= k.since and e.position < k.until
     where m.minutes is not null
), of_teams as (
    insert into team_month as known (bank_id, organisation_id, month, team_id, minutes)
    select $1, s.organisation_id, s.month, s.team_id, sum(s.minutes)
      from served s
     where s.team_id is not null and s.capacity <> 'staff-on-duty'
     group by s.organisation_id, s.month, s.team_id
        on conflict (bank_id, organisation_id, month, team_id) do update set minutes = known.minutes + excluded.minutes
)
insert into organisation_month as known
       (bank_id, organisation_id, month, resident_minutes, off_duty_minutes, duty_minutes, subsidised_minutes,
        team_minutes)
select $1, o.organisation_id, s.month, coalesce(sum(s.minutes) filter (where s.capacity = 'resident'), 0),
       coalesce(sum(s.minutes) filter (where s.capacity = 'staff-off-duty'), 0),
       coalesce(sum(s.minutes) filter (where s.capacity = 'staff-on-duty'), 0),
       coalesce(sum(s.minutes) filter (where s.is_subsidised and s.capacity <> 'staff-on-duty'), 0),
       coalesce(sum(s.minutes) filter (where s.team_id is not null and s.capacity <> 'staff-on-duty'), 0)
  from served s, lateral (values (s.organisation_id), ('')) o (organisation_id)
 group by o.organisation_id, s.month
    on conflict (bank_id, organisation_id, month) do update
   set resident_minutes = known.resident_minutes + excluded.resident_minutes,
       off_duty_minutes = known.off_duty_minutes + excluded.off_duty_minutes,
       duty_minutes = known.duty_minutes + excluded.duty_minutes,
       subsidised_minutes = known.subsidised_minutes + excluded.subsidised_minutes,
       team_minutes = known.team_minutes + excluded.team_minutes

-- months --
-- $1 bank  $2 organisation, or nothing for the whole bank  $3 first month or null  $4 last month or null
select to_char(month, 'YYYY-MM') as month, held, cancelled, places, without_limit, signed_up, present, absent, taken_up,
       declined, resident_minutes, off_duty_minutes, duty_minutes, subsidised_minutes, team_minutes
  from organisation_month
 where bank_id = $1 and organisation_id = $2 and ($3::date is null or month >= $3) and ($4::date is null or month <= $4)
 order by organisation_month.month

-- teams --
-- $1 bank  $2 organisation  $3 first month or null  $4 last month or null  $5 month and $6 team of the last one of the
-- page before, or null  $7 at most
select to_char(m.month, 'YYYY-MM') as month, m.organisation_id, m.team_id, m.minutes
  from team_month m
 where m.bank_id = $1 and m.organisation_id = $2 and m.minutes > 0
   and ($3::date is null or m.month >= $3) and ($4::date is null or m.month <= $4)
   and ($5::date is null or (m.month, m.team_id) > ($5, $6::text))
 order by m.month, m.team_id limit $7
