-- open --
-- $1 session  $2 bank  $3 volunteer  $4 now  $5 until  $6 device  $7 address  $8 when proved, or null
insert into session (session_id, bank_id, volunteer_id, started_at, expires_at, device, address, used_at, proved_at,
                     opened_device, opened_address)
values ($1, $2, $3, $4, $5, $6, $7, $4, $8, $6, $7)

-- make_room --
-- End the oldest of more sessions than somebody has at once; those in which the second factor was not said yet end no
-- other. $1 bank  $2 volunteer  $3 now  $4 channel  $5 at most
with ended as (
    update session set revoked_at = $3
     where session_id in (select session_id
                            from (select session_id, row_number() over (partition by proved_at is null
                                                                        order by started_at desc, session_id desc) as place
                                    from session
                                   where bank_id = $1 and volunteer_id = $2 and revoked_at is null and expires_at > $3) held
                           where place > $5)
    returning session_id
)
select pg_notify($4, session_id) from ended

-- is_familiar --
-- Where a session was only used somebody may have had a stolen token. $1 bank  $2 volunteer  $3 device
-- $4 keyed hashes of the address
select true from session
 where bank_id = $1 and volunteer_id = $2 and opened_device = $3 and opened_address = any ($4) limit 1

-- give_refresh --
-- $1 hash  $2 session  $3 now  $4 hash of the token it was given for, or null
insert into refresh_token (token_hash, session_id, issued_at, parent) values ($1, $2, $3, $4)

-- hold --
-- Keep whoever a refresh token was given to from being erased meanwhile. $1 hash
select true from refresh_token join session using (session_id) join person p using (bank_id, volunteer_id)
 where token_hash = $1 for share of p

-- hold_session --
-- Of two refreshes of one session at once the second waits for the first. $1 hash
select true from session where session_id = (select session_id from refresh_token where token_hash = $1) for update

-- refresh --
-- What is known of a token: whether it was used, whence, and what became of those that were given for it.
-- $1 hash  $2 now
select s.session_id, s.bank_id, s.volunteer_id, r.used_at, r.place, s.proved_at is null as is_half_way,
       s.revoked_at is null and s.expires_at > $2 as is_open,
       (select count(*) from refresh_token c where c.session_id = r.session_id and c.parent = $1) as given,
       exists (select from refresh_token c
                where c.session_id = r.session_id and c.parent = $1 and c.used_at is not null) as is_given_used
  from refresh_token r join session s using (session_id)
 where r.token_hash = $1

-- use_refresh --
-- Use a token up, and with it those that were given for the same one. $1 hash  $2 now  $3 place
update refresh_token r
   set used_at = $2, place = case when r.token_hash = $1 then $3 end
  from refresh_token own
 where own.token_hash = $1 and r.session_id = own.session_id and r.used_at is null
   and (r.token_hash = $1 or r.parent = own.parent)

-- used --
-- A session is being used. Whoever only reads does not wait for a standby with it. $1 session  $2 now  $3 device  $4 address
update session set used_at = $2, device = $3, address = $4
 where session_id = $1 and set_config('synchronous_commit', 'local', true) = 'local'

-- prove --
-- $1 session  $2 now  $3 device  $4 address
update session set proved_at = $2, opened_device = $3, opened_address = $4 where session_id = $1 and revoked_at is null

-- is_proved --
-- $1 session  $2 proved since
select true from session where session_id = $1 and proved_at > $2

-- end --
-- Which sessions were ended. Whoever had one may have begun to link an account: that comes to nothing, too. $1 bank  $2 volunteer  $3 now  $4 channel  $5 only this one  $6 but not this one
with ended as (
    update session set revoked_at = $3
     where bank_id = $1 and volunteer_id = $2 and revoked_at is null
       and ($5::text is null or session_id = $5) and ($6::text is null or session_id <> $6)
    returning session_id
), linkings as (
    delete from oidc_login where bank_id = $1 and volunteer_id = $2
), told as (
    select session_id, pg_notify($4, session_id) from ended
)
select coalesce(array_agg(session_id), '{}') from told

-- of --
-- $1 bank  $2 volunteer  $3 now
select session_id, started_at, expires_at, used_at, device, address from session
 where bank_id = $1 and volunteer_id = $2 and revoked_at is null and expires_at > $3 order by session_id
