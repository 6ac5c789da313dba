-- migrate:up

-- Since when a phone is known to be the volunteer's; null where it is not, and again when another is put in.
alter table person add column phone_verified_at timestamptz;

-- Codes that were sent to phones, or handed out by an office (keyed hashes of them, and of the phones).
create table phone_code (
    code_id      bigint generated always as identity primary key,
    bank_id      uuid not null,
    volunteer_id text not null,
    phone_index  text not null,
    code_hash    text not null,
    issued_by    text not null,
    issued_at    timestamptz not null,
    expires_at   timestamptz not null,
    failures     int not null default 0,
    used_at      timestamptz,
    foreign key (bank_id, volunteer_id) references person on delete cascade
);

create index phone_code_by_volunteer on phone_code (bank_id, volunteer_id, issued_at);
create index phone_code_by_phone on phone_code (bank_id, phone_index, issued_at);

-- What else is sealed for a volunteer, by what it is for, with the keys that personal data are sealed with.
create table sealed_secret (
    bank_id      uuid not null,
    volunteer_id text not null,
    kind         text not null,
    key_id       text not null references sealing_key,
    sealed       bytea not null,
    primary key (bank_id, volunteer_id, kind),
    foreign key (bank_id, volunteer_id) references person on delete cascade
);

create index sealed_secret_by_key on sealed_secret (key_id);

-- Since when administrators are asked for a second factor: for banks that exist, since now.
alter table bank add column second_factor_since timestamptz not null default now();

-- Whence attempts to sign in came, of IPv6 addresses by networks of 48 bits too (keyed hash): whoever has one of those has
-- 65,536 networks of 64 bits to come from.
alter table sign_in_attempt add column network text;
create index sign_in_attempt_by_network on sign_in_attempt (bank_id, network) where network is not null;

-- On which device a session is, when and whence (keyed hash) it was used last, to the minute; and when whoever has it
-- last proved who they are: some things are done only soon after that.
alter table session add column device text not null default '', add column address text, add column used_at timestamptz,
                    add column proved_at timestamptz;

-- By which token each was given out, and whence (keyed hash) it was used: an answer that got lost can be asked for again.
alter table refresh_token add column parent bytea, add column place text;

-- migrate:down

alter table bank drop column second_factor_since;
drop table sealed_secret, phone_code;
alter table person drop column phone_verified_at;
alter table refresh_token drop column parent, drop column place;
alter table session drop column device, drop column address, drop column used_at, drop column proved_at;
alter table sign_in_attempt drop column network;
