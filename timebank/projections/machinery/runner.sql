-- begin --
-- Make a checkpoint for what has none yet. $1 bank  $2 projections  $3 versions
insert into checkpoint (projection, version, bank_id, position)
select p.name, p.version, $1, 0 from unnest($2::text[], $3::int[]) p (name, version) on conflict do nothing

-- hold --
-- The checkpoints, held until the transaction ends: one runner at a time moves them. $1 bank  $2 projections
select projection, position, stuck_on from checkpoint
 where bank_id = $1 and projection = any ($2) order by projection for update

-- peek --
-- $1 bank  $2 projections
select projection, position, stuck_on from checkpoint where bank_id = $1 and projection = any ($2)

-- topics --
-- Which topics occur in a stretch. $1 bank  $2 after  $3 until
select distinct topic from event where bank_id = $1 and position > $2 and position <= $3

-- topics_of_many --
-- The same of a long stretch: each topic there is looked for by itself. $1 bank  $2 after  $3 until  $4 topics
select topic.topic from unnest($4::text[]) topic (topic)
 where exists (select from event
                where key_in(bank_id, event.topic) = key_in($1, topic.topic) and position > $2 and position <= $3
                  and case event.topic when topic.topic then case bank_id when $1 then true else false end else false end
               offset 0)

-- advance --
-- $1 bank  $2 projections  $3 position
update checkpoint set position = $3, stuck_on = null where bank_id = $1 and projection = any ($2)

-- stick --
-- Note the topic of the fact that a projection cannot take in, for all processes. $1 bank  $2 projection
update checkpoint c
   set stuck_on = coalesce((select e.topic from event e where e.bank_id = c.bank_id and e.position = c.position + 1), '')
 where bank_id = $1 and projection = $2
returning position + 1 as position, stuck_on as topic

-- settle --
-- $1 projection  $2 version  $3 bank  $4 position
insert into checkpoint (projection, version, bank_id, position) values ($1, $2, $3, $4)
    on conflict (projection, bank_id) do update set version = excluded.version, position = excluded.position, stuck_on = null

-- outdated --
-- Projections whose rows were made by another version. $1 projections  $2 versions
select distinct c.projection from checkpoint c
  join unnest($1::text[], $2::int[]) p (name, version) on p.name = c.projection and p.version <> c.version

-- head --
-- $1 bank
select head from bank where bank_id = $1

-- heads --
select bank_id, head from bank order by bank_id

-- lags --
-- By how many facts each projection is behind, in the bank where that is most. $1 projections
select c.projection, max(b.head - c.position) as events
  from checkpoint c join bank b using (bank_id)
 where c.projection = any ($1)
 group by c.projection

-- behind --
-- Projections that have not come to the end of the log. $1 projections
select c.bank_id, c.projection, c.position, c.stuck_on, b.head - c.position as behind
  from checkpoint c join bank b using (bank_id)
 where c.projection = any ($1) and (c.position < b.head or c.stuck_on is not null)
 order by behind desc limit 50
