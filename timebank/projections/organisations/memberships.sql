-- open --
insert into membership (bank_id, membership_id, organisation_id, volunteer_id, role, status, valid_from, valid_until)
select $1, f.membership_id, f.organisation_id, f.volunteer_id, f.role,
       case e.topic when 'membership-invited' then 'invited' else 'requested' end, f.valid_from, f.valid_until
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (membership_id text, organisation_id text, volunteer_id text, role text,
                   valid_from date, valid_until date)

-- approve --
update membership m set status = 'approved'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (membership_id text)
 where m.bank_id = $1 and m.membership_id = f.membership_id

-- change_role --
update membership m set role = latest.role, valid_from = latest.valid_from, valid_until = latest.valid_until
  from (select distinct on (f.membership_id) f.*
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                        f (membership_id text, role text, valid_from date, valid_until date)
         order by f.membership_id, e.position desc) latest
 where m.bank_id = $1 and m.membership_id = latest.membership_id

-- close --
update membership m
   set status = case e.topic when 'membership-declined' then 'declined' else 'ended' end, reason = f.reason
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (membership_id text, reason text)
 where m.bank_id = $1 and m.membership_id = f.membership_id

-- page --
-- $1 bank  $2 organisation or null  $3 volunteer or null  $4 after this membership  $5 at most  $6 role or null
-- $7 status or null
select m.membership_id, m.organisation_id, m.volunteer_id, m.role, m.status, m.valid_from, m.valid_until, m.reason
  from membership m
 where m.bank_id = $1 and ($2::text is null or m.organisation_id = $2) and ($3::text is null or m.volunteer_id = $3)
   and m.membership_id > $4 and ($6::text is null or m.role = $6) and ($7::text is null or m.status = $7)
 order by m.membership_id limit $5

-- roles_of --
-- The roles a volunteer holds on a day, by organisation. $1 bank  $2 volunteer  $3 day
select organisation_id, role from membership
 where bank_id = $1 and volunteer_id = $2 and status = 'approved'
   and coalesce(valid_from <= $3, true) and coalesce($3 <= valid_until, true)
