-- only_one --
-- Wait until nobody else rebuilds it. $1 projection
select pg_advisory_lock(hashtextextended('timebank.rebuild.' || $1::text, 0))

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
