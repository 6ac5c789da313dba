-- migrate:up

-- What service counts, by organisation and month, and by the periods of the whole bank (without an organisation): so
-- that the statistics of a large bank are some rows.
create table service_total (
    bank_id uuid not null,
    organisation_id text not null,
    period text not null,
    people bigint not null,
    records bigint not null,
    minutes bigint not null,
    duty_minutes bigint not null,
    credited_minutes bigint not null,
    primary key (bank_id, organisation_id, period)
);

-- Who served in which month, so that they are counted once: for which organisation is told by 64 bits of its id.
create table served_month (
    bank_id uuid not null,
    organisation_key bigint not null,
    month date not null,
    records int not null,
    volunteer_id text not null,
    primary key (bank_id, volunteer_id, month, organisation_key)
);

-- migrate:down

drop table served_month;
drop table service_total;
