-- migrate:up

-- What an organisation has not answered yet, the longest waiting first.
create index proposal_waiting on proposal (bank_id, organisation_id, proposal_id) where status = 'proposed';

-- migrate:down

drop index proposal_waiting;
