-- migrate:up

-- Tries of whoever asked for a code are counted beside those of others, who cannot use them up.
alter table registration_code add column own_failures integer not null default 0;

-- migrate:down

alter table registration_code drop column own_failures;
