-- register --
insert into organisation (bank_id, organisation_id, name, kind, code, status, registered_at)
select $1, f.organisation_id, f.name, f.kind, f.code, 'registered', e.recorded_at
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (organisation_id text, name text, kind text, code text)

-- set_status --
update organisation o
   set status = case latest.topic when 'organisation-suspended' then 'suspended' else 'approved' end
  from (select distinct on (f.organisation_id) f.organisation_id, e.topic
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (organisation_id text)
         order by f.organisation_id, e.position desc) latest
 where o.bank_id = $1 and o.organisation_id = latest.organisation_id

-- view --
select organisation_id, name, kind, code as official_code, status, registered_at from organisation

-- one --
-- $1 bank  $2 organisation
{view}
 where bank_id = $1 and organisation_id = $2

-- is_known --
-- $1 bank  $2 organisation
select true from organisation where bank_id = $1 and organisation_id = $2

-- names_of --
-- $1 bank  $2 organisations
select organisation_id, name from organisation where bank_id = $1 and organisation_id = any ($2)

-- page --
-- $1 bank  $2 status or null  $3 after this organisation  $4 at most
{view}
 where bank_id = $1 and ($2::text is null or status = $2) and organisation_id > $3
 order by organisation_id limit $4
