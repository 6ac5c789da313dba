-- migrate:up

-- How far each projection has come, for each bank; moved in the transaction that writes its rows.
create table checkpoint (
    projection text not null,
    version    int not null,
    bank_id    uuid not null,
    position   bigint not null,
    primary key (projection, bank_id)
) with (fillfactor = 50);

-- Who holds how many minutes. Written in the append transaction itself.
create table balance (
    bank_id           uuid not null,
    volunteer_id      text not null,
    available_minutes bigint not null check (available_minutes >= 0),
    reserved_minutes  bigint not null check (reserved_minutes >= 0),
    debt_minutes      bigint not null check (debt_minutes >= 0),
    service_minutes   bigint not null,
    credited_minutes  bigint not null,
    primary key (bank_id, volunteer_id)
) with (fillfactor = 80);

-- The volunteers, without what is personal about them.
create table volunteer (
    bank_id       uuid not null,
    volunteer_id  text not null,
    number        text not null,
    status        text not null,
    on_leaderboards boolean not null default false,
    registered_at timestamptz not null,
    primary key (bank_id, volunteer_id),
    unique (bank_id, number)
);

create table organisation (
    bank_id         uuid not null,
    organisation_id text not null,
    name            text not null,
    kind            text not null,
    code            text,
    status          text not null,
    registered_at   timestamptz not null,
    primary key (bank_id, organisation_id)
);

create table membership (
    bank_id         uuid not null,
    membership_id   text not null,
    organisation_id text not null,
    volunteer_id    text not null,
    role            text not null,
    status          text not null,
    valid_from      date,
    valid_until     date,
    reason          text,
    primary key (bank_id, membership_id)
);

create index membership_by_organisation on membership (bank_id, organisation_id, membership_id);
create index membership_by_volunteer on membership (bank_id, volunteer_id, membership_id);

create table service_record (
    bank_id          uuid not null,
    record_id        text not null,
    volunteer_id     text not null,
    organisation_id  text not null,
    recorder_id      text not null,
    activity         text not null,
    category         text not null,
    capacity         text not null,
    started_at       timestamptz not null,
    ended_at         timestamptz not null,
    minutes          int not null,
    local_date       date not null,
    is_late          boolean not null,
    place            text,
    content          text,
    programmes       text[] not null,
    status           text not null,
    credited_minutes int not null default 0,
    decided_by       text,
    reason           text,
    position         bigint not null,
    primary key (bank_id, record_id)
) with (fillfactor = 80);

create index service_record_by_volunteer on service_record (bank_id, volunteer_id, record_id);
create index service_record_by_organisation on service_record (bank_id, organisation_id, record_id);

-- Confirmed volunteer service by local period ('all', a year, a month). `position` is when the value was reached.
create table leaderboard (
    bank_id      uuid not null,
    period       text not null,
    volunteer_id text not null,
    minutes      bigint not null,
    position     bigint not null,
    is_visible   boolean not null default false,
    primary key (bank_id, volunteer_id, period)
) with (fillfactor = 80);

create index leaderboard_in_order on leaderboard (bank_id, period, is_visible, minutes desc, position, volunteer_id);

-- migrate:down

drop table leaderboard, service_record, membership, organisation, volunteer, balance, checkpoint;
