-- by_session --
-- Who has a session, whether they are suspended, and the offices they hold; whether they have a second factor and did
-- not say it, and since when an administrator without one is asked for it. $1 session  $2 bank  $3 volunteer  $4 now
select b.timezone,
       coalesce((select t.topic = 'volunteer-suspended'
                   from event_tag t
                  where t.bank_id = s.bank_id and t.tag = s.volunteer_id
                    and t.topic in ('volunteer-suspended', 'volunteer-reinstated')
                  order by t.position desc limit 1), false) as is_suspended,
       coalesce((select json_agg(json_build_array(a.office, a.organisation_id, a.valid_from, a.valid_until,
                                                  a.appointment_id, a.node_id))
                   from appointment a
                  where a.bank_id = s.bank_id and a.volunteer_id = s.volunteer_id and a.status = 'in force'),
                '[]'::json)::text as offices,
       s.proved_at is null and has.factor as owes_factor,
       (select case when count(*) > 0 then greatest(b.second_factor_since, min(e.recorded_at)) end
          from appointment a
          join event_tag t on t.bank_id = a.bank_id and t.tag = a.appointment_id and t.topic = 'appointment-made'
          join event e on e.bank_id = t.bank_id and e.position = t.position
         where a.bank_id = s.bank_id and a.volunteer_id = s.volunteer_id and a.status = 'in force'
           and a.office = 'administrator' and not has.factor) as factor_asked_since
  from session s
  join bank b using (bank_id),
       lateral (select exists (select from sealed_secret x
                                where x.bank_id = s.bank_id and x.volunteer_id = s.volunteer_id
                                  and x.kind = 'second-factor') as factor) has
 where s.session_id = $1 and s.bank_id = $2 and s.volunteer_id = $3 and s.revoked_at is null and s.expires_at > $4

-- by_key --
-- Whose key it is; a suspended organisation's is good for nothing. What is asked of the log itself is never behind it.
-- $1 key
select k.bank_id, k.key_id, k.organisation_id, k.permissions, k.secret_hash, k.expires_at, b.timezone,
       (select e.actor
          from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
         where t.bank_id = k.bank_id and t.tag = k.key_id and t.topic = 'api-key-issued') as issued_by
  from api_key k join bank b using (bank_id)
 where k.key_id = $1 and k.status <> 'revoked'
   and coalesce((select t.topic = 'organisation-reinstated'
                   from event_tag t
                  where t.bank_id = k.bank_id and t.tag = k.organisation_id
                    and t.topic in ('organisation-suspended', 'organisation-reinstated')
                  order by t.position desc limit 1), true)

-- key_used --
-- $1 bank  $2 key  $3 now
with before as (
    select last_used_at from api_key_use where bank_id = $1 and key_id = $2
), noted as (
    insert into api_key_use (bank_id, key_id, last_used_at) values ($1, $2, $3)
        on conflict (bank_id, key_id) do update set last_used_at = excluded.last_used_at
)
select coalesce((select date_trunc('hour', last_used_at) < date_trunc('hour', $3::timestamptz) from before), true)

-- last_used --
-- $1 bank  $2 keys
select key_id, last_used_at from api_key_use where bank_id = $1 and key_id = any ($2)

-- tell --
-- $1 channel  $2 whom it concerns
select pg_notify($1, $2)
