-- migrate:up

-- Up to which position a bank was recorded elsewhere, and taken in: what its security log said then is not here.
alter table bank add column taken_in bigint not null default 0;

-- migrate:down

alter table bank drop column taken_in;
