-- migrate:up

-- In the name of which team somebody says they served.
alter table proposal add column team_id text;

-- migrate:down

alter table proposal drop column team_id;
