-- migrate:up

-- Until when somebody lives at a place, and a place is below another: so that nothing later has to be looked for.
alter table residence add column until_day date;
alter table node_stand add column until_day date;
update residence r set until_day = n.until_day
  from (select bank_id, volunteer_id, from_day,
               lead(from_day) over (partition by bank_id, volunteer_id order by from_day) - 1 as until_day
          from residence) n
 where r.bank_id = n.bank_id and r.volunteer_id = n.volunteer_id and r.from_day = n.from_day and n.until_day is not null;
update node_stand t set until_day = n.until_day
  from (select bank_id, node_id, from_day,
               lead(from_day) over (partition by bank_id, node_id order by from_day) - 1 as until_day
          from node_stand) n
 where t.bank_id = n.bank_id and t.node_id = n.node_id and t.from_day = n.from_day and n.until_day is not null;
drop index residence_by_node;
create index residence_by_node on residence (bank_id, node_id, volunteer_id) include (from_day, until_day);

-- How many signed up for an activity, and how many wait.
alter table activity add column signed_up int not null default 0;
alter table activity add column waiting int not null default 0;
update activity a set signed_up = n.signed_up, waiting = n.waiting
  from (select bank_id, activity_id, count(*) filter (where status = 'signed-up') as signed_up,
               count(*) filter (where status = 'waiting') as waiting
          from sign_up group by bank_id, activity_id) n
 where a.bank_id = n.bank_id and a.activity_id = n.activity_id;

-- migrate:down

alter table activity drop column waiting;
alter table activity drop column signed_up;
drop index residence_by_node;
create index residence_by_node on residence (bank_id, node_id, volunteer_id);
alter table node_stand drop column until_day;
alter table residence drop column until_day;
