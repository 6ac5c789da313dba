-- appoint --
insert into proxy (bank_id, proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, valid_until,
                   minutes_per_day, status)
select e.bank_id, f.*, 'in force'
  from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb)
                f (proxy_id text, volunteer_id text, proxy_volunteer_id text, scopes text[], acts_per_day int,
                   valid_until date, minutes_per_day int)
 where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)

-- end --
update proxy p set status = 'ended'
  from event e, jsonb_to_record(convert_from(e.data, 'UTF8')::jsonb) f (proxy_id text)
 where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)
   and p.bank_id = $1 and p.proxy_id = f.proxy_id

-- of --
-- $1 bank  $2 volunteer
select proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, minutes_per_day, valid_until, status
  from proxy where bank_id = $1 and volunteer_id = $2
 union all
select proxy_id, volunteer_id, proxy_volunteer_id, scopes, acts_per_day, minutes_per_day, valid_until, status
  from proxy where bank_id = $1 and proxy_volunteer_id = $2
 order by proxy_id
