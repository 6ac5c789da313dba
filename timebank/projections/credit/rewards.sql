-- publish --
insert into reward (bank_id, reward_id, provider_id, status, terms, position)
select $1, f.reward_id, f.provider_id, 'published', f.terms, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (reward_id text, provider_id text, terms jsonb)

-- amend --
update reward r set provider_id = f.provider_id, terms = f.terms, position = f.position
  from (select distinct on (f.reward_id) f.*, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                        f (reward_id text, provider_id text, terms jsonb)
         order by f.reward_id, e.position desc) f
 where r.bank_id = $1 and r.reward_id = f.reward_id

-- set_status --
-- An amendment may have come later: the position is that of whatever happened last.
update reward r
   set status = case latest.topic when 'reward-paused' then 'paused' when 'reward-withdrawn' then 'withdrawn'
                else 'published' end,
       reason = latest.reason, position = greatest(r.position, latest.position)
  from (select distinct on (f.reward_id) f.reward_id, f.reason, e.topic, e.position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (reward_id text, reason text)
         order by f.reward_id, e.position desc) latest
 where r.bank_id = $1 and r.reward_id = latest.reward_id

-- names_of --
-- $1 bank  $2 rewards
select reward_id, terms->>'name' as name from reward where bank_id = $1 and reward_id = any ($2)

-- view --
select r.reward_id, r.status, r.terms, r.reason, r.position from reward r

-- one --
-- $1 bank  $2 reward
{view}
 where r.bank_id = $1 and r.reward_id = $2

-- is_known --
-- $1 bank  $2 reward
select true from reward where bank_id = $1 and reward_id = $2

-- page --
-- In the order in which they were published, each status by its own index. $1 bank  $2 statuses  $3 kind or null
-- $4 after this reward  $5 at most
select r.*
  from unnest($2::text[]) wanted (status),
       lateral (
           {view}
            where r.bank_id = $1 and r.status = wanted.status and ($3::text is null or r.terms ->> 'kind' = $3)
              and r.reward_id > $4
            order by r.reward_id limit $5
       ) r
 order by r.reward_id limit $5

-- taken --
-- How many are reserved or fulfilled of rewards in their present periods. $1 bank  $2 rewards  $3 periods
select t.reward_id, sum(t.taken)::bigint as taken
  from unnest($2::text[], $3::text[]) p (reward_id, period)
  join reward_taken t on t.bank_id = $1 and t.reward_id = p.reward_id and t.period = p.period
 group by t.reward_id

-- places --
-- How many places of each appointment are taken. $1 bank  $2 rewards
select reward_id, slot, sum(taken)::bigint as taken
  from reward_taken
 where bank_id = $1 and reward_id = any ($2) and slot <> '-infinity'
 group by reward_id, slot
