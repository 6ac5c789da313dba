-- only_one --
select pg_advisory_xact_lock(hashtext('timebank.keyring'))

-- keys --
-- The keys that something may be sealed with.
select key_id, check_value, retired_at from sealing_key k
 where retired_at is null or exists (select from person p where p.key_id = k.key_id)
       or exists (select from sealed_secret s where s.key_id = k.key_id)

-- add --
-- $1 key  $2 check value
insert into sealing_key (key_id, check_value) values ($1, $2) on conflict do nothing

-- retire --
-- Nothing is sealed with any other key from now on: waits for whoever is doing it. $1 key that stays
update sealing_key set retired_at = now() where key_id <> $1 and retired_at is null

-- use --
-- Whether a key may seal, for as long as the transaction takes. $1 key
select true from sealing_key where key_id = $1 and retired_at is null for share

-- one_rotation --
select pg_advisory_lock(hashtext('timebank.rotation'))

-- unused --
-- Retired keys that nothing is sealed with any more.
select key_id from sealing_key k
 where retired_at is not null and not exists (select from person p where p.key_id = k.key_id)
   and not exists (select from sealed_secret s where s.key_id = k.key_id)
