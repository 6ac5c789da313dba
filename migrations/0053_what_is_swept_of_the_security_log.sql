-- migrate:up

-- Whatever the service says, the last thirty days of the security log stay: a service whose clock is wrong, or that
-- somebody else speaks through, cannot have what it has just done deleted.
create or replace function sweep_security_log(sweep_before timestamptz, at_most integer) returns bigint
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    before constant timestamptz := least(sweep_before, now() - interval '30 days');
    gone bigint;
begin
    perform set_config('timebank.sweep_before', before::text, true);
    delete from security_event
     where ctid = any (array(select ctid from security_event where recorded_at < before limit at_most));
    get diagnostics gone = row_count;
    return gone;
end $$;

-- migrate:down

create or replace function sweep_security_log(sweep_before timestamptz, at_most integer) returns bigint
    language plpgsql security definer set search_path = public, pg_temp as $$
declare
    gone bigint;
begin
    perform set_config('timebank.sweep_before', sweep_before::text, true);
    delete from security_event
     where ctid = any (array(select ctid from security_event where recorded_at < sweep_before limit at_most));
    get diagnostics gone = row_count;
    return gone;
end $$;
