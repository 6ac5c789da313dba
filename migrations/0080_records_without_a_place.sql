-- migrate:up

-- Migration 0073 gave each record its place among those logged by the fact that logged it. Where it found none, as in a
-- read model that was damaged before, the place is 0: then the records of the bank are made anew from the log, as if
-- another version of the program had made them.
update checkpoint c set version = 0
 where c.projection = 'service_records'
   and exists (select from service_record r where r.bank_id = c.bank_id and r.logged_position = 0);

-- migrate:down

select;
