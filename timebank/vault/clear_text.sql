-- has_clear --
select to_regclass('person_in_clear') is not null

-- clear --
select bank_id, volunteer_id, name, phone, skills, alias from person_in_clear order by bank_id, volunteer_id

-- create_clear --
create table person_in_clear (bank_id uuid, volunteer_id text, name text, phone text, skills text[], alias text)

-- drop_clear --
drop table if exists person_in_clear

-- keep_no_segments --
-- What is over is removed, instead of being kept to be written over some day.
alter system set wal_recycle = off

-- keep_segments --
alter system reset wal_recycle

-- reload --
select pg_reload_conf()

-- no_hurry --
set statement_timeout = 0

-- as_before --
reset statement_timeout

-- forget_values --
-- The most common values of each column are kept for planning, and dead rows of them until their pages are written anew.
vacuum full pg_statistic

-- segments_kept --
-- How many segments of the write-ahead log wait, with what they held before, to be written over.
select count(*) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$' and name > pg_walfile_name(pg_current_wal_insert_lsn())

-- next_segment --
select pg_logical_emit_message(false, 'timebank', ''), pg_switch_wal()

-- checkpoint --
checkpoint
