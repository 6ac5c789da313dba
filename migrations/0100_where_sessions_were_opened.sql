-- migrate:up

-- On which device, and at which address (as a keyed hash), somebody signed in: a session that is used elsewhere makes
-- nothing there familiar. Of sessions from before it is where they were used last.
alter table session
    add column opened_device  text,
    add column opened_address text;
update session set opened_device = device, opened_address = address;

-- migrate:down

alter table session
    drop column opened_address,
    drop column opened_device;
