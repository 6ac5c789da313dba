-- migrate:up

-- Memories that are made of very many facts, as of a position, so that the first command after a start need not read
-- all of them. `code` says by which rules it was made: others neither use nor trust it. It can all be thrown away.
create table memory_snapshot (
    bank_id  uuid not null,
    kind     text not null,
    whom     text not null,
    position bigint not null,
    event_id uuid not null,
    code     text not null,
    state    bytea not null,
    primary key (bank_id, kind, whom)
);

-- migrate:down

drop table memory_snapshot;
