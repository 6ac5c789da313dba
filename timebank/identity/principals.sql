-- merges_of --
-- The facts by which somebody's registration was merged, whichever way, as the log has them.
array(select e.data
        from event_tag t,
             lateral (
                 select * from event e
                  where e.bank_id = s.bank_id and e.position = t.position and e.topic = 'registrations-merged'
                    and s.volunteer_id = any (e.tags)
                 offset 0
             ) e
       where t.bank_id = s.bank_id and t.key = tag_key(s.volunteer_id, 'registrations-merged'))

-- merges --
-- $1 bank  $2 volunteer
select {merges_of} as merges from volunteer s where s.bank_id = $1 and s.volunteer_id = $2

-- by_session --
-- Who has a session, whether they are suspended, and the offices they hold; whether they have a second factor and did
-- not say it, and since when an administrator without one is asked for it; what was merged with their registration.
-- $1 session  $2 bank  $3 volunteer  $4 now
select b.timezone,
       coalesce((select e.topic = 'volunteer-suspended'
                   from event_tag t,
                        lateral (
                            select * from event e
                             where e.bank_id = s.bank_id and e.position = t.position and s.volunteer_id = any (e.tags)
                               and e.topic in ('volunteer-suspended', 'volunteer-reinstated')
                            offset 0
                        ) e
                  where t.bank_id = s.bank_id
                    and t.key in (tag_key(s.volunteer_id, 'volunteer-suspended'),
                                  tag_key(s.volunteer_id, 'volunteer-reinstated'))
                  order by e.position desc limit 1), false) as is_suspended,
       coalesce((select json_agg(json_build_array(a.office, a.valid_from, a.valid_until, a.appointment_id, a.node_id))
                   from appointment a
                  where a.bank_id = s.bank_id and a.volunteer_id = s.volunteer_id and a.status = 'in force'
                    and a.organisation_id is null),
                '[]'::json)::text as offices,
       s.proved_at is null and has.factor as owes_factor,
       {merges_of} as merges,
       (select case when count(*) > 0 then greatest(b.second_factor_since, min(e.recorded_at)) end
          from appointment a
          join event_tag t on t.bank_id = a.bank_id and t.key = tag_key(a.appointment_id, 'appointment-made')
          join lateral (
                   select * from event e
                    where e.bank_id = a.bank_id and e.position = t.position and e.topic = 'appointment-made'
                      and a.appointment_id = any (e.tags)
                   offset 0
               ) e on true
         where a.bank_id = s.bank_id and a.volunteer_id = s.volunteer_id and a.status = 'in force'
           and a.office = 'administrator' and not has.factor) as factor_asked_since
  from session s
  join bank b using (bank_id),
       lateral (select exists (select from sealed_secret x
                                where x.bank_id = s.bank_id and x.volunteer_id = s.volunteer_id
                                  and x.kind = 'second-factor') as factor) has
 where s.session_id = $1 and s.bank_id = $2 and s.volunteer_id = $3 and s.revoked_at is null and s.expires_at > $4

-- by_key --
-- Whose key it is, and until when it is worth something: no longer than whoever issued it manages the organisation, as
-- its coordinator or as an administrator, for they know its secret; what the operator issued has no such end. A
-- suspended organisation's is good for nothing, nor is one of an issuer who is suspended. What is asked of the log itself
-- is never behind it. $1 key  $2 now
select k.bank_id, k.key_id, k.organisation_id, k.permissions, k.secret_hash, b.timezone, issued.by as issued_by,
       issued.authority as issued_as,
       least(k.expires_at, (nullif(manages.until, 'infinity') + 1)::timestamp at time zone b.timezone) as expires_at
  from api_key k join bank b using (bank_id),
       lateral (select ($2::timestamptz at time zone b.timezone)::date as today) now,
       lateral (select e.actor as by, e.authority
                  from event_tag t,
                       lateral (
                           select * from event e
                            where e.bank_id = k.bank_id and e.position = t.position and e.topic = 'api-key-issued'
                              and k.key_id = any (e.tags)
                           offset 0
                       ) e
                 where t.bank_id = k.bank_id and t.key = tag_key(k.key_id, 'api-key-issued')
                 order by t.position limit 1) issued,
       lateral (select (array_agg(e.topic order by e.position desc))[1]
                           in ('membership-approved', 'membership-role-changed') as is_member,
                       (array_agg(convert_from(e.data, 'UTF8')::jsonb order by e.position desc)
                           filter (where e.topic in ('membership-requested', 'membership-invited',
                                                     'membership-role-changed')))[1] as said
                  from event_tag t,
                       lateral (
                           select * from event e
                            where e.bank_id = k.bank_id and e.position = t.position and issued.by = any (e.tags)
                              and k.organisation_id = any (e.tags) and e.topic like 'membership-%'
                            offset 0
                       ) e
                 where t.bank_id = k.bank_id
                   and t.key in (tag_key(issued.by, 'membership-requested'), tag_key(issued.by, 'membership-invited'),
                                 tag_key(issued.by, 'membership-approved'), tag_key(issued.by, 'membership-declined'),
                                 tag_key(issued.by, 'membership-role-changed'),
                                 tag_key(issued.by, 'membership-ended'))) membership,
       lateral (select max(coalesce(term.until, 'infinity')) as until
                  from (select null::date as since, null::date as until
                         where issued.authority = 'operator'
                        union all
                        select a.valid_from, a.valid_until
                          from appointment a
                         where a.bank_id = k.bank_id and a.volunteer_id = issued.by and a.status = 'in force'
                           and a.office = 'administrator'
                        union all
                        select (membership.said ->> 'valid_from')::date, (membership.said ->> 'valid_until')::date
                         where membership.is_member and membership.said ->> 'role' = 'coordinator') term
                 where coalesce(term.since, now.today) <= now.today and coalesce(term.until, now.today) >= now.today
               ) manages
 where k.key_id = $1 and k.status <> 'revoked' and manages.until is not null
   and coalesce((select e.topic = 'volunteer-reinstated'
                   from event_tag t,
                        lateral (
                            select * from event e
                             where e.bank_id = k.bank_id and e.position = t.position and issued.by = any (e.tags)
                               and e.topic in ('volunteer-suspended', 'volunteer-reinstated')
                            offset 0
                        ) e
                  where t.bank_id = k.bank_id
                    and t.key in (tag_key(issued.by, 'volunteer-suspended'),
                                  tag_key(issued.by, 'volunteer-reinstated'))
                  order by e.position desc limit 1), true)
   and coalesce((select e.topic = 'organisation-reinstated'
                   from event_tag t,
                        lateral (
                            select * from event e
                             where e.bank_id = k.bank_id and e.position = t.position
                               and k.organisation_id = any (e.tags)
                               and e.topic in ('organisation-suspended', 'organisation-reinstated')
                            offset 0
                        ) e
                  where t.bank_id = k.bank_id
                    and t.key in (tag_key(k.organisation_id, 'organisation-suspended'),
                                  tag_key(k.organisation_id, 'organisation-reinstated'))
                  order by e.position desc limit 1), true)

-- key_used --
-- Nor does whoever comes with a key wait for a standby with this. $1 bank  $2 key  $3 now
with before as (
    select last_used_at from api_key_use where bank_id = $1 and key_id = $2
), noted as (
    insert into api_key_use (bank_id, key_id, last_used_at) values ($1, $2, $3)
        on conflict (bank_id, key_id) do update set last_used_at = excluded.last_used_at
)
select coalesce((select date_trunc('hour', last_used_at) < date_trunc('hour', $3::timestamptz) from before), true),
       set_config('synchronous_commit', 'local', true)

-- last_used --
-- $1 bank  $2 keys
select key_id, last_used_at from api_key_use where bank_id = $1 and key_id = any ($2)

-- tell --
-- $1 channel  $2 whom it concerns
select pg_notify($1, $2)
