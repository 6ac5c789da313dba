-- migrate:up

-- As a witness of other logs: which checkpoints of theirs were cosigned, with the signatures of both. Only the largest
-- of a log counts. Rows are only ever inserted.
create table witnessed_checkpoint (
    origin      text not null,
    size        bigint not null check (size >= 0),
    root        bytea not null,
    note        text not null,
    cosigned_at timestamptz not null,
    primary key (origin, size)
);

-- What witnesses of ours said: their cosignatures (C2SP tlog-cosignature), as lines of a note.
create table cosignature (
    bank_id     uuid not null,
    size        bigint not null,
    witness     text not null,
    line        text not null,
    received_at timestamptz not null,
    primary key (bank_id, size, witness)
);

create trigger witnessed_checkpoint_is_append_only before update or delete on witnessed_checkpoint
    for each statement execute function refuse_to_change_history();
create trigger witnessed_checkpoint_is_never_truncated before truncate on witnessed_checkpoint
    for each statement execute function refuse_to_change_history();
create trigger cosignature_is_append_only before update or delete on cosignature
    for each statement execute function refuse_to_change_history();
create trigger cosignature_is_never_truncated before truncate on cosignature
    for each statement execute function refuse_to_change_history();

-- migrate:down

drop table cosignature, witnessed_checkpoint;
