-- tables --
-- All tables, with the columns that are stored, and the tables that their rows refer to.
select c.relname as name,
       array(select a.attname from pg_attribute a
              where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
              order by a.attnum) as columns,
       array(select r.confrelid::regclass::text from pg_constraint r
              where r.conrelid = c.oid and r.contype = 'f' and r.confrelid <> c.oid) as refers_to
  from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
 order by c.relname

-- sequences --
-- The columns of a table that a sequence numbers, and the sequence. $1 table
select a.attname as name, pg_get_serial_sequence(format('public.%I', $1::text), a.attname) as sequence
  from pg_attribute a
 where a.attrelid = format('public.%I', $1::text)::regclass and a.attnum > 0 and not a.attisdropped
   and pg_get_serial_sequence(format('public.%I', $1::text), a.attname) is not null

-- unhurried --
-- Whoever reads or writes the file may take their time.
set local idle_in_transaction_session_timeout = 0

-- migrations --
select version from schema_migrations order by version

-- banks --
select bank_id::text as bank_id, name, head from bank order by bank_id

-- is_used --
-- Whether there is a bank.
select exists (select from bank)

-- everything --
-- What drops all that this program has made in a database; what belongs to an extension is not ours.
select format('drop table public.%I cascade', c.relname) as statement
  from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
 union all
select format('drop function if exists %s cascade', p.oid::regprocedure)
  from pg_proc p
 where p.pronamespace = 'public'::regnamespace
   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')

-- highest --
-- Let a sequence go on after what is there. $1 sequence  $2 the highest number, null if there is none
select setval($1::text::regclass, coalesce($2::bigint, 1), $2::bigint is not null)
