-- migrate:up

-- The duty register: who works for which body, when, and when they are on leave.
create table employment (
    bank_id         uuid not null,
    employment_id   text not null,
    volunteer_id    text not null,
    organisation_id text not null,
    kind            text not null,
    hours           jsonb not null,
    from_day        date not null,
    until_day       date,
    leaves          jsonb not null default '[]',
    position        bigint not null,
    primary key (bank_id, employment_id)
);

create index employment_by_organisation on employment (bank_id, organisation_id, employment_id);
create index employment_by_volunteer on employment (bank_id, volunteer_id, employment_id);

-- Service for which somebody gets an allowance.
alter table service_record add column is_subsidised boolean not null default false;

-- Service that people say they did.
create table proposal (
    bank_id         uuid not null,
    proposal_id     text not null,
    volunteer_id    text not null,
    organisation_id text not null,
    witness_id      text,
    activity        text not null,
    category        text not null,
    started_at      timestamptz not null,
    ended_at        timestamptz not null,
    minutes         int not null,
    place           text,
    content         text,
    status          text not null,
    record_id       text,
    reason          text,
    position        bigint not null,
    primary key (bank_id, proposal_id)
);

create index proposal_by_volunteer on proposal (bank_id, volunteer_id, proposal_id);
create index proposal_by_organisation on proposal (bank_id, organisation_id, proposal_id);

-- migrate:down

drop table proposal;
alter table service_record drop column is_subsidised;
drop table employment;
