-- migrate:up

-- Teams of organisations, and groups without registration that these guide.
create table team (
    bank_id         uuid not null,
    team_id         text not null,
    organisation_id text not null,
    name            text not null,
    status          text not null,
    is_guided       boolean not null,
    proposed_by     text,
    from_day        date,
    last_day        date,
    reason          text,
    members         bigint not null default 0,
    primary key (bank_id, team_id)
);

create index team_by_organisation on team (bank_id, organisation_id, team_id);

-- Who was named captain, in that order; whoever left since leads nobody.
create table captaincy (
    bank_id      uuid not null,
    team_id      text not null,
    position     bigint not null,
    volunteer_id text not null,
    from_day     date not null,
    until_day    date,
    has_left     boolean not null default false,
    primary key (bank_id, team_id, position)
);

-- Who belongs to a team, asks to or is asked to.
create table team_member (
    bank_id         uuid not null,
    team_id         text not null,
    volunteer_id    text not null,
    organisation_id text not null,
    status          text not null,
    primary key (bank_id, team_id, volunteer_id)
);

create index team_member_in on team_member (bank_id, team_id, volunteer_id) where status <> 'left';
create index team_member_by_volunteer on team_member (bank_id, volunteer_id, team_id);

-- The rota: who is on duty on a day, or every week from then on.
create table shift (
    bank_id         uuid not null,
    shift_id        text not null,
    team_id         text not null,
    organisation_id text not null,
    volunteer_id    text not null,
    from_day        date not null,
    until_day       date,
    from_minute     int not null,
    minutes         int not null,
    position        bigint not null,
    primary key (bank_id, shift_id)
);

create index shift_by_team on shift (bank_id, team_id, (coalesce(until_day, 'infinity'::date)));
create index shift_by_volunteer on shift (bank_id, volunteer_id, (coalesce(until_day, 'infinity'::date)));

-- In the name of which team service was done, and an activity is.
alter table service_record add column team_id text;
create index service_record_by_team on service_record (bank_id, team_id, local_date) where team_id is not null;
alter table activity add column team_id text;

-- migrate:down

alter table activity drop column team_id;
alter table service_record drop column team_id;
drop table shift;
drop table team_member;
drop table captaincy;
drop table team;
