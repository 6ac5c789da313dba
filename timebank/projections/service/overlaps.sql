-- overlapping --
-- Confirmed records of one volunteer that are of the same time as one of another's. $1 bank  $2 one  $3 the other
-- $4 at most
select a.record_id, a.organisation_id, a.activity, a.started_at, a.ended_at, b.record_id as other_id,
       b.organisation_id as other_organisation_id, b.activity as other_activity, b.started_at as other_started_at,
       b.ended_at as other_ended_at
  from service_record a join service_record b on b.started_at < a.ended_at and a.started_at < b.ended_at
 where a.bank_id = $1 and key_in(a.bank_id, a.volunteer_id) = key_in($1, $2) and a.volunteer_id = $2
   and a.status in ('confirmed', 'corrected')
   and b.bank_id = $1 and key_in(b.bank_id, b.volunteer_id) = key_in($1, $3) and b.volunteer_id = $3
   and b.status in ('confirmed', 'corrected')
 order by a.started_at, a.record_id, b.record_id limit $4

-- waiting --
-- How many records of a volunteer wait. $1 bank  $2 volunteer
select count(*) from service_record
 where bank_id = $1 and key_in(bank_id, volunteer_id) = key_in($1, $2) and volunteer_id = $2 and status = 'logged'

-- proposed --
-- How many proposals of a volunteer wait. $1 bank  $2 volunteer
select count(*) from proposal where bank_id = $1 and volunteer_id = $2 and status = 'proposed'
