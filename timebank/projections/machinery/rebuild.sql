-- only_one --
-- Wait until nobody else rebuilds it. $1 projection
select pg_advisory_lock(hashtextextended('timebank.rebuild.' || $1::text, 0))

-- one_schema --
-- Until the transaction ends nobody else makes the schema: two at once, and one would fail.
select pg_advisory_xact_lock(hashtext('timebank.rebuild'))

-- one_index --
-- Wait until nobody else makes indexes, until the transaction ends: each takes much memory.
select pg_advisory_xact_lock(hashtext('timebank.rebuild.indexes'))

-- settings --
-- The statements that give another table of the same name a table's storage parameters and grants. $1 table  $2 schema
select coalesce(array_agg(statement), '{}')
  from pg_class c,
       lateral (
           select format('alter table %I.%I set (%s)', $2::text, $1::text, array_to_string(c.reloptions, ', ')) as statement
            where c.reloptions is not null
            union all
           select format('grant %s on %I.%I to %s%s', a.privilege_type, $2::text, $1::text,
                         case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
                         case when a.is_grantable then ' with grant option' else '' end)
             from aclexplode(c.relacl) a
       ) s
 where c.oid = format('public.%I', $1::text)::regclass

-- views --
-- The statements that make the views on a table anew, with tables as the search path finds them. $1 table
select distinct format('create or replace view public.%I%s as %s', v.relname,
                       ' with (' || array_to_string(v.reloptions, ', ') || ')', pg_get_viewdef(v.oid)) as statement
  from pg_depend d join pg_rewrite r on r.oid = d.objid join pg_class v on v.oid = r.ev_class
 where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
   and d.refobjid = format('public.%I', $1::text)::regclass and v.relkind = 'v'

-- indexes --
-- Indexes by what they are on, whatever they are called. $1 schema  $2 table
select c.relname as name,
       regexp_replace(pg_get_indexdef(c.oid), '^CREATE (UNIQUE )?INDEX .*? ON .*? USING', '\1') as shape
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where i.indrelid = format('%I.%I', $1::text, $2::text)::regclass

-- keys --
-- The keys of a table, as they are added to another. $1 table
select pg_get_constraintdef(k.oid) as key
  from pg_constraint k
 where k.conrelid = format('public.%I', $1::text)::regclass and k.contype in ('p', 'u')

-- other_indexes --
-- The statements that give another table of the same name the indexes that are no keys. $1 table  $2 schema
select regexp_replace(pg_get_indexdef(i.indexrelid), ' INDEX .*? ON .*? USING ',
                      format(' INDEX ON %I.%I USING ', $2::text, $1::text)) as statement
  from pg_index i
 where i.indrelid = format('public.%I', $1::text)::regclass
   and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))

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
