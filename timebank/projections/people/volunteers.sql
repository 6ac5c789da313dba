-- register --
insert into volunteer (bank_id, volunteer_id, number, status, registered_at)
select $1, f.volunteer_id, f.number, 'active', e.recorded_at
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, number text)

-- set_status --
update volunteer v
   set status = case latest.topic when 'volunteer-suspended' then 'suspended' when 'volunteer-erased' then 'erased'
                when 'volunteer-left' then 'left' else 'active' end
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text)
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- set_consent --
update volunteer v set on_leaderboards = latest.topic = 'consent-given'
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
         where f.purpose = 'leaderboard'
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- view --
-- A volunteer, and what is sealed about them.
select v.volunteer_id, v.number, v.status, v.on_leaderboards, v.registered_at, p.key_id, p.sealed
  from volunteer v left join person p using (bank_id, volunteer_id)

-- one --
-- $1 bank  $2 volunteer
{view}
 where v.bank_id = $1 and v.volunteer_id = $2

-- is_known --
-- $1 bank  $2 volunteer
select true from volunteer where bank_id = $1 and volunteer_id = $2

-- page --
-- By number, by phone, by document number or by the name or its beginning (all but the number as keyed hashes); in the
-- order of registration. $1 bank  $2 query or null  $3 after this volunteer  $4 at most  $5 hashes of it as a phone
-- $6 as a document number  $7 as a name or its beginning  $8 only members of these organisations (null: all)
{view}
 where v.bank_id = $1 and v.volunteer_id > $3
   and ($2::text is null or v.number = $2 or p.phone_index = any ($5) or p.document_index = any ($6)
        or p.name_indexes && $7)
   and ($8::text[] is null or exists (
           select from membership m
            where m.bank_id = $1 and m.volunteer_id = v.volunteer_id and m.organisation_id = any ($8)
              and m.status = 'approved'))
 order by v.volunteer_id
 limit $4

-- exactly --
-- Whoever has exactly this number or phone. $1 bank  $2 number  $3 keyed hashes of it as a phone
{view}
 where v.bank_id = $1 and v.status <> 'erased' and (v.number = $2 or p.phone_index = any ($3))
 order by v.volunteer_id
 limit 50

-- by_numbers --
-- $1 bank  $2 numbers
select number, volunteer_id from volunteer where bank_id = $1 and number = any ($2) and status <> 'erased'

-- briefly --
-- $1 bank  $2 volunteers
{view}
 where v.bank_id = $1 and v.volunteer_id = any ($2)

-- meant --
-- Volunteers by what an office writes on a list, each way by an index of its own. $1 bank  $2 numbers  $3 keyed hashes
-- of phones  $4 keyed hashes of names
select v.volunteer_id, v.number, p.key_id, p.sealed
  from (select volunteer_id from volunteer where bank_id = $1 and number = any ($2)
         union
        select volunteer_id from person where bank_id = $1 and phone_index = any ($3)
         union
        select volunteer_id from person where bank_id = $1 and name_indexes && $4::text[]) found
  join volunteer v on v.bank_id = $1 and v.volunteer_id = found.volunteer_id
  left join person p on p.bank_id = $1 and p.volunteer_id = found.volunteer_id
 order by v.volunteer_id
