-- propose --
insert into proposal (bank_id, proposal_id, volunteer_id, organisation_id, witness_id, activity, category, started_at,
                      ended_at, minutes, place, content, team_id, status, position)
select $1, f.proposal_id, f.volunteer_id, f.organisation_id, f.witness_id, f.activity, f.category, f.started_at,
       f.ended_at, f.minutes, f.place, f.content, f.team_id, 'proposed', e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (proposal_id text, volunteer_id text, organisation_id text, witness_id text, activity text,
                   category text, started_at timestamptz, ended_at timestamptz, minutes int, place text, content text,
                   team_id text)

-- take_up --
update proposal p set status = 'taken-up', record_id = f.record_id, position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (proposal_id text, record_id text)
 where p.bank_id = $1 and p.proposal_id = f.proposal_id

-- decline --
update proposal p set status = 'declined', reason = f.reason, position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (proposal_id text, reason text)
 where p.bank_id = $1 and p.proposal_id = f.proposal_id

-- withdraw --
update proposal p set status = 'withdrawn', position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (proposal_id text)
 where p.bank_id = $1 and p.proposal_id = f.proposal_id

-- seen --
select proposal_id, volunteer_id, organisation_id, witness_id, activity, category, started_at, ended_at, minutes, place,
       content, team_id, status, record_id, reason, position
  from proposal

-- of_volunteer --
-- $1 bank  $2 volunteer  $3 before this proposal or null  $4 at most
{seen}
 where bank_id = $1 and volunteer_id = $2 and ($3::text is null or proposal_id < $3)
 order by proposal_id desc limit $4

-- of_organisation --
-- $1 bank  $2 organisation  $3 before this proposal or null  $4 at most
{seen}
 where bank_id = $1 and organisation_id = $2 and ($3::text is null or proposal_id < $3)
 order by proposal_id desc limit $4

-- waiting_at --
-- $1 bank  $2 organisation  $3 after this proposal or null  $4 at most
{seen}
 where bank_id = $1 and organisation_id = $2 and status = 'proposed' and ($3::text is null or proposal_id > $3)
 order by proposal_id limit $4
