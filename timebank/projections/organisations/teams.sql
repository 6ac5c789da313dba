-- found --
-- Of several facts about one team the last counts: a group is founded after it was proposed.
insert into team (bank_id, team_id, organisation_id, name, status, is_guided, proposed_by, from_day)
select distinct on (f.team_id) $1, f.team_id, f.organisation_id, f.name,
       case e.topic when 'team-proposed' then 'proposed' else 'active' end,
       e.topic = 'team-proposed' or coalesce(f.is_guided, false), f.volunteer_id, f.from_day
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (team_id text, organisation_id text, name text, is_guided boolean, volunteer_id text, from_day date)
 order by f.team_id, e.position desc
    on conflict (bank_id, team_id) do update
   set name = excluded.name, status = excluded.status, from_day = excluded.from_day

-- rename --
update team t set name = f.name
  from (select distinct on (f.team_id) f.team_id, f.name
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (team_id text, name text)
         order by f.team_id, e.position desc) f
 where t.bank_id = $1 and t.team_id = f.team_id

-- close --
update team t
   set status = case e.topic when 'team-declined' then 'declined' else 'dissolved' end, last_day = f.on_day,
       reason = f.reason
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (team_id text, on_day date, reason text)
 where t.bank_id = $1 and t.team_id = f.team_id

-- name_captain --
insert into captaincy (bank_id, team_id, position, volunteer_id, from_day, until_day)
select $1, f.team_id, e.position, f.volunteer_id, f.from_day, f.until_day
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (team_id text, volunteer_id text, from_day date, until_day date)

-- set_shift --
insert into shift (bank_id, shift_id, team_id, organisation_id, volunteer_id, from_day, until_day, from_minute, minutes,
                   position)
select $1, f.shift_id, f.team_id, f.organisation_id, f.volunteer_id, f.from_day, f.until_day, f.from_minute, f.minutes,
       e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (shift_id text, team_id text, organisation_id text, volunteer_id text, from_day date, until_day date,
                   from_minute int, minutes int)

-- end_shift --
delete from shift s
 using facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (shift_id text)
 where s.bank_id = $1 and s.shift_id = f.shift_id

-- leave_captaincy --
update captaincy c set has_left = true
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (team_id text, volunteer_id text)
 where c.bank_id = $1 and c.team_id = f.team_id and c.volunteer_id = f.volunteer_id and c.position < e.position

-- leave_shifts --
delete from shift s
 using facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (team_id text, volunteer_id text)
 where s.bank_id = $1 and s.team_id = f.team_id and s.volunteer_id = f.volunteer_id and s.position < e.position

-- member --
-- Of several facts about one person in a team the last counts.
insert into team_member (bank_id, team_id, volunteer_id, organisation_id, status)
select distinct on (f.team_id, f.volunteer_id) $1, f.team_id, f.volunteer_id, f.organisation_id,
       case e.topic when 'team-member-left' then 'left' when 'team-member-joined' then 'joined'
            else case when f.is_invited then 'invited' else 'requested' end end
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (team_id text, volunteer_id text, organisation_id text, is_invited boolean)
 order by f.team_id, f.volunteer_id, e.position desc
    on conflict (bank_id, team_id, volunteer_id) do update set status = excluded.status

-- count --
-- How many belong to the teams that somebody joined or left.
update team t
   set members = (select count(*) from team_member m
                   where m.bank_id = t.bank_id and m.team_id = t.team_id and m.status = 'joined')
 where t.bank_id = $1
   and t.team_id in (select f.team_id
                       from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (team_id text))

-- seen --
-- $1 bank  $2 today
select t.team_id, t.organisation_id, t.name, t.status, t.is_guided, t.proposed_by, t.from_day, t.last_day, t.reason,
       (select case when not c.has_left then c.volunteer_id end
          from captaincy c
         where c.bank_id = t.bank_id and c.team_id = t.team_id and c.from_day <= $2
           and $2 <= coalesce(c.until_day, $2)
         order by c.position desc limit 1) as captain_id,
       t.members
  from team t

-- one --
-- $1 bank  $2 today  $3 team
{seen} where t.bank_id = $1 and t.team_id = $3

-- names_of --
-- $1 bank  $2 teams
select team_id, name from team where bank_id = $1 and team_id = any ($2)

-- page --
-- All of an organisation's, dissolved ones as well. $1 bank  $2 today  $3 organisation  $4 after this team  $5 at most
{seen} where t.bank_id = $1 and t.organisation_id = $3 and t.team_id > $4
 order by t.team_id limit $5

-- members --
-- Who belongs to a team, asks to or is asked to. $1 bank  $2 team  $3 after this person  $4 at most
select team_id, organisation_id, volunteer_id, status from team_member
 where bank_id = $1 and team_id = $2 and status <> 'left' and volunteer_id > $3
 order by volunteer_id limit $4

-- of_volunteer --
-- $1 bank  $2 volunteer
select m.team_id, m.organisation_id, m.volunteer_id, m.status, t.name
  from team_member m join team t using (bank_id, team_id)
 where m.bank_id = $1 and m.volunteer_id = $2
 order by m.team_id

-- joined --
-- The teams that somebody belongs to on a day; those of an organisation itself have its members of that day only.
-- $1 bank  $2 volunteer  $3 day
select m.team_id
  from team_member m join team t using (bank_id, team_id)
 where m.bank_id = $1 and m.volunteer_id = $2 and m.status = 'joined'
   and (t.is_guided
        or exists (select from membership s
                    where s.bank_id = m.bank_id and s.organisation_id = m.organisation_id
                      and s.volunteer_id = m.volunteer_id and s.status = 'approved'
                      and coalesce(s.valid_from <= $3, true) and coalesce($3 <= s.valid_until, true)))

-- shift_view --
select shift_id, team_id, organisation_id, volunteer_id, from_day, until_day, from_minute, minutes from shift

-- rota --
-- The shifts of a team that are not over on a day, or only those that start then.
-- $1 bank  $2 team  $3 day  $4 only on it  $5 after this shift  $6 at most
{shift_view}
 where bank_id = $1 and team_id = $2 and coalesce(until_day, 'infinity'::date) >= $3
   and (not $4 or from_day <= $3 and ($3 - from_day) % 7 = 0) and shift_id > $5
 order by shift_id limit $6

-- own_shifts --
-- $1 bank  $2 volunteer  $3 today
{shift_view} where bank_id = $1 and volunteer_id = $2 and coalesce(until_day, 'infinity'::date) >= $3
 order by from_day, shift_id
