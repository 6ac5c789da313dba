-- begin --
-- A sign-in, or (with a volunteer) a linking, that waits for the provider's answer.
-- $1 hash of the state  $2 bank  $3 volunteer or null  $4 nonce  $5 verifier  $6 until
insert into oidc_login (state_hash, bank_id, volunteer_id, nonce, verifier, expires_at) values ($1, $2, $3, $4, $5, $6)

-- use --
-- Take a waiting sign-in away: it is good once, and not when its time is over. $1 hash of the state  $2 now
delete from oidc_login where state_hash = $1
returning bank_id, volunteer_id, nonce, verifier, expires_at > $2 as is_in_time

-- whose --
-- Who signs in with an account; whoever is erased does not. $1 bank  $2 issuer  $3 subject
select volunteer_id from oidc_identity join person using (bank_id, volunteer_id)
 where bank_id = $1 and issuer = $2 and subject = $3

-- link --
-- Who has an account now: the volunteer, or whoever had it before; nobody if the volunteer was erased meanwhile.
-- $1 bank  $2 issuer  $3 subject  $4 volunteer
insert into oidc_identity as i (bank_id, issuer, subject, volunteer_id)
select bank_id, $2, $3, volunteer_id from person where bank_id = $1 and volunteer_id = $4 for key share
    on conflict (bank_id, issuer, subject) do update set volunteer_id = i.volunteer_id
returning volunteer_id

-- linked --
-- $1 bank  $2 issuer  $3 volunteer
select subject from oidc_identity where bank_id = $1 and issuer = $2 and volunteer_id = $3 order by subject

-- stop_linking --
-- $1 bank  $2 volunteer
delete from oidc_login where bank_id = $1 and volunteer_id = $2

-- unlink --
-- $1 bank  $2 issuer  $3 volunteer
delete from oidc_identity where bank_id = $1 and issuer = $2 and volunteer_id = $3 returning subject
