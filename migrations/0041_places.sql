-- migrate:up

-- Leaders of places.
alter table appointment add column node_id text, add column source text, add column duties text[] not null default '{}';
create index appointment_by_node on appointment (bank_id, node_id) where node_id is not null and status = 'in force';

-- The tree of places, dated: which nodes there are, what they are called and where they are from which day on.
create table node (
    bank_id   uuid not null,
    node_id   text not null,
    level     text not null,
    depth     int not null,
    from_day  date not null,
    until_day date,
    primary key (bank_id, node_id)
);

create index node_by_level on node (bank_id, level, node_id);

create table node_name (
    bank_id  uuid not null,
    node_id  text not null,
    from_day date not null,
    name     text not null,
    primary key (bank_id, node_id, from_day)
);

create table node_stand (
    bank_id   uuid not null,
    node_id   text not null,
    from_day  date not null,
    parent_id text,
    into_id   text,
    primary key (bank_id, node_id, from_day)
);

create index node_stand_by_parent on node_stand (bank_id, coalesce(into_id, parent_id, ''), node_id);

-- Where somebody lives or works from a day on; nowhere, where there is no node.
create table residence (
    bank_id      uuid not null,
    volunteer_id text not null,
    from_day     date not null,
    node_id      text,
    tie          text not null,
    primary key (bank_id, volunteer_id, from_day)
);

create index residence_by_node on residence (bank_id, node_id, volunteer_id);

-- Confirmed volunteer service by person and local day, and by place: of each node those who lived at it or below it.
create table served_day (
    bank_id      uuid not null,
    volunteer_id text not null,
    day          date not null,
    minutes      int not null,
    primary key (bank_id, volunteer_id, day)
) with (fillfactor = 90);

create table place_day (
    bank_id uuid not null,
    node_id text not null,
    day     date not null,
    minutes bigint not null,
    primary key (bank_id, node_id, day)
) with (fillfactor = 80);

create index place_day_of_nothing on place_day (bank_id) where minutes = 0;

-- Who agreed to be asked when help is needed.
create table willing (
    bank_id      uuid not null,
    volunteer_id text not null,
    is_willing   boolean not null,
    primary key (bank_id, volunteer_id)
);

-- migrate:down

drop table willing;
drop table place_day;
drop table served_day;
drop table residence;
drop table node_stand;
drop table node_name;
drop table node;
drop index appointment_by_node;
alter table appointment drop column duties, drop column source, drop column node_id;
