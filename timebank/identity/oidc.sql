-- begin --
-- A sign-in, or (with a volunteer) a linking, that waits for the provider's answer.
-- $1 hash of the state  $2 bank  $3 volunteer or null  $4 nonce  $5 verifier  $6 until
insert into oidc_login (state_hash, bank_id, volunteer_id, nonce, verifier, expires_at) values ($1, $2, $3, $4, $5, $6)

-- use --
-- Take a waiting sign-in away: it is good once, and not when its time is over. A linking stays under another name until
-- the provider has answered, for whatever ends those that were begun to end it as well.
-- $1 hash of the state  $2 now  $3 what a linking is called from now on
with taken as (
    delete from oidc_login where state_hash = $1 returning bank_id, volunteer_id, nonce, verifier, expires_at
), kept as (
    insert into oidc_login (state_hash, bank_id, volunteer_id, nonce, verifier, expires_at)
    select $3, bank_id, volunteer_id, nonce, verifier, expires_at from taken where volunteer_id is not null
)
select bank_id, volunteer_id, nonce, verifier, expires_at > $2 as is_in_time from taken

-- hold --
-- Whether somebody is not erased, nor chooses a password by a code, before the transaction ends. $1 bank  $2 volunteer
select true from person where bank_id = $1 and volunteer_id = $2 for key share

-- go_on --
-- Whether a linking still stands when it is to be written; it ends by that. $1 what it is called
delete from oidc_login where state_hash = $1 returning true

-- whose --
-- Who signs in with an account; whoever is erased does not. $1 bank  $2 issuer  $3 subject
select volunteer_id from oidc_identity join person using (bank_id, volunteer_id)
 where bank_id = $1 and issuer = $2 and subject = $3

-- link --
-- Who has an account now: the volunteer, or whoever had it before. $1 bank  $2 issuer  $3 subject  $4 volunteer
insert into oidc_identity as i (bank_id, issuer, subject, volunteer_id) values ($1, $2, $3, $4)
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
