-- migrate:up

-- The tree over the log, as far as it is done: of every 256 hashes that follow each other, the one over them. Level 0 is
-- over leaves (event.leaf), each level above over 256 of the level below. Rows are only ever inserted.
create table tile (
    bank_id uuid not null,
    level   smallint not null check (level >= 0),
    number  bigint not null check (number >= 0),
    root    bytea not null,
    primary key (bank_id, level, number)
);

create trigger tile_is_append_only before update or delete on tile
    for each statement execute function refuse_to_change_history();
create trigger tile_is_never_truncated before truncate on tile
    for each statement execute function refuse_to_change_history();

-- migrate:down

drop table tile;
