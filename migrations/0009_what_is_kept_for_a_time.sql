-- What is kept for a set time only, and swept in small stretches.

-- migrate:up

create index idempotency_by_age on idempotency (recorded_at);
create index security_event_by_age on security_event (recorded_at);

-- The security log loses nothing before its time: only what is a day old at least can be deleted at all, and only by a
-- transaction that says up to when it sweeps.
create or replace function refuse_to_change_security_log() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.address is null and to_jsonb(new) - 'address' = to_jsonb(old) - 'address' then
        return new;
    end if;
    if tg_op = 'DELETE' and old.recorded_at < now() - interval '1 day'
       and old.recorded_at < nullif(current_setting('timebank.sweep_before', true), '')::timestamptz then
        return old;
    end if;
    raise exception 'the security log is never changed or deleted';
end $$;

-- migrate:down

create or replace function refuse_to_change_security_log() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.address is null and to_jsonb(new) - 'address' = to_jsonb(old) - 'address' then
        return new;
    end if;
    raise exception 'the security log is never changed or deleted';
end $$;
drop index security_event_by_age, idempotency_by_age;
