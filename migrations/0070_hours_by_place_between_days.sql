-- migrate:up

-- Minutes by node are kept of years as well as of months, those of a node next to each other; and what all nodes of a
-- level have, without a node, of days too. Nothing looks any more for what nothing is left of.
drop index place_day_of_nothing;
drop index place_total_of_nothing;
drop index place_total_in_order;
alter table place_total rename column month to period;
alter table place_total drop constraint place_total_pkey;
alter table place_total add primary key (bank_id, level, node_id, period);
insert into place_total (bank_id, level, node_id, period, minutes)
select bank_id, level, node_id, left(period, 4), sum(minutes)
  from place_total group by bank_id, level, node_id, left(period, 4) having sum(minutes) <> 0;
insert into place_total (bank_id, level, node_id, period, minutes)
select n.bank_id, n.level, '', to_char(d.day, 'YYYY-MM-DD'), sum(d.minutes)
  from place_day d join node n using (bank_id, node_id) group by n.bank_id, n.level, d.day having sum(d.minutes) <> 0;
create index place_total_in_order on place_total (bank_id, level, period, (- minutes), node_id) where node_id > '';

-- migrate:down

drop index place_total_in_order;
delete from place_total where length(period) <> 7;
alter table place_total drop constraint place_total_pkey;
alter table place_total rename column period to month;
alter table place_total add primary key (bank_id, level, month, node_id);
create index place_total_in_order on place_total (bank_id, level, month, (- minutes), node_id) where node_id > '';
create index place_total_of_nothing on place_total (bank_id) where minutes = 0;
create index place_day_of_nothing on place_day (bank_id) where minutes = 0;
