-- without_keys --
-- All they sign in with goes. $1 bank  $2 volunteers
with credentials as (
    delete from credential where bank_id = $1 and volunteer_id = any ($2)
), sessions as (
    delete from session where bank_id = $1 and volunteer_id = any ($2)
), codes as (
    delete from one_time_code where bank_id = $1 and volunteer_id = any ($2)
), attempts as (
    delete from sign_in_attempt where bank_id = $1 and volunteer_id = any ($2)
), identities as (
    delete from oidc_identity where bank_id = $1 and volunteer_id = any ($2)
), logins as (
    delete from oidc_login where bank_id = $1 and volunteer_id = any ($2)
)

-- erase --
-- The addresses they came from go from the security log as well.
{without_keys}
select forget_addresses($1, $2)

-- shut_out --
{without_keys}
select 1

-- sign_out --
-- $1 bank  $2 volunteers  $3 channel
with ended as (
    update session set revoked_at = now()
     where bank_id = $1 and volunteer_id = any ($2) and revoked_at is null
    returning session_id
), linkings as (
    delete from oidc_login where bank_id = $1 and volunteer_id = any ($2)
)
select pg_notify($3, session_id) from ended

-- erased --
-- What the logs of all banks say of who was erased.
select e.bank_id, e.position, e.data, array(select tag from unnest(e.tags) tag where tag ~ '^vol_[^@]*$') as people
  from bank b
  join event e on key_in(e.bank_id, e.topic) = key_in(b.bank_id, 'volunteer-erased')
              and e.bank_id = b.bank_id and e.topic = 'volunteer-erased'

-- not_erased --
-- Who was registered and is not erased; also where a tag is in the index twice. And what says of them that they were
-- merged. $1 banks  $2 volunteers, one by one
-- Each is looked up by itself, and each fact by its position (`offset 0`): where PostgreSQL knows nothing of the tables
-- yet, as after a restore, it would go through all tags of a bank for each of its facts.
select w.bank_id, w.volunteer_id, said.merges
  from unnest($1::uuid[], $2::text[]) w (bank_id, volunteer_id),
       lateral (
           select array_agg(distinct e.topic) filter (where e.topic <> 'registrations-merged') as topics,
                  coalesce(array_agg(e.data) filter (where e.topic = 'registrations-merged'), '{}') as merges
             from unnest('{volunteer-registered,volunteer-erased,registrations-merged}'::text[]) about (topic),
                  event_tag t,
                  lateral (select topic, tags, data from event
                            where bank_id = t.bank_id and position = t.position offset 0) e
            where t.bank_id = w.bank_id and t.key = tag_key(w.volunteer_id, about.topic)
              and e.topic = about.topic and w.volunteer_id = any (e.tags)
       ) said
 where said.topics = '{volunteer-registered}'
