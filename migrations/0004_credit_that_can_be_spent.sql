-- migrate:up

-- What somebody redeemed, beside what they have; and what is in funds. Written in the append transaction itself.
alter table balance add column redeemed_minutes bigint not null default 0 check (redeemed_minutes >= 0);

create table fund_balance (
    bank_id uuid not null,
    fund_id text not null,
    minutes bigint not null check (minutes >= 0),
    primary key (bank_id, fund_id)
) with (fillfactor = 80);

-- Under which version of the rule book service was credited, and what each rule did.
alter table service_record add column policy_version int not null default 0;
alter table service_record add column rules_applied jsonb not null default '[]';

-- How much a proxy may spend on a local day; null is without limit.
alter table proxy add column minutes_per_day int;

-- Rewards on their terms of now.
create table reward (
    bank_id     uuid not null,
    reward_id   text not null,
    provider_id text not null,
    status      text not null,
    terms       jsonb not null,
    reason      text,
    position    bigint not null,
    primary key (bank_id, reward_id)
);

-- Redemptions on the terms of when they were reserved. The code is not here.
create table redemption (
    bank_id        uuid not null,
    redemption_id  text not null,
    reward_id      text not null,
    volunteer_id   text not null,
    beneficiary_id text not null,
    provider_id    text not null,
    name           text not null,
    kind           text not null,
    cost_minutes   int not null,
    period         text not null,
    slot           timestamptz,
    status         text not null,
    reserved_by    text not null,
    reserved_at    timestamptz not null,
    expires_at     timestamptz not null,
    ended_at       timestamptz,
    ended_by       text,
    reason         text,
    position       bigint not null,
    primary key (bank_id, redemption_id)
) with (fillfactor = 80);

create index redemption_by_volunteer on redemption (bank_id, volunteer_id, redemption_id);
create index redemption_by_beneficiary on redemption (bank_id, beneficiary_id, redemption_id);
create index redemption_by_provider on redemption (bank_id, provider_id, redemption_id);
create index redemption_taken on redemption (bank_id, reward_id, period) where status in ('reserved', 'fulfilled');
create index redemption_due on redemption (bank_id, expires_at) where status = 'reserved';

-- Funds; how much is in them is in fund_balance.
create table fund (
    bank_id         uuid not null,
    fund_id         text not null,
    name            text not null,
    kind            text not null,
    organisation_id text,
    purpose         text,
    status          text not null,
    primary key (bank_id, fund_id)
);

-- Gifts, donations and grants.
create table transfer (
    bank_id         uuid not null,
    transfer_id     text not null,
    kind            text not null,
    volunteer_id    text,
    fund_id         text,
    to_volunteer_id text,
    to_fund_id      text,
    minutes         bigint not null,
    reason          text,
    made_at         timestamptz not null,
    position        bigint not null,
    primary key (bank_id, transfer_id)
);

create index transfer_by_volunteer on transfer (bank_id, volunteer_id, transfer_id);
create index transfer_by_receiver on transfer (bank_id, to_volunteer_id, transfer_id);
create index transfer_by_fund on transfer (bank_id, fund_id, transfer_id);
create index transfer_by_receiving_fund on transfer (bank_id, to_fund_id, transfer_id);

-- migrate:down

drop table transfer, fund, redemption, reward, fund_balance;
alter table proxy drop column minutes_per_day;
alter table service_record drop column rules_applied, drop column policy_version;
alter table balance drop column redeemed_minutes;
