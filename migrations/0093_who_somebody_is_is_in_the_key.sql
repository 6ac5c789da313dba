-- migrate:up

-- All that is known of a registration besides what is sealed stands in its key: whoever lists people reads no page of the table
-- for each of them.
alter table volunteer drop constraint volunteer_pkey,
    add primary key (bank_id, volunteer_id) include (number, status, on_leaderboards, registered_at, kept_id);

-- migrate:down

alter table volunteer drop constraint volunteer_pkey, add primary key (bank_id, volunteer_id);
