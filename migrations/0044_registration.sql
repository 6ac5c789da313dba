-- migrate:up

-- Codes that were sent to the phones of people who register themselves: keyed hashes of them, of the phones, and of whence
-- it was asked for, of IPv6 addresses by networks of 48 bits too.
create table registration_code (
    code_id     bigint generated always as identity primary key,
    bank_id     uuid not null,
    phone_index text not null,
    code_hash   text not null,
    address     text not null,
    network     text,
    issued_at   timestamptz not null,
    expires_at  timestamptz not null,
    failures    int not null default 0,
    used_at     timestamptz
);

create index registration_code_by_phone on registration_code (bank_id, phone_index, issued_at);
create index registration_code_by_address on registration_code (bank_id, address, issued_at);
create index registration_code_by_network on registration_code (bank_id, network, issued_at) where network is not null;

-- By which people register themselves for an organisation, and how many have.
create table invitation (
    bank_id         uuid not null,
    invitation_id   text not null,
    organisation_id text not null,
    made_by         text not null,
    people          int not null,
    come            int not null default 0,
    until_day       date not null,
    is_withdrawn    boolean not null default false,
    position        bigint not null,
    primary key (bank_id, invitation_id)
) with (fillfactor = 90);

create index invitation_by_organisation on invitation (bank_id, organisation_id, invitation_id);

-- Who registered themselves, and waits to be taken in.
create index volunteer_who_applied on volunteer (bank_id, volunteer_id) where status = 'applied';

-- migrate:down

drop index volunteer_who_applied;
drop table invitation;
drop table registration_code;
