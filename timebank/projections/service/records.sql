-- confirmation --
c (minutes int, credited_minutes int, policy_version int, rules_applied jsonb, decided_by text, reason text)

-- confirmed --
status = 'confirmed', minutes = c.minutes, credited_minutes = c.credited_minutes,
           policy_version = coalesce(c.policy_version, 0), rules_applied = coalesce(c.rules_applied, '[]'),
           decided_by = c.decided_by, reason = c.reason

-- log --
-- What is confirmed, and not amended before in the same stretch, is confirmed here as well: of a record that is logged in
-- it, it is written once. $4 has these three topics.
-- What belongs together is found by grouping, which takes the same time whatever the planner thinks of the stretch;
-- `offset 0` has each fact read as JSON once.
with r as materialized (
    select e.data ->> 'record_id' as record_id,
           (array_agg(e.data) filter (where e.topic = 'service-logged'))[1] as logged,
           max(e.position) filter (where e.topic = 'service-logged') as position,
           case when not bool_or(e.topic = 'service-amended')
                then (array_agg(e.data) filter (where e.topic = 'service-confirmed'))[1] end as confirmed,
           max(e.position) filter (where e.topic = 'service-confirmed') as confirmed_at
      from (select * from facts_between($1, $2, $3, $4) offset 0) e
     group by e.data ->> 'record_id'
     order by e.data ->> 'record_id'
), logged_before as (
    update service_record s
       set {confirmed}, position = r.confirmed_at
      from r, jsonb_to_record(r.confirmed) {confirmation}
     where s.bank_id = $1 and s.record_id = r.record_id and r.logged is null and r.confirmed is not null
)
insert into service_record (bank_id, record_id, volunteer_id, organisation_id, recorder_id, activity, category,
                            capacity, started_at, ended_at, minutes, local_date, is_late, place, content,
                            programmes, person_in_charge_id, activity_id, is_subsidised, team_id, status,
                            credited_minutes, policy_version, rules_applied, decided_by, reason, position,
                            logged_position)
select $1, f.record_id, f.volunteer_id, f.organisation_id, f.recorder_id, f.activity, f.category,
       f.capacity, f.started_at, f.ended_at, coalesce(c.minutes, f.minutes), f.local_date, coalesce(f.is_late, false),
       f.place, f.content, coalesce(f.programmes, '{}'), f.person_in_charge_id, f.activity_id,
       coalesce(f.is_subsidised, false), f.team_id,
       case when c.minutes is null then 'logged' else 'confirmed' end,
       coalesce(c.credited_minutes, 0), coalesce(c.policy_version, 0), coalesce(c.rules_applied, '[]'),
       c.decided_by, c.reason, case when c.minutes is null then r.position else r.confirmed_at end, r.position
  from r,
       jsonb_to_record(r.logged)
       f (record_id text, volunteer_id text, organisation_id text, recorder_id text, activity text, category text,
          capacity text, started_at timestamptz, ended_at timestamptz, minutes int, local_date date, is_late boolean,
          place text, content text, programmes text[], person_in_charge_id text, activity_id text,
          is_subsidised boolean, team_id text),
       jsonb_to_record(coalesce(r.confirmed, '{}'))
       {confirmation}
 where r.logged is not null

-- amend --
update service_record r
   set activity = f.activity, category = f.category, capacity = f.capacity, started_at = f.started_at,
       ended_at = f.ended_at, minutes = f.minutes, local_date = f.local_date,
       is_late = coalesce(f.is_late, false), place = f.place, content = f.content,
       programmes = coalesce(f.programmes, '{}'),
       person_in_charge_id = f.person_in_charge_id, position = f.position
  from (select distinct on (f.record_id) f.*, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                        f (record_id text, activity text, category text, capacity text, started_at timestamptz,
                           ended_at timestamptz, minutes int, local_date date, is_late boolean, place text,
                           content text, programmes text[], person_in_charge_id text)
         order by f.record_id, e.position desc) f
 where r.bank_id = $1 and r.record_id = f.record_id

-- name_team --
-- In whose name it is, where that was put right: as whichever fact of the stretch names a team last.
update service_record r
   set team_id = f.team_id
  from (select distinct on (f.record_id) f.record_id, f.team_id
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, team_id text)
         where e.data ?| array['team_id', 'previous_team_id']
         order by f.record_id, e.position desc) f
 where r.bank_id = $1 and r.record_id = f.record_id

-- mark --
-- Whether an allowance is paid for it, as whichever fact of the stretch says so last.
update service_record r
   set is_subsidised = f.is_subsidised
  from (select distinct on (f.record_id) f.record_id, f.is_subsidised
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, is_subsidised boolean)
         where e.data ? 'is_subsidised' and f.is_subsidised is not null
         order by f.record_id, e.position desc) f
 where r.bank_id = $1 and r.record_id = f.record_id

-- withdraw --
update service_record r
   set status = 'withdrawn', decided_by = f.withdrawn_by, reason = f.reason, position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, withdrawn_by text, reason text)
 where r.bank_id = $1 and r.record_id = f.record_id

-- confirm --
-- What was amended before in the same stretch, which `log` has left as it is. $4 is of amendments.
update service_record s
   set {confirmed}, position = e.position
  from facts_between($1, $2, $3, $4 || array['service-confirmed']) e, jsonb_to_record(e.data) {confirmation}
 where e.topic = 'service-confirmed' and s.bank_id = $1 and s.record_id = e.data ->> 'record_id'
   and s.position < e.position

-- reject --
update service_record r
   set status = 'rejected', decided_by = f.decided_by, reason = f.reason, position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, decided_by text, reason text)
 where r.bank_id = $1 and r.record_id = f.record_id

-- correct --
update service_record r
   set status = 'corrected', activity = f.activity, category = f.category, capacity = f.capacity,
       started_at = f.started_at, ended_at = f.ended_at, minutes = f.minutes, local_date = f.local_date,
       place = f.place, content = f.content, programmes = coalesce(f.programmes, '{}'),
       person_in_charge_id = f.person_in_charge_id, credited_minutes = f.credited_minutes,
       policy_version = coalesce(f.policy_version, 0), rules_applied = coalesce(f.rules_applied, '[]'),
       decided_by = f.decided_by, reason = f.reason, position = f.position
  from (select distinct on (f.record_id) f.*, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                        f (record_id text, activity text, category text, capacity text, started_at timestamptz,
                           ended_at timestamptz, minutes int, local_date date, place text, content text,
                           programmes text[], person_in_charge_id text, credited_minutes int, policy_version int, rules_applied jsonb,
                           decided_by text, reason text)
         order by f.record_id, e.position desc) f
 where r.bank_id = $1 and r.record_id = f.record_id

-- void --
update service_record r
   set status = 'voided', credited_minutes = 0, rules_applied = '[]', decided_by = f.decided_by, reason = f.reason,
       position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (record_id text, decided_by text, reason text)
 where r.bank_id = $1 and r.record_id = f.record_id

-- names_of --
-- What was done. $1 bank  $2 records
select record_id, activity from service_record where bank_id = $1 and record_id = any ($2)

-- view --
select record_id, volunteer_id, organisation_id, recorder_id, activity, category, capacity, started_at, ended_at,
       minutes, local_date, is_late, place, content, programmes, person_in_charge_id, activity_id, is_subsidised, team_id,
       status, credited_minutes, policy_version, rules_applied, decided_by, reason, position, logged_position
  from service_record

-- one --
-- $1 bank  $2 record
{view}
 where bank_id = $1 and record_id = $2

-- wanted --
-- $1 bank  $2 volunteer or null  $3 organisations or null  $4 statuses or null  $5 from day or null  $6 until day or null
-- $7 only late ones or others (null: both). A single status is asked for as such, for that leaves the order of its index.
-- (`case` hides from the planner that an identifier and its key say the same.)
bank_id = $1
   and ($2::text is null
        or key_in(bank_id, volunteer_id) = key_in($1, $2) and case volunteer_id when $2 then 1 else 0 end <> 0)
   and ($3::text[] is null or organisation_id = any ($3))
   and ($4::text[] is null or case when cardinality($4) = 1 then status = $4[1] else status = any ($4) end)
   and ($5::date is null or local_date >= $5) and ($6::date is null or local_date <= $6)
   and ($7::boolean is null or is_late = $7)

-- place --
-- Where a record is among those logged. $1 bank  $2 record
select logged_position from service_record where bank_id = $1 and record_id = $2

-- at_body --
key_in(bank_id, organisation_id) = key_in($1, served.at) and case organisation_id when served.at then 1 else 0 end <> 0

-- newest --
-- Latest entry first. $1 to $7 as wanted  $8 before this place or null  $9 at most
{view}
 where {wanted} and ($8::bigint is null or logged_position < $8)
 order by logged_position desc limit $9

-- oldest --
-- First entry first. $1 to $7 as wanted  $8 after this place or null  $9 at most
{view}
 where {wanted} and ($8::bigint is null or logged_position > $8)
 order by logged_position limit $9

-- newest_of --
-- Those of some organisations, each by its own index.
select r.*
  from unnest($3::text[]) served (at),
       lateral (
           {view}
            where {wanted} and {at_body} and ($8::bigint is null or logged_position < $8)
            order by logged_position desc limit $9
       ) r
 order by logged_position desc limit $9

-- oldest_of --
select r.*
  from unnest($3::text[]) served (at),
       lateral (
           {view}
            where {wanted} and {at_body} and ($8::bigint is null or logged_position > $8)
            order by logged_position limit $9
       ) r
 order by logged_position limit $9

-- latest_day --
-- By the day they count for, the latest first. $1 to $7 as wanted  $8 before this place or null  $9 at most
-- $10 the day of that record
{view}
 where {wanted} and ($8::bigint is null or (local_date, logged_position) < ($10::date, $8))
 order by local_date desc, logged_position desc limit $9

-- earliest_day --
{view}
 where {wanted} and ($8::bigint is null or (local_date, logged_position) > ($10::date, $8))
 order by local_date, logged_position limit $9

-- latest_day_of --
select r.*
  from unnest($3::text[]) served (at),
       lateral (
           {view}
            where {wanted} and {at_body}
              and ($8::bigint is null or (local_date, logged_position) < ($10::date, $8))
            order by local_date desc, logged_position desc limit $9
       ) r
 order by local_date desc, logged_position desc limit $9

-- earliest_day_of --
select r.*
  from unnest($3::text[]) served (at),
       lateral (
           {view}
            where {wanted} and {at_body}
              and ($8::bigint is null or (local_date, logged_position) > ($10::date, $8))
            order by local_date, logged_position limit $9
       ) r
 order by local_date, logged_position limit $9

-- sums --
count(distinct r.volunteer_id) as people, count(*) as records, coalesce(sum(r.minutes), 0)::bigint as minutes,
       coalesce(sum(r.minutes) filter (where r.capacity = 'staff-on-duty'), 0)::bigint as duty_minutes,
       coalesce(sum(r.credited_minutes), 0)::bigint as credited_minutes

-- divided --
select organisation_id, volunteer_id, capacity, minutes, credited_minutes,
       to_char(local_date, 'YYYY-MM') as month, case $8::text when 'category' then category end as category,
       case $8::text when 'programme' then array(select unnest(programmes) order by 1) end as programmes
  from service_record

-- parts_of_totals --
-- What was kept of a period, with months divided further: of the next organisations no more are counted than fit on the
-- page. $1 bank  $2 period  $3 its first and $4 its last month  $5 after this organisation, $6 month and $7 part
-- $8 category or programme  $9 at most
with recursive body as (
    (select organisation_id from service_total
      where bank_id = $1 and organisation_id > '' and organisation_id >= $5 and period between $3 and $4
      order by organisation_id limit 1)
    union all
    select (select t.organisation_id from service_total t
             where t.bank_id = $1 and t.organisation_id > body.organisation_id and t.period between $3 and $4
             order by t.organisation_id limit 1)
      from body where body.organisation_id is not null
)
select null as organisation_id, null as month, null as category, null::text[] as programmes, null::bigint as part,
       people, records, minutes, duty_minutes, credited_minutes
  from service_total where bank_id = $1 and organisation_id = '' and period = $2
union all
(select f.*
   from body,
        lateral (
            select p.*
              from (select r.organisation_id, r.month, r.category, r.programmes,
                           row_number() over (partition by r.month order by r.category, r.programmes) as part, {sums}
                      from ({divided}
                             where bank_id = $1 and key_in(bank_id, organisation_id) = key_in($1, body.organisation_id)
                               and case organisation_id when body.organisation_id then 1 else 0 end <> 0
                               and status in ('confirmed', 'corrected')
                               and case $2 when 'all' then true
                                   else local_date between to_date($3, 'YYYY-MM') and to_date($4, 'YYYY-MM') + 30 end) r
                     where r.month between $3 and $4
                     group by r.organisation_id, r.month, r.category, r.programmes) p
             where (p.organisation_id, p.month, p.part) > ($5, $6, $7::bigint)
             order by p.month, p.part limit $9
        ) f
  limit $9)

-- figures --
-- What records come to, by organisation and month and, if so wanted, category or programmes: the whole, then the next.
-- $1 to $7 as wanted  $8 month, category or programme  $9 after this organisation, $10 month and $11 part  $12 at most
-- $13 volunteers or null
select f.*
  from (select r.organisation_id, r.month, r.category, r.programmes,
               row_number() over (partition by grouping(r.organisation_id), r.organisation_id, r.month
                                  order by r.category, r.programmes) as part, {sums}
          from ({divided} where {wanted}
                 and ($13::text[] is null
                      or key_in(bank_id, volunteer_id) = any (keys_in($1, $13)) and volunteer_id = any ($13))
                 and ($3::text[] is null or key_in(bank_id, organisation_id) = any (keys_in($1, $3)))) r
         group by grouping sets ((r.organisation_id, r.month, r.category, r.programmes), ())) f
 where f.organisation_id is null or (f.organisation_id, f.month, f.part) > ($9, $10, $11::bigint)
 order by f.organisation_id nulls first, f.month, f.part limit $12

-- of_activity --
-- What waits of an activity. $1 bank  $2 activity  $3 at most
select record_id from service_record
 where bank_id = $1 and activity_id = $2 and status = 'logged'
 order by record_id limit $3

-- of_team --
-- What confirmed service in the name of a team comes to, by month; the whole comes last.
-- $1 bank  $2 team  $3 from day or null  $4 until day or null
select to_char(local_date, 'YYYY-MM') as month, count(distinct volunteer_id) as people, count(*) as records,
       coalesce(sum(minutes), 0)::bigint as minutes
  from service_record
 where bank_id = $1 and team_id = $2 and status in ('confirmed', 'corrected') and capacity <> 'staff-on-duty'
   and ($3::date is null or local_date >= $3) and ($4::date is null or local_date <= $4)
 group by rollup (1) order by 1
