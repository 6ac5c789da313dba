-- register --
insert into volunteer (bank_id, volunteer_id, number, status, registered_at)
select e.bank_id, f.volunteer_id, f.number, 'active', e.recorded_at
  from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb) f (volunteer_id text, number text)
 where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)

-- set_status --
update volunteer v
   set status = case latest.topic when 'volunteer-suspended' then 'suspended' else 'active' end
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb) f (volunteer_id text)
         where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- set_consent --
update volunteer v set on_leaderboards = latest.topic = 'consent-given'
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb) f (volunteer_id text, purpose text)
         where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)
           and f.purpose = 'leaderboard'
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- one --
-- $1 bank  $2 volunteer
select v.volunteer_id, v.number, v.status, v.on_leaderboards, v.registered_at, p.name, p.phone, p.skills,
       nullif(p.alias, '') as alias
  from volunteer v left join person p using (bank_id, volunteer_id)
 where v.bank_id = $1 and v.volunteer_id = $2

-- page --
-- By number, by phone, or by the beginning of the name; in the order of registration. $1 bank  $2 query or null
-- $3 after this volunteer  $4 at most
select v.volunteer_id, v.number, v.status, v.on_leaderboards, v.registered_at, p.name, p.phone, p.skills,
       nullif(p.alias, '') as alias
  from volunteer v left join person p using (bank_id, volunteer_id)
 where v.bank_id = $1 and v.volunteer_id > $3
   and ($2::text is null or v.number = $2 or p.phone = $2 or starts_with(p.name, $2))
 order by v.volunteer_id
 limit $4

-- who --
-- Volunteers by what an office writes on a list: number or phone. $1 bank  $2 numbers and phones
select v.volunteer_id, v.number, p.phone, p.name
  from volunteer v left join person p using (bank_id, volunteer_id)
 where v.bank_id = $1 and (v.number = any ($2) or p.phone = any ($2))

-- known_people --
-- $1 bank  $2 names
select name, phone from person where bank_id = $1 and name = any ($2)
