-- migrate:up

-- Whether somebody signed up themselves; null of those who were signed up before, until the projection is rebuilt.
alter table sign_up add column is_own boolean;

-- migrate:down

alter table sign_up drop column is_own;
