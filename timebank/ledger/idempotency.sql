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

-- sweep --
-- Delete a stretch of what was answered before a time; says how many. $1 before  $2 at most
with gone as (
    delete from idempotency where ctid = any (array(select ctid from idempotency where recorded_at < $1 limit $2))
    returning 1
)
select count(*) from gone
