-- propose --
insert into merge (bank_id, merge_id, kept_id, merged_id, status, reason, proposed_by, proposed_at, position)
select $1, f.merge_id, f.kept_id, f.merged_id, 'proposed', f.reason, f.proposed_by, e.recorded_at, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (merge_id text, kept_id text, merged_id text, reason text, proposed_by text)

-- decide --
update merge m set status = case e.topic when 'merge-declined' then 'declined' else 'approved' end,
       decided_by = coalesce(f.approved_by, f.declined_by), declined_as = f.reason, position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (merge_id text, approved_by text, declined_by text, reason text)
 where m.bank_id = $1 and m.merge_id = f.merge_id

-- seen --
select merge_id, kept_id, merged_id, status, reason, proposed_by, proposed_at, decided_by, declined_as, position
  from merge

-- one --
-- $1 bank  $2 merge
{seen}
 where bank_id = $1 and merge_id = $2

-- page --
-- The latest first. $1 bank  $2 before this one or null  $3 at most
{seen}
 where bank_id = $1 and ($2::text is null or merge_id < $2)
 order by merge_id desc limit $3

-- with_status --
-- The same of one status. $1 to $3 as page  $4 status
{seen}
 where bank_id = $1 and status = $4 and ($2::text is null or merge_id < $2)
 order by merge_id desc limit $3

-- doubles --
-- Who may be registered twice, both of whom take part, and of whom nobody has said yet that they are two; and who they
-- are, which is looked up for those on the page alone. $1 bank  $2 and $3 after these two  $4 at most
select found.*, e.key_id as earlier_key_id, e.sealed as earlier_sealed, l.key_id as later_key_id,
       l.sealed as later_sealed, e.phone_verified_at as earlier_phone_verified_at,
       l.phone_verified_at as later_phone_verified_at, e.phone_is_claimed as earlier_phone_is_claimed,
       l.phone_is_claimed as later_phone_is_claimed
  from (select d.earlier_id, d.later_id, d.same_phone, d.same_name, m.merge_id,
               e.number as earlier_number, e.status as earlier_status, e.registered_at as earlier_registered_at,
               l.number as later_number, l.status as later_status, l.registered_at as later_registered_at
          from double_registration d
          cross join lateral (
                   select v.number, v.status, v.registered_at from volunteer v
                    where v.bank_id = $1 and v.volunteer_id = d.earlier_id offset 0
               ) e
          cross join lateral (
                   select v.number, v.status, v.registered_at from volunteer v
                    where v.bank_id = $1 and v.volunteer_id = d.later_id offset 0
               ) l
          cross join lateral (
                   select max(m.merge_id) filter (where m.status = 'proposed') as merge_id,
                          coalesce(bool_or(m.status = 'declined'), false) as is_declined
                     from merge m
                    where m.bank_id = $1
                      and (m.merged_id, m.kept_id) in ((d.earlier_id, d.later_id), (d.later_id, d.earlier_id))
               ) m
         where d.bank_id = $1 and (d.earlier_id, d.later_id) > ($2, $3)
           and e.status not in ('merged', 'erased', 'declined') and l.status not in ('merged', 'erased', 'declined')
           and not m.is_declined
         order by d.earlier_id, d.later_id limit $4) found
  left join person e on e.bank_id = $1 and e.volunteer_id = found.earlier_id
  left join person l on l.bank_id = $1 and l.volunteer_id = found.later_id
 order by found.earlier_id, found.later_id

-- people --
-- $1 bank  $2 volunteers
select v.volunteer_id, v.number, v.status, v.registered_at, p.key_id, p.sealed, p.phone_verified_at, p.phone_is_claimed
  from volunteer v left join person p using (bank_id, volunteer_id)
 where v.bank_id = $1 and v.volunteer_id = any ($2)

-- changed_at --
-- When name, phone or year of birth of people were changed last, or may have come from a registration that was merged
-- with theirs. Data are looked at as bytes, since damaged ones are no JSON. $1 bank  $2 volunteers
select w.volunteer_id, max(e.recorded_at) as at
  from unnest($2::text[]) w (volunteer_id),
       unnest(array['personal-data-changed', 'registrations-merged']) f (topic),
       event_tag t,
       lateral (
           select * from event e
            where e.bank_id = $1 and e.position = t.position and e.topic = f.topic and w.volunteer_id = any (e.tags)
           offset 0
       ) e
 where t.bank_id = $1 and t.key = tag_key(w.volunteer_id, f.topic)
   and exists (select from unnest(case e.topic when 'registrations-merged' then array['"kept_id":"' || w.volunteer_id || '"']
                                      else array['"name"', '"phone"', '"birth_year"'] end) says
                where position(convert_to(says, 'UTF8') in e.data) > 0)
 group by w.volunteer_id
