-- declare --
insert into employment (bank_id, employment_id, volunteer_id, organisation_id, kind, hours, from_day, until_day, position)
select $1, f.employment_id, f.volunteer_id, f.organisation_id, f.kind, f.hours, f.from_day, f.until_day, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (employment_id text, volunteer_id text, organisation_id text, kind text, hours jsonb, from_day date,
                   until_day date)

-- end --
-- Of several ends the last counts.
update employment m set until_day = f.until_day, position = greatest(m.position, f.position)
  from (select distinct on (f.employment_id) f.employment_id, f.until_day, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (employment_id text, until_day date)
         order by f.employment_id, e.position desc) f
 where m.bank_id = $1 and m.employment_id = f.employment_id

-- leave --
update employment m set leaves = m.leaves || f.leaves, position = greatest(m.position, f.position)
  from (select f.employment_id, max(e.position) as position,
               jsonb_agg(jsonb_build_object('first_day', f.first_day, 'last_day', f.last_day) order by e.position)
               as leaves
          from facts_between($1, $2, $3, $4) e,
               jsonb_to_record(e.data) f (employment_id text, first_day date, last_day date)
         group by f.employment_id) f
 where m.bank_id = $1 and m.employment_id = f.employment_id

-- seen --
select employment_id, volunteer_id, organisation_id, kind, hours::text, from_day, until_day, leaves::text, position
  from employment

-- of_volunteer --
-- For whom somebody works, or did. $1 bank  $2 volunteer
{seen} where bank_id = $1 and volunteer_id = $2 order by employment_id

-- staff --
-- Who works for a body, or did. $1 bank  $2 organisation  $3 after this employment  $4 at most
{seen}
 where bank_id = $1 and organisation_id = $2 and employment_id > $3
 order by employment_id limit $4
