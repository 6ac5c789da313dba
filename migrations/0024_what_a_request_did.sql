-- migrate:up

-- Everything that one request did is found by its id.
create index event_by_request on event (bank_id, request_id, position);
create index security_event_by_request on security_event (bank_id, request_id, number);

-- migrate:down

drop index security_event_by_request;
drop index event_by_request;
