-- migrate:up

-- Who was in charge of the activity that a record is of.
alter table service_record add column person_in_charge_id text;

-- migrate:down

alter table service_record drop column person_in_charge_id;
