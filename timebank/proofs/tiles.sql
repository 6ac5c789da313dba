-- hashes --
-- The hashes of some tiles, each tile's in one string of bytes. $1 bank  $2 levels  $3 first hashes  $4 widths
select case when t.level = 0
            then (select string_agg(e.leaf, ''::bytea order by e.position) from event e
                   where e.bank_id = $1 and e.position > t.first and e.position <= t.first + t.width)
            else (select string_agg(r.root, ''::bytea order by r.number) from tile r
                   where r.bank_id = $1 and r.level = t.level - 1 and r.number >= t.first
                     and r.number < t.first + t.width)
       end as hashes
  from unnest($2::smallint[], $3::bigint[], $4::int[]) with ordinality t (level, first, width, n)
 order by t.n

-- keep --
-- Keep tiles that are full, unless they are kept already. $1 bank  $2 levels  $3 numbers  $4 roots
insert into tile (bank_id, level, number, root)
select $1, t.* from unnest($2::smallint[], $3::bigint[], $4::bytea[]) t on conflict do nothing

-- otherwise --
-- Where another root is kept than is now said. $1 bank  $2 levels  $3 numbers  $4 roots
select t.level, t.number
  from unnest($2::smallint[], $3::bigint[], $4::bytea[]) t (level, number, root)
       join tile kept on kept.bank_id = $1 and kept.level = t.level and kept.number = t.number and kept.root <> t.root
 order by t.level, t.number limit 1
