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

-- erased --
-- Whom the logs of all banks say to be erased, under all their numbers.
select e.bank_id, of.volunteer_id
  from bank b
  join event e on e.bank_id = b.bank_id and e.topic = 'volunteer-erased',
       lateral (
           select tag as volunteer_id from unnest(e.tags) tag where tag ~ '^vol_[^@]*$'
           union all
           select jsonb_array_elements_text(convert_from(e.data, 'UTF8')::jsonb -> 'earlier_ids')
       ) of

-- not_erased --
-- Who was registered, is not erased, and was not merged with another number. $1 banks  $2 volunteers, one by one
select w.bank_id, w.volunteer_id
  from unnest($1::uuid[], $2::text[]) w (bank_id, volunteer_id)
 where exists (select from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
                where t.bank_id = w.bank_id and t.key = tag_key(w.volunteer_id, 'volunteer-registered')
                  and e.topic = 'volunteer-registered' and w.volunteer_id = any (e.tags))
   and not exists (select from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
                    where t.bank_id = w.bank_id and t.key = tag_key(w.volunteer_id, 'volunteer-erased')
                      and e.topic = 'volunteer-erased' and w.volunteer_id = any (e.tags))
   and not exists (select from event_tag t join event e on e.bank_id = t.bank_id and e.position = t.position
                    where t.bank_id = w.bank_id and t.key = tag_key(w.volunteer_id, 'registrations-merged')
                      and e.topic = 'registrations-merged'
                      and convert_from(e.data, 'UTF8')::jsonb ->> 'merged_id' = w.volunteer_id)
