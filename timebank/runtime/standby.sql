-- standby --
-- Whether commits wait for standbys, whether one of those is there, and whether whoever asks may know.
select current_setting('synchronous_standby_names') <> ''
           and current_setting('synchronous_commit') in ('on', 'remote_apply') as are_waited_for,
       exists (select from pg_stat_replication where state = 'streaming' and sync_state in ('sync', 'quorum')) as is_there,
       pg_has_role('pg_read_all_stats', 'usage') as may_know
