-- open --
insert into node (bank_id, node_id, level, depth, from_day)
select $1, f.*
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, level text, depth int, from_day date)

-- name --
insert into node_name (bank_id, node_id, from_day, name)
select distinct on (f.node_id, f.from_day) $1, f.node_id, f.from_day, f.name
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, from_day date, name text)
 order by f.node_id, f.from_day, e.position desc

-- names_of --
-- What nodes are called last. $1 bank  $2 nodes
select distinct on (node_id) node_id, name from node_name where bank_id = $1 and node_id = any ($2)
 order by node_id, from_day desc

-- stand --
insert into node_stand (bank_id, node_id, level, from_day, parent_id, into_id)
select $1, f.node_id, coalesce(f.level, (select n.level from node n where n.bank_id = $1 and n.node_id = f.node_id)),
       f.from_day, f.parent_id, f.into_id
  from facts_between($1, $2, $3, $4) e,
       jsonb_to_record(e.data) f (node_id text, level text, from_day date, parent_id text, into_id text)

-- stand_until --
-- And until when: the day before they are below another.
update node_stand t set until_day = stood.until_day
  from (select distinct f.node_id
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text)) f,
       lateral (
           select s.from_day, lead(s.from_day) over (order by s.from_day) - 1 as until_day
             from node_stand s where s.bank_id = $1 and s.node_id = f.node_id
           offset 0
       ) stood
 where t.bank_id = $1 and t.node_id = f.node_id and t.from_day = stood.from_day
   and t.until_day is distinct from stood.until_day

-- close --
update node n set until_day = f.until_day
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (node_id text, until_day date)
 where n.bank_id = $1 and n.node_id = f.node_id

-- seen --
-- $1 bank  $2 day
select n.node_id, n.level, n.depth, n.from_day, n.until_day, s.parent_id, s.into_id,
       (select m.name from node_name m
         where m.bank_id = n.bank_id and m.node_id = n.node_id and m.from_day <= greatest($2::date, n.from_day)
         order by m.from_day desc limit 1) as name
  from node n
  join lateral (select t.from_day, t.parent_id, t.into_id from node_stand t
                 where t.bank_id = n.bank_id and t.node_id = n.node_id and t.from_day <= greatest($2::date, n.from_day)
                 order by t.from_day desc limit 1) s on true
 where n.bank_id = $1

-- one --
-- $1 bank  $2 day  $3 node
{seen} and n.node_id = $3

-- below --
-- What is directly below a node on a day, or at the top; what became a part of it as well.
-- $1 bank  $2 day  $3 node, or nothing  $4 after this node  $5 at most
select below.*
  from (select distinct t.node_id
          from node_stand t
         where t.bank_id = $1 and coalesce(t.into_id, t.parent_id, '') = $3 and t.node_id > $4
         order by t.node_id) child,
       lateral (
           {seen}
              and n.node_id = child.node_id and coalesce(s.into_id, s.parent_id, '') = $3
              and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2)
           offset 0
       ) below
 order by child.node_id limit $5

-- every --
-- All that are there on a day. $1 bank  $2 day  $3 after this node  $4 at most
{seen}
   and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2) and n.node_id > $3
 order by n.node_id limit $4

-- changes --
-- How many facts changed the tree after a position, and where the last of them is. $1 bank  $2 position  $3 topics
select count(*) as facts, coalesce(max(found.position), $2) as last
  from unnest($3::text[]) wanted (topic),
       lateral (
           select position from event
            where key_in(bank_id, topic) = key_in($1, wanted.topic) and position > $2
              and case topic when wanted.topic then case bank_id when $1 then true else false end else false end
           offset 0
       ) found

-- of_level --
-- Nodes of a level that are there on a day, in order. $1 bank  $2 day  $3 level  $4 after this node
select n.bank_id, n.node_id, n.level, n.depth, n.from_day, n.until_day, s.parent_id, s.into_id
  from node n,
       lateral (
           select t.parent_id, t.into_id from node_stand t
            where t.bank_id = $1 and t.node_id = n.node_id and t.from_day <= greatest($2::date, n.from_day)
            order by t.from_day desc limit 1
       ) s
 where n.bank_id = $1 and n.level = $3 and n.from_day <= $2 and (n.until_day is null or n.until_day >= $2)
   and s.into_id is null and n.node_id > $4
 order by n.node_id

-- vacant --
-- Those of them that nobody leads on a day, of the next so many. $1 to $4 as before  $5 how many are looked at
-- $6 at most
select n.node_id, n.level, n.depth, n.from_day, n.until_day, n.parent_id, n.into_id,
       (select m.name from node_name m
         where m.bank_id = n.bank_id and m.node_id = n.node_id and m.from_day <= greatest($2::date, n.from_day)
         order by m.from_day desc limit 1) as name
  from (select l.*
          from ({of_level} limit $5) l
         where (select true from appointment a
                 where a.bank_id = $1 and a.node_id = l.node_id and a.status = 'in force'
                   and coalesce(a.valid_from, $2) <= $2 and coalesce(a.valid_until, $2) >= $2
                 limit 1) is null
         limit $6) n
 order by n.node_id

-- last_looked_at --
-- The last of so many. $1 to $4 as before  $5 how many but one
select node_id from ({of_level} offset $5 limit 1) n

-- chain --
-- A node and all above it on a day, upwards. $1 bank  $2 day  $3 node
with recursive climb as (
    select $3::text as node_id, 0 as steps
    union all
    select coalesce(t.into_id, t.parent_id), c.steps + 1
      from climb c
      join lateral (select s.into_id, s.parent_id from node_stand s
                     where s.bank_id = $1 and s.node_id = c.node_id and s.from_day <= $2
                     order by s.from_day desc limit 1) t on coalesce(t.into_id, t.parent_id) is not null
)
select node_id from climb order by steps

-- stood_below --
-- Below which others a node was at some time between two days, or a part of which, and those above it; at the top below
-- nothing. $1 bank  $2 node  $3 first day  $4 last day
with recursive climb as (
    select s.node_id, coalesce(s.into_id, s.parent_id, '') as above
      from node_stand s
     where s.bank_id = $1 and s.node_id = $2 and s.from_day <= $4 and (s.until_day is null or s.until_day >= $3)
    union
    select s.node_id, coalesce(s.into_id, s.parent_id, '')
      from climb c
      join node_stand s on s.bank_id = $1 and s.node_id = c.above
                       and s.from_day <= $4 and (s.until_day is null or s.until_day >= $3)
)
select node_id, above from climb
