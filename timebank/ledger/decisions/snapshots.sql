-- known --
-- Which snapshots there are of memories, and by which rules; only such as lie in the log as it is. $1 bank
select s.kind, s.whom, s.position, s.code
  from memory_snapshot s
  join event e on e.bank_id = s.bank_id and e.position = s.position and e.event_id = s.event_id
 where s.bank_id = $1

-- states --
-- $1 bank  $2 code  $3 up to  $4 kinds  $5 whom, pair by pair
select s.kind, s.whom, s.position, s.state
  from unnest($4::text[], $5::text[]) wanted (kind, whom)
  join memory_snapshot s on s.bank_id = $1 and s.kind = wanted.kind and s.whom = wanted.whom
  join event e on e.bank_id = s.bank_id and e.position = s.position and e.event_id = s.event_id
 where s.code = $2 and s.position <= $3

-- all --
-- $1 bank  $2 code
select kind, whom, position, state from memory_snapshot where bank_id = $1 and code = $2 order by kind, whom

-- keep --
-- One snapshot; of two by the same rules the later one. $1 bank  $2 kind  $3 whom  $4 position  $5 code  $6 state
insert into memory_snapshot as s (bank_id, kind, whom, position, event_id, code, state)
select $1, $2, $3, $4, e.event_id, $5, $6 from event e where e.bank_id = $1 and e.position = $4
    on conflict (bank_id, kind, whom) do update
   set position = excluded.position, event_id = excluded.event_id, code = excluded.code, state = excluded.state
 where s.code <> excluded.code or s.position <= excluded.position

-- drop --
-- $1 bank  $2 kind  $3 whom
delete from memory_snapshot where bank_id = $1 and kind = $2 and whom = $3
