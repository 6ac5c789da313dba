-- migrate:up

-- A stand says the level of its node too: whoever climbs the tree needs no other table.
alter table node_stand add column level text;
update node_stand s set level = n.level from node n where n.bank_id = s.bank_id and n.node_id = s.node_id;
alter table node_stand alter column level set not null;

-- Whoever lists the people of a place finds all that is shown of them in the index.
drop index residence_by_node;
create index residence_by_node on residence (bank_id, node_id, volunteer_id) include (from_day, until_day, tie);

-- And the earlier numbers of whoever is shown come in their order.
drop index volunteer_by_kept;
create index volunteer_by_kept on volunteer (bank_id, kept_id, volunteer_id) where kept_id is not null;

-- migrate:down

drop index volunteer_by_kept;
create index volunteer_by_kept on volunteer (bank_id, kept_id) where kept_id is not null;
drop index residence_by_node;
create index residence_by_node on residence (bank_id, node_id, volunteer_id) include (from_day, until_day);
alter table node_stand drop column level;
