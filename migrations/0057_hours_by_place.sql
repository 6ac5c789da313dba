-- migrate:up

-- Minutes by node of a level, in a month, most first; and what all nodes of the level have, without a node.
create table place_total (
    bank_id uuid not null,
    level text not null,
    month text not null,
    node_id text not null,
    minutes bigint not null,
    primary key (bank_id, level, month, node_id)
);
insert into place_total (bank_id, level, month, node_id, minutes)
select n.bank_id, n.level, to_char(d.day, 'YYYY-MM') as month, w.node_id, sum(d.minutes)
  from place_day d join node n using (bank_id, node_id), lateral (values (d.node_id), ('')) w (node_id)
 group by n.bank_id, n.level, month, w.node_id having sum(d.minutes) <> 0;
create index place_total_in_order on place_total (bank_id, level, month, (- minutes), node_id) where node_id > '';
create index place_total_of_nothing on place_total (bank_id) where minutes = 0;

-- migrate:down

drop table place_total;
