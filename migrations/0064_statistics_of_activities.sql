-- migrate:up

-- What activities, self-reports and duty come to, kept by organisation and month; the whole bank is the organisation
-- without an id.
create table organisation_month (
    bank_id            uuid    not null,
    organisation_id    text    not null,
    month              date    not null,
    held               bigint  not null default 0,
    cancelled          bigint  not null default 0,
    places             bigint  not null default 0,
    without_limit      bigint  not null default 0,
    signed_up          bigint  not null default 0,
    present            bigint  not null default 0,
    absent             bigint  not null default 0,
    taken_up           bigint  not null default 0,
    declined           bigint  not null default 0,
    resident_minutes   bigint  not null default 0,
    off_duty_minutes   bigint  not null default 0,
    duty_minutes       bigint  not null default 0,
    subsidised_minutes bigint  not null default 0,
    team_minutes       bigint  not null default 0,
    primary key (bank_id, organisation_id, month)
);

create table team_month (
    bank_id         uuid   not null,
    organisation_id text   not null,
    month           date   not null,
    team_id         text   not null,
    minutes         bigint not null,
    primary key (bank_id, organisation_id, month, team_id)
);

-- What has to be known of an activity, a self-report or a record when it is counted: the first two until then, the last
-- where it is in the name of a team or an allowance is paid.
create table uncounted (
    bank_id uuid not null,
    id      text not null,
    month   date not null,
    seats   int,
    primary key (bank_id, id)
);

create table marked_record (
    bank_id       uuid    not null,
    record_id     text    not null,
    team_id       text,
    is_subsidised boolean not null,
    primary key (bank_id, record_id)
);

-- migrate:down

drop table marked_record;
drop table uncounted;
drop table team_month;
drop table organisation_month;
