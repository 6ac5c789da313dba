-- reserve --
insert into redemption (bank_id, redemption_id, reward_id, volunteer_id, beneficiary_id, provider_id, name, kind,
                        cost_minutes, period, slot, expires_at, reserved_by, status, reserved_at,
                        position)
select $1, f.*, 'reserved', e.recorded_at, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (redemption_id text, reward_id text, volunteer_id text, beneficiary_id text, provider_id text,
                   name text, kind text, cost_minutes int, period text, slot timestamptz, expires_at timestamptz,
                   reserved_by text)

-- end --
update redemption r
   set status = case e.topic when 'reward-fulfilled' then 'fulfilled' when 'reservation-cancelled' then 'cancelled'
                else 'expired' end,
       ended_at = e.recorded_at, ended_by = coalesce(f.fulfilled_by, f.cancelled_by), reason = f.reason,
       position = e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (redemption_id text, fulfilled_by text, cancelled_by text, reason text)
 where r.bank_id = $1 and r.redemption_id = f.redemption_id

-- count --
-- What is taken of rewards.
insert into reward_taken as t (bank_id, reward_id, period, slot, taken)
select $1, f.reward_id, f.period, coalesce(f.slot, '-infinity'),
       sum(case when e.topic = 'reward-reserved' then 1 else -1 end)
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (reward_id text, period text, slot timestamptz)
 group by f.reward_id, f.period, coalesce(f.slot, '-infinity')
    on conflict (bank_id, reward_id, period, slot) do update set taken = t.taken + excluded.taken

-- view --
select r.redemption_id, r.reward_id, r.volunteer_id, r.beneficiary_id, r.provider_id, r.name, r.kind, r.cost_minutes,
       r.slot, r.status, r.reserved_by, r.reserved_at, r.expires_at, r.ended_at, r.ended_by, r.reason, r.position
  from redemption r

-- one --
-- $1 bank  $2 redemption
{view}
 where r.bank_id = $1 and r.redemption_id = $2

-- code_hash --
-- $1 bank  $2 redemption  $3 topic of the fact
select convert_from(e.data, 'UTF8')::jsonb ->> 'code_hash'
  from event_tag t,
       lateral (
           select * from event e
            where e.bank_id = $1 and e.position = t.position and e.topic = $3 and $2 = any (e.tags) offset 0
       ) e
 where t.bank_id = $1 and t.key = tag_key($2, $3)

-- else --
-- $1 bank  $2 of these providers (null: of all)  $3 or whose own  $4 reward or null  $5 statuses
-- $6 before this redemption or null  $7 at most
r.bank_id = $1 and ($4::text is null or r.reward_id = $4) and ($6::text is null or r.redemption_id < $6)

-- all --
-- Newest first, each status by its own index.
select r.*
  from unnest($5::text[]) wanted (status),
       lateral (
           {view}
            where {else} and r.status = wanted.status
              and ($2::text[] is null or r.provider_id = any ($2) or r.volunteer_id = $3 or r.beneficiary_id = $3)
            order by r.redemption_id desc limit $7
       ) r
 order by r.redemption_id desc limit $7

-- seen --
-- What some organisations provide, and what somebody pays for or gets.
select r.*
  from (select provided.*
          from unnest($2::text[]) provider (id), unnest($5::text[]) wanted (status),
               lateral (
                   {view}
                    where {else} and r.provider_id = provider.id and r.status = wanted.status
                    order by r.redemption_id desc limit $7
               ) provided
         union
        (select own.* from ({view} where {else} and r.volunteer_id = $3 and r.status = any ($5)
                             order by r.redemption_id desc limit $7) own)
         union
        (select own.* from ({view} where {else} and r.beneficiary_id = $3 and r.status = any ($5)
                             order by r.redemption_id desc limit $7) own)) r
 order by r.redemption_id desc limit $7

-- of_person --
-- What somebody pays for or gets ($8), of what some organisations provide or somebody pays for or gets themselves.
select r.*
  from ((select own.* from ({view} where {else} and r.volunteer_id = $8 and r.status = any ($5)
                               and ($2::text[] is null or r.provider_id = any ($2) or $8 = $3 or r.beneficiary_id = $3)
                             order by r.redemption_id desc limit $7) own)
         union
        (select own.* from ({view} where {else} and r.beneficiary_id = $8 and r.status = any ($5)
                               and ($2::text[] is null or r.provider_id = any ($2) or $8 = $3 or r.volunteer_id = $3)
                             order by r.redemption_id desc limit $7) own)) r
 order by r.redemption_id desc limit $7

-- expiring --
-- What is reserved in a bank, what expires next first. $1 bank  $2 after this moment  $3 and this redemption, or null
-- $4 at most
{view}
 where r.bank_id = $1 and r.status = 'reserved'
   and ($2::timestamptz is null or r.expires_at >= $2 and (r.expires_at, r.redemption_id) > ($2, $3::text))
 order by r.expires_at, r.redemption_id limit $4

-- expires_at --
-- $1 bank  $2 redemption
select expires_at from redemption where bank_id = $1 and redemption_id = $2

-- due --
-- What is reserved still though its time is over, by bank. $1 now  $2 at most of a bank
select b.bank_id, b.timezone, array_agg(due.redemption_id) as overdue
  from bank b,
       lateral (
           select r.redemption_id from redemption r
            where r.bank_id = b.bank_id and r.status = 'reserved' and r.expires_at <= $1
            order by r.expires_at limit $2
       ) due
 group by b.bank_id
