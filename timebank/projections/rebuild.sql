-- lock_checkpoints --
-- $1 projection
select from checkpoint where projection = $1 order by bank_id for update

-- indexes --
-- Indexes by what they are on, whatever they are called. $1 schema  $2 table
select c.relname as name,
       regexp_replace(pg_get_indexdef(c.oid), '^CREATE (UNIQUE )?INDEX .*? ON .*? USING', '\1') as shape
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where i.indrelid = format('%I.%I', $1::text, $2::text)::regclass

-- digest --
-- How many rows a bank has in a table, and a hash of them all that does not depend on their order. $1 bank
select format('%s:%s', count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0))
  from {table} t where t.bank_id = $1

-- differences --
-- Rows that are in one table and not in the other. $1 bank
(select 'live:    ' || t::text as line from (select * from public.{table} where bank_id = $1
                                            except select * from pg_temp.{table} where bank_id = $1) t limit 5)
 union all
(select 'rebuilt: ' || t::text from (select * from pg_temp.{table} where bank_id = $1
                                     except select * from public.{table} where bank_id = $1) t limit 5)
