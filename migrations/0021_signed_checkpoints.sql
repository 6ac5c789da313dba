-- migrate:up

-- What this service has signed: how long a bank's log was, the root of the tree over it, and the note (C2SP
-- tlog-checkpoint) as it is handed out. Rows are only ever inserted.
create table signed_checkpoint (
    bank_id   uuid not null,
    size      bigint not null check (size > 0),
    root      bytea not null,
    note      text not null,
    signed_at timestamptz not null,
    primary key (bank_id, size)
);

create trigger signed_checkpoint_is_append_only before update or delete on signed_checkpoint
    for each statement execute function refuse_to_change_history();
create trigger signed_checkpoint_is_never_truncated before truncate on signed_checkpoint
    for each statement execute function refuse_to_change_history();

-- migrate:down

drop table signed_checkpoint;
