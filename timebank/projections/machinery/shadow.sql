-- begun_table --
-- Where it is noted what is being made: unlogged as the new tables are, so that a crash empties both.
create unlogged table if not exists rebuild.begun (projection text primary key, version int not null, shape text not null)

-- reached_table --
-- And where, how far it is filled.
create unlogged table if not exists rebuild.reached (
    projection text, bank_id uuid, position bigint not null, event_id uuid not null, primary key (projection, bank_id)
)

-- are_there --
select to_regclass('rebuild.begun') is not null and to_regclass('rebuild.reached') is not null

-- shape --
-- The columns and indexes of the live tables, keys included, which are indexes; and which the new tables are. $3 their names
(select md5(string_agg(line, E'\n' order by line))
   from unnest($3::text[]) t (name),
        lateral (
            select format('%s %s %s %s', t.name, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull) as line
              from pg_attribute a
             where a.attrelid = format('public.%I', t.name)::regclass and a.attnum > 0 and not a.attisdropped
            union all
            select pg_get_indexdef(i.indexrelid) from pg_index i
             where i.indrelid = format('public.%I', t.name)::regclass
            union all
            select format('%s %s', t.name, to_regclass(format('rebuild.%I', t.name))::oid)
        ) l)

-- begin --
-- $1 projection  $2 version  $3 its tables
insert into rebuild.begun (projection, version, shape) values ($1, $2, {shape})

-- note --
-- $1 projection  $2 bank  $3 position
insert into rebuild.reached (projection, bank_id, position, event_id)
select $1, $2, $3, event_id from event where bank_id = $2 and position = $3
    on conflict (projection, bank_id) do update set position = excluded.position, event_id = excluded.event_id

-- reached --
-- How far the new tables are filled, and whether they are still to be filled further. $1 projection  $2 version
-- $3 its tables
select r.bank_id, r.position,
       b.version = $2 and b.shape = {shape} and e.event_id is not distinct from r.event_id as can_go_on
  from rebuild.begun b join rebuild.reached r using (projection)
       left join event e on e.bank_id = r.bank_id and e.position = r.position
 where projection = $1

-- forget_begun --
-- $1 projection
delete from rebuild.begun where projection = $1

-- forget_reached --
-- $1 projection
delete from rebuild.reached where projection = $1

-- is_kept --
-- Whether a table outlives a crash: it then has its indexes too. $1 schema  $2 table
select relpersistence = 'p' from pg_class where oid = format('%I.%I', $1::text, $2::text)::regclass

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

