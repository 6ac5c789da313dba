-- migrate:up

-- Activities, who signed up for them, and who was there.
create table activity (
    bank_id         uuid not null,
    activity_id     text not null,
    organisation_id text not null,
    status          text not null,
    name            text not null,
    category        text not null,
    content         text not null,
    place           text not null,
    node_id         text,
    starts_at       timestamptz not null,
    ends_at         timestamptz not null,
    seats           int,
    skills          text[] not null,
    programmes      text[] not null,
    leader_id       text not null,
    open_to         text not null,
    is_insured      boolean not null,
    signs_out       boolean not null,
    reason          text,
    position        bigint not null,
    primary key (bank_id, activity_id)
) with (fillfactor = 90);

create index activity_by_organisation on activity (bank_id, organisation_id, activity_id);
create index activity_open on activity (bank_id, starts_at, activity_id) where status = 'published';
create index activity_open_at on activity (bank_id, node_id, starts_at, activity_id) where status = 'published';

create table sign_up (
    bank_id      uuid not null,
    activity_id  text not null,
    volunteer_id text not null,
    status       text not null,
    position     bigint not null,
    primary key (bank_id, activity_id, volunteer_id)
) with (fillfactor = 90);

create index sign_up_by_volunteer on sign_up (bank_id, volunteer_id, activity_id) where status <> 'withdrawn';

create table presence (
    bank_id           uuid not null,
    activity_id       text not null,
    volunteer_id      text not null,
    since             timestamptz not null,
    until             timestamptz,
    proof_in          text not null,
    proof_out         text,
    is_taken_in_later boolean not null,
    primary key (bank_id, activity_id, volunteer_id, since)
) with (fillfactor = 90);

-- Which activity a record came of: all of them are confirmed together.
alter table service_record add column activity_id text;
create index service_record_by_activity on service_record (bank_id, activity_id, record_id)
    where activity_id is not null;

-- migrate:down

drop index service_record_by_activity;
alter table service_record drop column activity_id;
drop table presence;
drop table sign_up;
drop table activity;
