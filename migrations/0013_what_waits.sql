-- migrate:up

-- What waits for a decision, oldest or newest first, and what came late: of an organisation, and of all.
create index service_record_waiting on service_record (bank_id, organisation_id, record_id) where status = 'logged';
create index service_record_waiting_anywhere on service_record (bank_id, record_id) where status = 'logged';
create index service_record_late on service_record (bank_id, organisation_id, record_id) where is_late;
create index service_record_late_anywhere on service_record (bank_id, record_id) where is_late;

-- Who waits to be let in, and who holds which role.
create index membership_waiting on membership (bank_id, organisation_id, membership_id)
    where status in ('requested', 'invited');
create index membership_by_role on membership (bank_id, organisation_id, role, membership_id) where status = 'approved';

-- migrate:down

drop index membership_by_role;
drop index membership_waiting;
drop index service_record_late_anywhere;
drop index service_record_late;
drop index service_record_waiting_anywhere;
drop index service_record_waiting;
