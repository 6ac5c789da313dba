-- server --
-- Which cluster this is, and which timeline it writes on; none while it is a standby.
select system_identifier,
       case when pg_is_in_recovery() then null
            else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline
  from pg_control_system()
