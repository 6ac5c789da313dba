-- migrate:up

-- Records are in the order in which they were logged: by the position of that fact, which takes 8 bytes where an identifier
-- takes 37. Of whom they are, and where, is looked up by 64 bits of that and the bank.
alter table service_record add column logged_position bigint not null default 0;
drop index service_record_by_day, service_record_by_organisation, service_record_by_organisation_day,
           service_record_by_volunteer, service_record_by_volunteer_day,
           service_record_late, service_record_late_anywhere, service_record_late_by_day,
           service_record_late_of_organisation_by_day, service_record_late_of_volunteer, service_record_late_waiting,
           service_record_late_waiting_anywhere,
           service_record_set_aside, service_record_set_aside_by_day, service_record_set_aside_of_organisation,
           service_record_set_aside_of_organisation_by_day, service_record_set_aside_of_volunteer,
           service_record_waiting, service_record_waiting_anywhere, service_record_waiting_by_day,
           service_record_waiting_of_organisation_by_day, service_record_waiting_of_volunteer;

update service_record r set logged_position = e.position
  from event e
 where e.bank_id = r.bank_id and e.topic = 'service-logged' and e.tags[1] = r.record_id;
alter table service_record alter column logged_position drop default;

-- The same of several texts: of known ones it is worked out before a statement is planned.
create function keys_in(bank uuid, what text[]) returns bigint[] language sql immutable parallel safe
    return array(select key_in(bank, each) from unnest(what) each);

create index service_record_logged on service_record (bank_id, logged_position);
create index service_record_by_day on service_record (bank_id, local_date, logged_position);
create index service_record_by_organisation on service_record (bank_id, key_in(bank_id, organisation_id), logged_position);
create index service_record_by_organisation_day
    on service_record (bank_id, key_in(bank_id, organisation_id), local_date, logged_position);
create index service_record_by_volunteer on service_record (bank_id, key_in(bank_id, volunteer_id), logged_position);
create index service_record_by_volunteer_day
    on service_record (bank_id, key_in(bank_id, volunteer_id), local_date, logged_position);

-- What waits.
create index service_record_waiting on service_record (bank_id, key_in(bank_id, organisation_id), logged_position)
    where status = 'logged';
create index service_record_waiting_anywhere on service_record (bank_id, logged_position) where status = 'logged';
create index service_record_waiting_by_day on service_record (bank_id, local_date, logged_position) where status = 'logged';
create index service_record_waiting_of_organisation_by_day
    on service_record (bank_id, key_in(bank_id, organisation_id), local_date, logged_position) where status = 'logged';
create index service_record_waiting_of_volunteer
    on service_record (bank_id, key_in(bank_id, volunteer_id), logged_position) where status = 'logged';

-- What does not count, or no longer as it did.
create index service_record_set_aside on service_record (bank_id, status, logged_position)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_by_day on service_record (bank_id, status, local_date, logged_position)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation
    on service_record (bank_id, key_in(bank_id, organisation_id), status, logged_position)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation_by_day
    on service_record (bank_id, key_in(bank_id, organisation_id), status, local_date, logged_position)
    where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_volunteer
    on service_record (bank_id, key_in(bank_id, volunteer_id), status, logged_position)
    where status not in ('logged', 'confirmed');

-- What was logged late.
create index service_record_late on service_record (bank_id, key_in(bank_id, organisation_id), logged_position)
    where is_late;
create index service_record_late_anywhere on service_record (bank_id, logged_position) where is_late;
create index service_record_late_by_day on service_record (bank_id, local_date, logged_position) where is_late;
create index service_record_late_of_organisation_by_day
    on service_record (bank_id, key_in(bank_id, organisation_id), local_date, logged_position) where is_late;
create index service_record_late_of_volunteer on service_record (bank_id, key_in(bank_id, volunteer_id), logged_position)
    where is_late;
create index service_record_late_waiting on service_record (bank_id, key_in(bank_id, organisation_id), logged_position)
    where is_late and status = 'logged';
create index service_record_late_waiting_anywhere on service_record (bank_id, logged_position)
    where is_late and status = 'logged';

-- migrate:down

drop index service_record_logged, service_record_by_day, service_record_by_organisation, service_record_by_organisation_day,
           service_record_by_volunteer, service_record_by_volunteer_day,
           service_record_late, service_record_late_anywhere, service_record_late_by_day,
           service_record_late_of_organisation_by_day, service_record_late_of_volunteer, service_record_late_waiting,
           service_record_late_waiting_anywhere,
           service_record_set_aside, service_record_set_aside_by_day, service_record_set_aside_of_organisation,
           service_record_set_aside_of_organisation_by_day, service_record_set_aside_of_volunteer,
           service_record_waiting, service_record_waiting_anywhere, service_record_waiting_by_day,
           service_record_waiting_of_organisation_by_day, service_record_waiting_of_volunteer;
create index service_record_by_day on service_record (bank_id, local_date, record_id);
create index service_record_by_organisation on service_record (bank_id, organisation_id, record_id);
create index service_record_by_organisation_day on service_record (bank_id, organisation_id, local_date, record_id);
create index service_record_by_volunteer on service_record (bank_id, volunteer_id, record_id);
create index service_record_by_volunteer_day on service_record (bank_id, volunteer_id, local_date, record_id);
create index service_record_late on service_record (bank_id, organisation_id, record_id) where is_late;
create index service_record_late_anywhere on service_record (bank_id, record_id) where is_late;
create index service_record_late_by_day on service_record (bank_id, local_date, record_id) where is_late;
create index service_record_late_of_organisation_by_day
    on service_record (bank_id, organisation_id, local_date, record_id) where is_late;
create index service_record_late_of_volunteer on service_record (bank_id, volunteer_id, record_id) where is_late;
create index service_record_late_waiting
    on service_record (bank_id, organisation_id, record_id) where is_late and status = 'logged';
create index service_record_late_waiting_anywhere
    on service_record (bank_id, record_id) where is_late and status = 'logged';
create index service_record_set_aside
    on service_record (bank_id, status, record_id) where status not in ('logged', 'confirmed');
create index service_record_set_aside_by_day
    on service_record (bank_id, status, local_date, record_id) where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation
    on service_record (bank_id, organisation_id, status, record_id) where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_organisation_by_day
    on service_record (bank_id, organisation_id, status, local_date, record_id) where status not in ('logged', 'confirmed');
create index service_record_set_aside_of_volunteer
    on service_record (bank_id, volunteer_id, status, record_id) where status not in ('logged', 'confirmed');
create index service_record_waiting on service_record (bank_id, organisation_id, record_id) where status = 'logged';
create index service_record_waiting_anywhere on service_record (bank_id, record_id) where status = 'logged';
create index service_record_waiting_by_day on service_record (bank_id, local_date, record_id) where status = 'logged';
create index service_record_waiting_of_organisation_by_day
    on service_record (bank_id, organisation_id, local_date, record_id) where status = 'logged';
create index service_record_waiting_of_volunteer
    on service_record (bank_id, volunteer_id, record_id) where status = 'logged';
drop function keys_in;
alter table service_record drop column logged_position;
