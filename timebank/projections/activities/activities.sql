-- plan --
insert into activity (bank_id, activity_id, organisation_id, status, name, category, content, place, node_id, starts_at,
                      ends_at, seats, skills, programmes, leader_id, open_to, is_insured, signs_out, team_id, position)
select $1, f.activity_id, f.organisation_id, 'planned', p.name, p.category, p.content, p.place, p.node_id, p.starts_at,
       p.ends_at, p.seats, coalesce(p.skills, '{}'), coalesce(p.programmes, '{}'), p.leader_id,
       coalesce(p.open_to, 'everybody'), coalesce(p.is_insured, false), coalesce(p.signs_out, true), p.team_id, e.position
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data) f (activity_id text, organisation_id text, plan jsonb),
       jsonb_to_record(f.plan)
       p (name text, category text, content text, place text, node_id text, starts_at timestamptz, ends_at timestamptz,
          seats int, skills text[], programmes text[], leader_id text, open_to text, is_insured boolean,
          signs_out boolean, team_id text)

-- change --
update activity a
   set name = p.name, category = p.category, content = p.content, place = p.place, node_id = p.node_id,
       starts_at = p.starts_at, ends_at = p.ends_at, seats = p.seats, skills = coalesce(p.skills, '{}'),
       programmes = coalesce(p.programmes, '{}'), leader_id = p.leader_id,
       open_to = coalesce(p.open_to, 'everybody'), is_insured = coalesce(p.is_insured, false),
       signs_out = coalesce(p.signs_out, true), team_id = p.team_id, position = greatest(a.position, f.position)
  from (select distinct on (f.activity_id) f.activity_id, f.plan, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (activity_id text, plan jsonb)
         order by f.activity_id, e.position desc) f,
       jsonb_to_record(f.plan)
       p (name text, category text, content text, place text, node_id text, starts_at timestamptz, ends_at timestamptz,
          seats int, skills text[], programmes text[], leader_id text, open_to text, is_insured boolean,
          signs_out boolean, team_id text)
 where a.bank_id = $1 and a.activity_id = f.activity_id

-- is_known --
-- $1 bank  $2 activity
select true
  from (select position from event_tag where bank_id = $1 and key = tag_key($2, 'activity-planned') offset 0) t,
       lateral (select topic, tags from event where bank_id = $1 and position = t.position offset 0) e
 where e.topic = 'activity-planned' and $2 = any (e.tags)
 limit 1

-- names_of --
-- $1 bank  $2 activities
select activity_id, name from activity where bank_id = $1 and activity_id = any ($2)

-- publish --
update activity a set status = 'published', position = greatest(a.position, e.position)
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (activity_id text)
 where a.bank_id = $1 and a.activity_id = f.activity_id

-- cancel --
update activity a set status = 'cancelled', reason = f.reason, position = greatest(a.position, e.position)
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (activity_id text, reason text)
 where a.bank_id = $1 and a.activity_id = f.activity_id

-- close --
update activity a set status = 'closed', position = greatest(a.position, e.position)
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (activity_id text)
 where a.bank_id = $1 and a.activity_id = f.activity_id

-- sign_up --
-- Of several facts about one person the last counts. How many signed up, or wait, is kept with the activity.
with made as (
    select distinct on (f.activity_id, f.volunteer_id) f.activity_id, f.volunteer_id,
           f.made_by = f.volunteer_id as is_own
      from facts_between($1, $2, $3, $4) e,
           jsonb_to_record(e.data) f (activity_id text, volunteer_id text, made_by text)
     where e.topic = 'sign-up-made'
     order by f.activity_id, f.volunteer_id, e.position desc
), moved as (
    insert into sign_up (bank_id, activity_id, volunteer_id, status, position, is_own)
    select distinct on (f.activity_id, f.volunteer_id) $1, f.activity_id, f.volunteer_id,
           case e.topic when 'sign-up-withdrawn' then 'withdrawn' when 'sign-up-moved-up' then 'signed-up'
                else case when f.is_waiting then 'waiting' else 'signed-up' end end,
           e.position, made.is_own
      from facts_between($1, $2, $3, $4) e,
           jsonb_to_record(e.data) f (activity_id text, volunteer_id text, is_waiting boolean)
           left join made using (activity_id, volunteer_id)
     order by f.activity_id, f.volunteer_id, e.position desc
        on conflict (bank_id, activity_id, volunteer_id) do update
       set status = excluded.status, position = excluded.position, is_own = coalesce(excluded.is_own, sign_up.is_own)
    returning new.activity_id, new.status as status, coalesce(old.status, '') as before
)
update activity a set signed_up = a.signed_up + m.signed_up, waiting = a.waiting + m.waiting
  from (select activity_id, sum((status = 'signed-up')::int - (before = 'signed-up')::int) as signed_up,
               sum((status = 'waiting')::int - (before = 'waiting')::int) as waiting
          from moved group by activity_id) m
 where a.bank_id = $1 and a.activity_id = m.activity_id and (m.signed_up, m.waiting) <> (0, 0)

-- check_in --
insert into presence (bank_id, activity_id, volunteer_id, since, proof_in, is_taken_in_later)
select $1, f.activity_id, f.volunteer_id, f.moment, f.proof, coalesce(f.is_taken_in_later, false)
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data)
       f (activity_id text, volunteer_id text, moment timestamptz, proof text, is_taken_in_later boolean)

-- check_out --
update presence p
   set until = f.moment, proof_out = f.proof,
       is_taken_in_later = p.is_taken_in_later or coalesce(f.is_taken_in_later, false)
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data)
       f (activity_id text, volunteer_id text, since timestamptz, moment timestamptz, proof text,
          is_taken_in_later boolean)
 where p.bank_id = $1 and p.activity_id = f.activity_id and p.volunteer_id = f.volunteer_id and p.since = f.since

-- seen --
select a.activity_id, a.organisation_id, a.status, a.name, a.category, a.content, a.place, a.node_id, a.starts_at,
       a.ends_at, a.seats, a.skills, a.programmes, a.leader_id, a.open_to, a.is_insured, a.signs_out, a.team_id,
       a.reason, a.position, a.signed_up, a.waiting,
       (select s.status from sign_up s
         where s.bank_id = a.bank_id and s.activity_id = a.activity_id and s.volunteer_id = $2) as own_status,
       h.since as own_since, h.until as own_until
  from activity a
  left join lateral (select p.since, p.until from presence p
                      where p.bank_id = a.bank_id and p.activity_id = a.activity_id and p.volunteer_id = $2
                      order by p.since desc limit 1) h on true
 where a.bank_id = $1

-- one --
-- $1 bank  $2 whoever asks  $3 activity
{seen} and a.activity_id = $3

-- of_organisation --
-- All of an organisation's, planned ones among them, the latest plan first.
-- $1 bank  $2 whoever asks  $3 organisation  $4 before this activity or null  $5 at most
{seen} and a.organisation_id = $3 and ($4::text is null or a.activity_id < $4)
 order by a.activity_id desc limit $5

-- open_ones --
-- What is published and not over, what starts first first; none lasts longer than a day. $1 bank  $2 whoever asks  $3 now
-- $4 start and $5 id of the last one of the page before, or null  $6 at most
{seen} and a.status = 'published' and a.ends_at > $3 and a.starts_at > $3 - interval '24 hours'
   and ($4::timestamptz is null or (a.starts_at, a.activity_id) > ($4, $5::text))
 order by a.starts_at, a.activity_id limit $6

-- open_near --
-- The same, at some places. $1 bank  $2 whoever asks  $3 now  $4, $5 as there  $6 at most  $7 nodes
{seen} and a.status = 'published' and a.ends_at > $3 and a.starts_at > $3 - interval '24 hours'
   and a.node_id = any ($7)
   and ($4::timestamptz is null or (a.starts_at, a.activity_id) > ($4, $5::text))
 order by a.starts_at, a.activity_id limit $6

-- own --
-- What somebody signed up for, or waits for, the latest first. $1 bank  $2 volunteer  $3 before this activity or null
-- $4 at most
{seen}
   and a.activity_id in (select s.activity_id from sign_up s
                          where s.bank_id = $1 and s.volunteer_id = $2 and s.status <> 'withdrawn')
   and ($3::text is null or a.activity_id < $3)
 order by a.activity_id desc limit $4

-- roll --
-- Who signed up, in that order, with when they came and left. $1 bank  $2 activity
-- Each is looked up by itself (`offset 0`): where PostgreSQL does not know yet how many came, it would compare each who
-- signed up with all who did.
select s.volunteer_id, s.status, p.since, p.until, p.proof_in, p.proof_out, coalesce(p.is_taken_in_later, false)
       as is_taken_in_later, coalesce(s.is_own, true) as is_own
  from sign_up s
       left join lateral (
           select * from presence
            where bank_id = $1 and activity_id = $2 and volunteer_id = s.volunteer_id
           offset 0
       ) p on true
 where s.bank_id = $1 and s.activity_id = $2 and s.status <> 'withdrawn'
 order by s.position, p.since
