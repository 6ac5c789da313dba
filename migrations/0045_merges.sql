-- migrate:up

-- With which registration one was merged that was the same person's: they are known by the number of that one.
alter table volunteer add column kept_id text;

create index volunteer_by_kept on volunteer (bank_id, kept_id) where kept_id is not null;

-- That two registrations are merged: proposed, approved or declined.
create table merge (
    bank_id     uuid not null,
    merge_id    text not null,
    kept_id     text not null,
    merged_id   text not null,
    status      text not null,
    reason      text not null,
    proposed_by text not null,
    proposed_at timestamptz not null,
    decided_by  text,
    declined_as text,
    position    bigint not null,
    primary key (bank_id, merge_id)
) with (fillfactor = 90);

create index merge_by_status on merge (bank_id, status, merge_id);
create index merge_by_people on merge (bank_id, merged_id, kept_id);

-- migrate:down

drop table merge;
drop index volunteer_by_kept;
alter table volunteer drop column kept_id;
