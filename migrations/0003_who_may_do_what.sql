-- migrate:up

-- For whom a proxy acted; the leaf covers it where it is set, so earlier rows keep theirs.
alter table event add column on_behalf_of text;

create or replace view history as
    select bank_id, position, recorded_at, topic, convert_from(data, 'UTF8')::jsonb as data,
           tags, actor, authority, request_id, command_id, event_id, encode(leaf, 'hex') as leaf, on_behalf_of
      from event;

-- Bearer tokens gave way to sessions and to API keys, which are facts.
drop table token;

-- Which keys of the key file seal personal data. `check_value` tells whether a key of that name is the same key; sealing
-- with a key shares a lock on its row, retiring it takes the row alone: nothing is ever sealed with a key that is gone.
create table sealing_key (
    key_id      text primary key,
    check_value text not null,
    since       timestamptz not null default now(),
    retired_at  timestamptz
);

-- People that an earlier version kept in clear wait here until the service seals them at its start and drops the table.
do $$ begin
    if exists (select from person) then
        alter table person rename to person_in_clear;
        alter index person_pkey rename to person_in_clear_pkey;
        drop index person_by_phone, person_by_name;
    else
        drop table person;
    end if;
end $$;

-- What is personal about volunteers, sealed (AES-256-GCM) with a key that is not in this database. It is found by keyed
-- hashes (HMAC-SHA-256): of the phone, of the document number, of the name and its beginnings from two characters on.
create table person (
    bank_id        uuid not null,
    volunteer_id   text not null,
    key_id         text not null references sealing_key,
    sealed         bytea not null,
    document       bytea,
    phone_index    text,
    document_index text,
    name_indexes   text[] not null,
    primary key (bank_id, volunteer_id)
);

create index person_by_phone on person (bank_id, phone_index);
create unique index person_by_document on person (bank_id, document_index);
create index person_by_name on person using gin (name_indexes);
create index person_by_key on person (key_id);

-- Whom the bank has appointed; written in the append transaction itself, like the two tables that follow.
create table appointment (
    bank_id         uuid not null,
    appointment_id  text not null,
    volunteer_id    text not null,
    office          text not null,
    organisation_id text,
    valid_from      date,
    valid_until     date,
    appointed_by    text not null,
    delegated_from  text,
    status          text not null,
    reason          text,
    primary key (bank_id, appointment_id)
);

create index appointment_by_volunteer on appointment (bank_id, volunteer_id);

create table proxy (
    bank_id            uuid not null,
    proxy_id           text not null,
    volunteer_id       text not null,
    proxy_volunteer_id text not null,
    scopes             text[] not null,
    acts_per_day       int not null,
    valid_until        date,
    status             text not null,
    primary key (bank_id, proxy_id)
);

create index proxy_by_volunteer on proxy (bank_id, volunteer_id);
create index proxy_by_proxy on proxy (bank_id, proxy_volunteer_id);

create table api_key (
    bank_id         uuid not null,
    key_id          text not null,
    organisation_id text not null,
    label           text not null,
    permissions     text[] not null,
    secret_hash     text not null,
    expires_at      timestamptz,
    replaces        text,
    replaced_by     text,
    status          text not null,
    issued_at       timestamptz not null,
    primary key (bank_id, key_id)
);

create index api_key_by_id on api_key (key_id);
create index api_key_by_organisation on api_key (bank_id, organisation_id, key_id);

-- When a key was last used; no projection: using a key is no fact.
create table api_key_use (
    bank_id      uuid not null,
    key_id       text not null,
    last_used_at timestamptz not null,
    primary key (bank_id, key_id)
) with (fillfactor = 50);

-- What people sign in with.
create table credential (
    bank_id       uuid not null,
    volunteer_id  text not null,
    password_hash text not null,
    changed_at    timestamptz not null,
    primary key (bank_id, volunteer_id)
);

create table session (
    session_id   text primary key,
    bank_id      uuid not null,
    volunteer_id text not null,
    started_at   timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz
);

create index session_by_volunteer on session (bank_id, volunteer_id);

-- Each can be used once; its use again ends the session.
create table refresh_token (
    token_hash bytea primary key,
    session_id text not null references session on delete cascade,
    issued_at  timestamptz not null,
    used_at    timestamptz
);

create index refresh_token_by_session on refresh_token (session_id);

-- Invitations and password resets: one code, one use.
create table one_time_code (
    code_hash    bytea primary key,
    bank_id      uuid not null,
    volunteer_id text not null,
    issued_by    text not null,
    expires_at   timestamptz not null,
    used_at      timestamptz
);

create index one_time_code_by_volunteer on one_time_code (bank_id, volunteer_id);

-- Attempts to sign in, by login and address (keyed hashes of both), for slowing down whoever guesses.
create table sign_in_attempt (
    bank_id        uuid not null,
    login          text not null,
    address        text not null,
    volunteer_id   text,
    failures       int not null,
    last_failed_at timestamptz,
    succeeded_at   timestamptz,
    primary key (bank_id, login, address)
);

create index sign_in_attempt_by_address on sign_in_attempt (bank_id, address);
create index sign_in_attempt_by_volunteer on sign_in_attempt (bank_id, volunteer_id);

-- Accounts at an OpenID provider by which volunteers sign in, and sign-ins that wait for the provider's answer.
create table oidc_identity (
    bank_id      uuid not null,
    issuer       text not null,
    subject      text not null,
    volunteer_id text not null,
    primary key (bank_id, issuer, subject)
);

create index oidc_identity_by_volunteer on oidc_identity (bank_id, volunteer_id);

create table oidc_login (
    state_hash   bytea primary key,
    bank_id      uuid not null,
    volunteer_id text,
    nonce        text not null,
    verifier     text not null,
    expires_at   timestamptz not null
);

-- Who came in, who was turned away, what was read in bulk. `address` is a keyed hash, and goes when its owner is erased;
-- nothing else is ever changed.
create table security_event (
    bank_id     uuid not null,
    number      bigint generated always as identity,
    recorded_at timestamptz not null,
    kind        text not null,
    actor       text,
    subject     text,
    address     text,
    request_id  text not null,
    detail      jsonb not null default '{}',
    primary key (bank_id, number)
);

create index security_event_by_actor on security_event (bank_id, actor, number);

create function refuse_to_change_security_log() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and new.address is null and to_jsonb(new) - 'address' = to_jsonb(old) - 'address' then
        return new;
    end if;
    raise exception 'the security log is never changed or deleted';
end $$;

create trigger security_event_is_append_only before update or delete on security_event
    for each row execute function refuse_to_change_security_log();
create trigger security_event_is_never_truncated before truncate on security_event
    for each statement execute function refuse_to_change_security_log();

-- migrate:down

drop table security_event, oidc_login, oidc_identity, sign_in_attempt, one_time_code, refresh_token, session, credential,
           api_key_use, api_key, proxy, appointment, person, sealing_key;
drop function refuse_to_change_security_log();
drop view history;
alter table event drop column on_behalf_of;
create view history as
    select bank_id, position, recorded_at, topic, convert_from(data, 'UTF8')::jsonb as data,
           tags, actor, authority, request_id, command_id, event_id, encode(leaf, 'hex') as leaf
      from event;
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
create table token (
    token_hash bytea primary key,
    bank_id    uuid not null,
    role       text not null check (role in ('administrator', 'organisation', 'volunteer')),
    actor      text not null,
    label      text not null,
    created_at timestamptz not null default now(),
    revoked_at timestamptz
);
