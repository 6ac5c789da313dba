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

-- view --
select m.membership_id, m.organisation_id, m.volunteer_id, m.role, m.status, m.valid_from, m.valid_until, m.reason
  from membership m

-- of_organisation --
-- $1 bank  $2 organisation  $3 after this membership  $4 at most  $5 role or null  $6 statuses
select m.*
  from unnest($6::text[]) wanted (status),
       lateral (
           {view}
            where m.bank_id = $1 and m.organisation_id = $2 and m.status = wanted.status
              and ($5::text is null or m.role = $5) and m.membership_id > $3
            order by m.membership_id limit $4
       ) m
 order by m.membership_id limit $4

-- of_volunteer --
-- $1 bank  $2 volunteer  $3 after this membership  $4 at most
{view}
 where m.bank_id = $1 and m.volunteer_id = $2 and m.membership_id > $3
 order by m.membership_id limit $4

-- approved_among --
-- Those of some people who are members. $1 bank  $2 organisation  $3 volunteers
select volunteer_id from membership
 where bank_id = $1 and organisation_id = $2 and volunteer_id = any ($3) and status = 'approved'

-- roles_of --
-- The roles a volunteer holds on a day, by organisation. $1 bank  $2 volunteer  $3 day
select organisation_id, role from membership
 where bank_id = $1 and volunteer_id = $2 and status = 'approved'
   and coalesce(valid_from <= $3, true) and coalesce($3 <= valid_until, true)
