-- migrate:up

-- Whether only whoever has a phone on file says that it is theirs: no office entered it. Of those from before nobody knows.
alter table person add column phone_is_claimed boolean not null default false;

-- migrate:down

alter table person drop column phone_is_claimed;
