-- by --
-- What one actor caused. `case` hides from the planner that the texts and the hash say the same: by the key of the bank
-- it would go through all its facts, where it knows nothing of the table yet. $1 bank  $2 actor
key_in(bank_id, actor) = key_in($1, $2)
              and case actor when $2 then true else false end and case bank_id when $1 then true else false end

-- since --
-- Whether one of somebody's latest facts is from today. $1 bank  $2 actor  $3 how many later ones there are  $4 midnight
select recorded_at >= $4 from event
 where bank_id = $1 and position = (
           select position from event
            where {by}
            order by position desc offset $3 limit 1)

-- own --
-- How many facts somebody caused today in their own matters, or in those of whom they act for.
-- $1 bank  $2 actor  $3 midnight  $4 how many of their latest facts to look at
select count(*)
  from (select recorded_at, authority, tags, coalesce(on_behalf_of, actor) as whose
          from event where {by}
         order by position desc limit $4) latest
 where recorded_at >= $3 and authority in ('volunteer', 'proxy') and whose = any (tags)
