-- migrate:up

-- Who caused a fact and which request did are looked up by 64 bits of the text; the text itself is looked at again.
drop index event_by_actor;
drop index event_by_request;
create index event_by_actor on event (bank_id, hashtextextended(actor, 0), position);
create index event_by_request on event (bank_id, hashtextextended(request_id, 0), position);

-- Room beside a row is of use where no index has what changes; here one has.
alter table service_record reset (fillfactor);
alter table leaderboard reset (fillfactor);

-- migrate:down

alter table leaderboard set (fillfactor = 80);
alter table service_record set (fillfactor = 80);
drop index event_by_request;
drop index event_by_actor;
create index event_by_actor on event (bank_id, actor, position);
create index event_by_request on event (bank_id, request_id, position);
