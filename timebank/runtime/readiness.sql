-- little_memory --
-- What has no room in it is put on the disk, and the disk may be full.
set local work_mem = '64kB'

-- much --
select count(*) from generate_series(1, 20000)

-- server --
select pg_is_in_recovery() as is_in_recovery, current_setting('transaction_read_only')::bool as is_read_only
