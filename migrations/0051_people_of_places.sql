-- migrate:up

-- Whom to call up is found place by place: who agreed to be asked is said where they live.
alter table residence add column is_willing boolean not null default false;
update residence r set is_willing = true
  from willing w
 where w.bank_id = r.bank_id and w.volunteer_id = r.volunteer_id and w.is_willing;
create index residence_of_willing on residence (bank_id, node_id, volunteer_id) where is_willing;

-- migrate:down

drop index residence_of_willing;
alter table residence drop column is_willing;
