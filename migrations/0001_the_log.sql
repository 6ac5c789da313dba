-- migrate:up

-- One row a bank. `head` is the position of its last event: every append moves it by compare-and-swap, so positions
-- have no gaps and their order is the order of commits. fillfactor leaves room for in-page (HOT) updates.
create table bank (
    bank_id  uuid primary key,
    head     bigint not null default 0 check (head >= 0),
    name     text not null,
    timezone text not null
) with (fillfactor = 50);

-- What happened. Rows are only ever inserted. `data` holds the very bytes that were hashed into `leaf`.
create table event (
    bank_id     uuid not null,
    position    bigint not null check (position > 0),
    event_id    uuid not null,
    topic       text not null,
    data        bytea not null,
    tags        text[] not null,
    actor       text not null,
    authority   text not null,
    request_id  text not null,
    command_id  uuid not null,
    recorded_at timestamptz not null,
    leaf        bytea not null,
    primary key (bank_id, position)
);

create index event_by_topic on event (bank_id, topic, position);
create index event_by_actor on event (bank_id, actor, position);

-- The index of events by tag; derived from event.tags, which `timebank verify` checks.
create table event_tag (
    bank_id  uuid not null,
    tag      text not null,
    topic    text not null,
    position bigint not null,
    primary key (bank_id, tag, topic, position)
);

-- Nobody changes history through the application's own connection, not even by mistake.
create function refuse_to_change_history() returns trigger language plpgsql as $$
begin
    raise exception 'events are never changed or deleted';
end $$;

create trigger event_is_append_only before update or delete on event
    for each statement execute function refuse_to_change_history();
create trigger event_is_never_truncated before truncate on event
    for each statement execute function refuse_to_change_history();

-- Which Idempotency-Keys were used, for which request, and what came of it; written with the events.
create table idempotency (
    bank_id     uuid not null,
    principal   text not null,
    key         text not null,
    fingerprint bytea not null,
    outcome     bytea not null,
    recorded_at timestamptz not null,
    primary key (bank_id, principal, key)
);

-- What is personal about volunteers, kept outside the log so that it can be erased.
create table person (
    bank_id      uuid not null,
    volunteer_id text not null,
    name         text not null,
    phone        text,
    skills       text[] not null default '{}',
    alias        text,
    primary key (bank_id, volunteer_id)
);

create index person_by_phone on person (bank_id, phone);
create index person_by_name on person (bank_id, name);

-- Bearer tokens, by the SHA-256 of their text; the text itself is kept nowhere.
create table token (
    token_hash bytea primary key,
    bank_id    uuid not null,
    role       text not null check (role in ('administrator', 'organisation', 'volunteer')),
    actor      text not null,
    label      text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);

-- The history as an auditor may read it with nothing but SQL.
create view history as
    select bank_id, position, recorded_at, topic, convert_from(data, 'UTF8')::jsonb as data,
           tags, actor, authority, request_id, command_id, event_id, encode(leaf, 'hex') as leaf
      from event;

-- migrate:down

drop view history;
drop table token, person, idempotency, event_tag, event, bank;
drop function refuse_to_change_history;
