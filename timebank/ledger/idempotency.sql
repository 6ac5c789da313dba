-- answered --
-- $1 bank  $2 principals  $3 keys, pair by pair
select i.principal, i.key, i.fingerprint, i.outcome
  from idempotency i
  join unnest($2::text[], $3::text[]) asked (principal, key) using (principal, key)
 where i.bank_id = $1

-- keep --
-- $1 bank  $2 recorded at  $3 principals  $4 keys  $5 fingerprints  $6 outcomes
insert into idempotency (bank_id, recorded_at, principal, key, fingerprint, outcome)
select $1, $2, k.* from unnest($3::text[], $4::text[], $5::bytea[], $6::bytea[]) k
