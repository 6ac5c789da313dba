-- register --
insert into volunteer (bank_id, volunteer_id, number, status, registered_at)
select $1, f.volunteer_id, f.number, case when f.is_waiting then 'applied' else 'active' end, e.recorded_at
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, number text, is_waiting boolean)

-- set_status --
update volunteer v
   set status = case latest.topic when 'volunteer-suspended' then 'suspended' when 'volunteer-erased' then 'erased'
                when 'volunteer-left' then 'left' when 'registration-declined' then 'declined' else 'active' end
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text)
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- set_merged --
-- Whoever was merged before with one that is merged now comes along. What is merged stays so.
update volunteer v set status = 'merged', kept_id = latest.kept_id
  from (select distinct on (of.volunteer_id) of.volunteer_id, f.kept_id
          from facts_between($1, $2, $3, $4) e,
               jsonb_to_record(e.data) f (kept_id text, merged_id text, earlier_ids jsonb),
               lateral (select f.merged_id
                         union all
                        select jsonb_array_elements_text(coalesce(f.earlier_ids, '[]'::jsonb))) of (volunteer_id)
         order by of.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- set_consent --
update volunteer v set on_leaderboards = latest.topic = 'consent-given'
  from (select distinct on (f.volunteer_id) f.volunteer_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (volunteer_id text, purpose text)
         where f.purpose = 'leaderboard'
         order by f.volunteer_id, e.position desc) latest
 where v.bank_id = $1 and v.volunteer_id = latest.volunteer_id

-- view --
-- A volunteer, and what is sealed about them: where registrations were merged, under the one that was kept.
select v.volunteer_id, v.number, v.status, v.on_leaderboards, v.registered_at, v.kept_id, p.key_id, p.sealed,
       (select k.number from volunteer k where k.bank_id = v.bank_id and k.volunteer_id = v.kept_id) as kept_number,
       array(select e.number from volunteer e
              where e.bank_id = v.bank_id and e.kept_id = v.volunteer_id order by e.volunteer_id) as earlier_numbers
  from volunteer v left join person p on p.bank_id = v.bank_id and p.volunteer_id = coalesce(v.kept_id, v.volunteer_id)

-- one --
-- $1 bank  $2 volunteer
{view}
 where v.bank_id = $1 and v.volunteer_id = $2

-- is_known --
-- $1 bank  $2 volunteer
select true from volunteer where bank_id = $1 and volunteer_id = $2

-- page --
-- In the order of registration; what is sealed is looked up for these alone. $1 bank  $2 after this volunteer
-- $3 at most
{view}
  join (select volunteer_id from volunteer where bank_id = $1 and volunteer_id > $2
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- members --
-- The same, of those who belong to any of some organisations. $1 to $3 as page  $4 organisations
{view}
  join (select distinct m.volunteer_id
          from unnest($4::text[]) wanted (organisation_id),
               lateral (
                   select m.volunteer_id from membership m
                    where m.bank_id = $1 and m.organisation_id = wanted.organisation_id and m.status = 'approved'
                      and m.volunteer_id > $2
                    order by m.volunteer_id limit $3
               ) m
         order by m.volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- named --
select distinct named.volunteer_id
  from unnest($4::bigint[]) wanted (name_key),
       lateral (
           select n.volunteer_id from person_name n
            where n.bank_id = $1 and n.name_key = wanted.name_key and n.volunteer_id > $2
            order by n.volunteer_id limit $3
       ) named

-- found_by_name --
-- By the name or its beginning. $1 to $3 as page  $4 keyed hashes of names or their beginnings
{view}
  join ({named}
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- found --
-- By that, by number, by phone or by document number, each by an index of its own (all but the number as keyed hashes).
-- $1 to $4 as found_by_name  $5 number  $6 phones  $7 document numbers
{view}
  join (select volunteer_id from volunteer where bank_id = $1 and number = $5 and volunteer_id > $2
         union
        (select volunteer_id from person where bank_id = $1 and phone_index = any ($6) and volunteer_id > $2
          order by volunteer_id limit $3)
         union
        select volunteer_id from person where bank_id = $1 and document_index = any ($7) and volunteer_id > $2
         union
        {named}
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- named_members --
select distinct named.volunteer_id
  from unnest($5::text[]) wanted (organisation_id),
       lateral (
           select m.volunteer_id from membership m
            where m.bank_id = $1 and m.organisation_id = wanted.organisation_id and m.status = 'approved'
              and m.volunteer_id > $2
              and exists (select from person_name n
                           where n.bank_id = $1 and n.name_key = any ($4) and n.volunteer_id = m.volunteer_id)
            order by m.volunteer_id limit $3
       ) named

-- found_members_by_name --
-- The same, of those who belong to any of some organisations; it looks at all who do. $1 to $4 as found_by_name
-- $5 organisations
{view}
  join ({named_members}
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- found_members --
-- $1 to $5 as found_members_by_name  $6 number  $7 phones
{view}
  join (select found.volunteer_id
          from (select volunteer_id from volunteer where bank_id = $1 and number = $6
                 union
                select volunteer_id from person where bank_id = $1 and phone_index = any ($7)) found
         where found.volunteer_id > $2
           and exists (select from membership m
                        where m.bank_id = $1 and m.organisation_id = any ($5) and m.volunteer_id = found.volunteer_id
                          and m.status = 'approved')
         union
        {named_members}
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- applied --
-- Who registered themselves, and waits to be taken in. $1 bank  $2 after this volunteer  $3 at most
{view}
  join (select volunteer_id from volunteer where bank_id = $1 and status = 'applied' and volunteer_id > $2
         order by volunteer_id limit $3) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1
 order by v.volunteer_id

-- exactly --
-- Whoever has exactly this number or phone. $1 bank  $2 number  $3 keyed hashes of it as a phone
{view}
  join (select volunteer_id from volunteer where bank_id = $1 and number = $2
         union
        select volunteer_id from person where bank_id = $1 and phone_index = any ($3)
         limit 50) found on found.volunteer_id = v.volunteer_id
 where v.bank_id = $1 and v.status <> 'erased'
 order by v.volunteer_id

-- by_numbers --
-- By the log itself, so that nobody has to wait for a read model to find out who is meant. Each number is looked up by
-- itself, and each fact by its position (`offset 0`): where PostgreSQL knows nothing of the tables yet, as after a
-- restore, it would read all registrations. $1 bank  $2 numbers
select w.number, f.volunteer_id
  from unnest($2::text[]) w (number),
       lateral (
           select position from event_tag
            where bank_id = $1 and key = tag_key('number:' || w.number, 'volunteer-registered') offset 0
       ) t,
       lateral (
           select data from event
            where bank_id = $1 and position = t.position and topic = 'volunteer-registered' offset 0
       ) e,
       jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb) f (number text, volunteer_id text)
 where f.number = w.number
   and (select v.status from volunteer v where v.bank_id = $1 and v.volunteer_id = f.volunteer_id)
       is distinct from 'erased'

-- briefly --
-- $1 bank  $2 volunteers
{view}
 where v.bank_id = $1 and v.volunteer_id = any ($2)

-- meant --
-- Volunteers by what an office writes on a list, each way by an index of its own. $1 bank  $2 numbers  $3 keyed hashes
-- of phones  $4 keys of names
select v.volunteer_id, v.number, p.key_id, p.sealed, not p.phone_is_claimed or p.phone_verified_at is not null as counts
  from (select volunteer_id from volunteer where bank_id = $1 and number = any ($2)
         union
        select volunteer_id from person where bank_id = $1 and phone_index = any ($3)
         union
        select volunteer_id from person_name where bank_id = $1 and name_key = any ($4)) found
  join volunteer v on v.bank_id = $1 and v.volunteer_id = found.volunteer_id
  left join person p on p.bank_id = $1 and p.volunteer_id = found.volunteer_id
 order by v.volunteer_id
