-- migrate:up

-- People by name, in the order of registration: a keyed hash of 64 bits for each beginning, and for names that are
-- shorter or longer than those. Whoever is found is compared again, so that two names may have the same.
create table person_name (
    bank_id      uuid not null,
    name_key     bigint not null,
    volunteer_id text not null,
    primary key (bank_id, name_key, volunteer_id)
);

create function name_key(index text) returns bigint language sql immutable strict as $$
    select ('x' || encode(substr(decode(translate(index, '-_', '+/') || '==', 'base64'), 1, 8), 'hex'))::bit(64)::bigint
$$;

insert into person_name (bank_id, name_key, volunteer_id)
select distinct bank_id, name_key(index), volunteer_id from person, unnest(name_indexes) index;

alter table person add column name_keys bigint[] not null default '{}';
update person set name_keys = array(select distinct name_key(index) from unnest(name_indexes) index);
alter table person alter column name_keys drop default;
drop index person_by_name;
alter table person drop column name_indexes;
drop function name_key(text);

-- Records by the day they count for, of all, of an organisation, of a volunteer.
create index service_record_by_day on service_record (bank_id, local_date, record_id);
create index service_record_by_organisation_day on service_record (bank_id, organisation_id, local_date, record_id);
create index service_record_by_volunteer_day on service_record (bank_id, volunteer_id, local_date, record_id);

-- What waits, by day, and of a volunteer.
create index service_record_waiting_by_day on service_record (bank_id, local_date, record_id) where status = 'logged';
create index service_record_waiting_of_organisation_by_day
    on service_record (bank_id, organisation_id, local_date, record_id) where status = 'logged';
create index service_record_waiting_of_volunteer
    on service_record (bank_id, volunteer_id, record_id) where status = 'logged';

-- What is neither waiting nor counts as it was confirmed: that is little.
create index service_record_set_aside on service_record (bank_id, status, record_id)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_by_day on service_record (bank_id, status, local_date, record_id)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation on service_record (bank_id, organisation_id, status, record_id)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation_by_day
    on service_record (bank_id, organisation_id, status, local_date, record_id)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_volunteer
    on service_record (bank_id, volunteer_id, status, record_id)
    where status not in ('logged', 'confirmed');

-- What came late, by day, and of a volunteer.
create index service_record_late_by_day on service_record (bank_id, local_date, record_id) where is_late;
create index service_record_late_of_organisation_by_day
    on service_record (bank_id, organisation_id, local_date, record_id) where is_late;
create index service_record_late_of_volunteer on service_record (bank_id, volunteer_id, record_id) where is_late;

-- What came late and waits: very little.
create index service_record_late_waiting on service_record (bank_id, organisation_id, record_id)
    where is_late and status = 'logged';
create index service_record_late_waiting_anywhere on service_record (bank_id, record_id)
    where is_late and status = 'logged';

-- Memberships of an organisation by status and role, and its members in the order of registration.
drop index membership_by_role;
drop index membership_waiting;
drop index membership_by_organisation;
create index membership_by_organisation on membership (bank_id, organisation_id, status, membership_id);
create index membership_by_role on membership (bank_id, organisation_id, status, role, membership_id);
create index membership_of_members on membership (bank_id, organisation_id, volunteer_id) where status = 'approved';
create index membership_waiting_of_volunteer on membership (bank_id, volunteer_id, organisation_id)
    where status in ('requested', 'invited');

create index organisation_by_status on organisation (bank_id, status, organisation_id);

create index reward_by_status on reward (bank_id, status, reward_id);
create index reward_by_kind on reward (bank_id, status, (terms ->> 'kind'), reward_id);

-- How much of each reward is taken, by the period of its quota and by slot ('-infinity' where there is none).
create table reward_taken (
    bank_id   uuid not null,
    reward_id text not null,
    period    text not null,
    slot      timestamptz not null,
    taken     bigint not null,
    primary key (bank_id, reward_id, period, slot)
);
drop index redemption_taken;
create index redemption_by_status on redemption (bank_id, status, redemption_id);
create index redemption_by_reward on redemption (bank_id, reward_id, status, redemption_id);
drop index redemption_by_provider;
create index redemption_by_provider on redemption (bank_id, provider_id, status, redemption_id);

create index transfer_by_kind on transfer (bank_id, kind, transfer_id);
drop index transfer_by_fund;
drop index transfer_by_receiving_fund;
create index transfer_by_fund on transfer (bank_id, fund_id, kind, transfer_id) where fund_id is not null;
create index transfer_by_receiving_fund on transfer (bank_id, to_fund_id, kind, transfer_id) where to_fund_id is not null;

create index security_event_by_kind on security_event (bank_id, kind, number);
create index security_event_by_kind_and_actor on security_event (bank_id, actor, kind, number);

-- migrate:down

drop index security_event_by_kind_and_actor;
drop index security_event_by_kind;
drop index transfer_by_receiving_fund;
drop index transfer_by_fund;
drop index transfer_by_kind;
create index transfer_by_fund on transfer (bank_id, fund_id, transfer_id);
create index transfer_by_receiving_fund on transfer (bank_id, to_fund_id, transfer_id);
drop index redemption_by_provider;
create index redemption_by_provider on redemption (bank_id, provider_id, redemption_id);
drop index redemption_by_reward;
drop index redemption_by_status;
drop table reward_taken;
create index redemption_taken on redemption (bank_id, reward_id, period) where status in ('reserved', 'fulfilled');
drop index reward_by_kind;
drop index reward_by_status;
drop index organisation_by_status;
drop index membership_waiting_of_volunteer;
drop index membership_of_members;
drop index membership_by_role;
drop index membership_by_organisation;
create index membership_by_organisation on membership (bank_id, organisation_id, membership_id);
create index membership_waiting on membership (bank_id, organisation_id, membership_id)
    where status in ('requested', 'invited');
create index membership_by_role on membership (bank_id, organisation_id, role, membership_id) where status = 'approved';
drop index service_record_late_waiting_anywhere, service_record_late_waiting;
drop index service_record_late_of_volunteer, service_record_late_of_organisation_by_day, service_record_late_by_day;
drop index service_record_set_aside_of_volunteer, service_record_set_aside_of_organisation_by_day;
drop index service_record_set_aside_of_organisation, service_record_set_aside_by_day, service_record_set_aside;
drop index service_record_waiting_of_volunteer, service_record_waiting_of_organisation_by_day;
drop index service_record_waiting_by_day;
drop index service_record_by_volunteer_day, service_record_by_organisation_day, service_record_by_day;
alter table person drop column name_keys;
alter table person add column name_indexes text[] not null default '{}';
create index person_by_name on person using gin (name_indexes);
drop table person_name;
