-- migrate:up

-- What auditors may read with SQL: the log and its tree, and no personal data. Beside `history`, the facts themselves.
create view audit_bank as select bank_id, name, timezone, head from bank;
create view audit_tag as select bank_id, tag, topic, position from event_tag;
create view audit_tile as select bank_id, level, number, root from tile;
create view audit_checkpoint as select bank_id, size, root, note, signed_at from signed_checkpoint;
create view audit_cosignature as select bank_id, size, witness, line, received_at from cosignature;
create view audit_security as
    select bank_id, number, recorded_at, kind, actor, subject, request_id, detail from security_event;

-- The two things that are done with the security log beside writing to it. They are functions of the owner's, so that
-- the service needs no right to change or delete an entry.
create function sweep_security_log(sweep_before timestamptz, at_most integer) returns bigint
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

create function forget_addresses(bank uuid, volunteers text[]) returns void
    language sql security definer set search_path = public, pg_temp
begin atomic
    update security_event set address = null
     where bank_id = bank and (actor = any (volunteers) or subject = any (volunteers)) and address is not null;
end;

revoke execute on function sweep_security_log(timestamptz, integer), forget_addresses(uuid, text[]) from public;

-- migrate:down

drop function forget_addresses(uuid, text[]);
drop function sweep_security_log(timestamptz, integer);
drop view audit_security, audit_cosignature, audit_checkpoint, audit_tile, audit_tag, audit_bank;
