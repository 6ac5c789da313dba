-- migrate:up

-- Whence attempts to sign in came, of IPv6 addresses by networks of 48 bits too (keyed hash): whoever has one of those has
-- 65,536 networks of 64 bits to come from.
alter table sign_in_attempt add column network text;
create index sign_in_attempt_by_network on sign_in_attempt (bank_id, network) where network is not null;

-- migrate:down

alter table sign_in_attempt drop column network;
