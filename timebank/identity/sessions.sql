-- open --
-- $1 session  $2 bank  $3 volunteer  $4 now  $5 until
insert into session (session_id, bank_id, volunteer_id, started_at, expires_at) values ($1, $2, $3, $4, $5)

-- give_refresh --
-- $1 hash  $2 session  $3 now
insert into refresh_token (token_hash, session_id, issued_at) values ($1, $2, $3)

-- hold --
-- Keep whoever a refresh token was given to from being erased meanwhile. $1 hash
select true from refresh_token join session using (session_id) join person p using (bank_id, volunteer_id)
 where token_hash = $1 for share of p

-- use_refresh --
-- Use a token up, and say whether it had been before; of two at once the second waits for the first. $1 hash  $2 now
with held as (
    select token_hash, used_at is not null as was_used from refresh_token where token_hash = $1 for update
), used as (
    update refresh_token r set used_at = coalesce(r.used_at, $2) from held where r.token_hash = held.token_hash
    returning r.session_id
)
select s.session_id, s.bank_id, s.volunteer_id, held.was_used,
       s.revoked_at is null and s.expires_at > $2 as is_open
  from used join session s using (session_id), held

-- end --
-- Which sessions were ended. $1 bank  $2 volunteer  $3 now  $4 channel  $5 only this one  $6 but not this one
with ended as (
    update session set revoked_at = $3
     where bank_id = $1 and volunteer_id = $2 and revoked_at is null
       and ($5::text is null or session_id = $5) and ($6::text is null or session_id <> $6)
    returning session_id
), told as (
    select session_id, pg_notify($4, session_id) from ended
)
select coalesce(array_agg(session_id), '{}') from told

-- of --
-- $1 bank  $2 volunteer  $3 now
select session_id, started_at, expires_at from session
 where bank_id = $1 and volunteer_id = $2 and revoked_at is null and expires_at > $3 order by session_id
