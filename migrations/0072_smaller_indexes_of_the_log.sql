-- migrate:up

-- A tag's key and the position find a row; the bank is beside them in the row, and need not be in the index again.
-- Identifiers are of one bank, so hardly any key is in two.
alter table event_tag drop constraint event_tag_pkey;
create index event_tag_by_key on event_tag (key, position);

-- What is looked up by 64 bits of a text and the bank.
create function key_in(bank uuid, what text) returns bigint language sql immutable parallel safe
    return hashtextextended(what, uuid_hash_extended(bank, 0));

drop index event_by_actor;
drop index event_by_request;
create index event_by_actor on event (key_in(bank_id, actor), position);
create index event_by_request on event (key_in(bank_id, request_id), position);

-- migrate:down

drop index event_by_request;
drop index event_by_actor;
create index event_by_actor on event (bank_id, hashtextextended(actor, 0), position);
create index event_by_request on event (bank_id, hashtextextended(request_id, 0), position);
drop function key_in;
drop index event_tag_by_key;
alter table event_tag add constraint event_tag_pkey primary key (bank_id, key, position);
