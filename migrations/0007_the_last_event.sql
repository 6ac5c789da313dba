-- migrate:up

-- Which event is the last: an append compares it as well as its position, because a log that went back (a restore, a
-- promotion) can have come to the same position again with other events.
alter table bank add column head_event_id uuid;
update bank b set head_event_id = e.event_id from event e where e.bank_id = b.bank_id and e.position = b.head;

-- The topic of the fact right after `position` that the projection cannot take in; null while all is well.
alter table checkpoint add column stuck_on text;

-- migrate:down

alter table checkpoint drop column stuck_on;
alter table bank drop column head_event_id;
