-- make --
insert into appointment (bank_id, appointment_id, volunteer_id, office, organisation_id, valid_from, valid_until,
                         appointed_by, delegated_from, node_id, source, duties, status)
select $1, f.appointment_id, f.volunteer_id, f.office, f.organisation_id, f.valid_from, f.valid_until,
       f.appointed_by, f.delegated_from, f.node_id, f.source, coalesce(f.duties, '{}'), 'in force'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (appointment_id text, volunteer_id text, office text, organisation_id text,
                   valid_from date, valid_until date, appointed_by text, delegated_from text, node_id text, source text,
                   duties text[])

-- end --
update appointment a set status = 'ended', reason = f.reason
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (appointment_id text, reason text)
 where a.bank_id = $1 and a.appointment_id = f.appointment_id

-- view --
select appointment_id, volunteer_id, office, organisation_id, valid_from, valid_until, appointed_by, delegated_from,
       node_id, source, duties, status, reason
  from appointment

-- page --
-- $1 bank  $2 volunteer or null  $3 after this appointment  $4 at most
{view}
 where bank_id = $1 and ($2::text is null or volunteer_id = $2) and appointment_id > $3
 order by appointment_id limit $4

-- one --
-- $1 bank  $2 appointment
{view}
 where bank_id = $1 and appointment_id = $2
