-- migrate:up

-- Of whoever lives at a place it is looked up whether they were taken in: hardly anybody was not.
create index volunteer_not_taken_in on volunteer (bank_id, volunteer_id) where status in ('applied', 'declined');

-- migrate:down

drop index volunteer_not_taken_in;
