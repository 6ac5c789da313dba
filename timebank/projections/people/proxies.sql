-- appoint --
insert into proxy (bank_id, proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, valid_until,
                   minutes_per_day, status)
select $1, f.*, 'in force'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (proxy_id text, volunteer_id text, proxy_volunteer_id text, scopes text[], acts_per_day int,
                   valid_until date, minutes_per_day int)

-- end --
update proxy p set status = 'ended'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (proxy_id text)
 where p.bank_id = $1 and p.proxy_id = f.proxy_id

-- view --
select proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, minutes_per_day, valid_until, status from proxy

-- of --
-- $1 bank  $2 volunteer
{view} where bank_id = $1 and volunteer_id = $2
 union all
{view} where bank_id = $1 and proxy_volunteer_id = $2
 order by proxy_id
