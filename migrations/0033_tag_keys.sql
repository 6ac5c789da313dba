-- migrate:up

-- What stands in the index for a tag and a topic: 64 bits instead of both texts. Two may have the same; whatever is found
-- is looked at again, by the tags and the topic of the event itself.
create function tag_key(tag text, topic text) returns bigint language sql immutable parallel safe
    return hashtextextended(tag || ' ' || topic, 0);

create table event_tag_key (
    bank_id  uuid not null,
    key      bigint not null,
    position bigint not null
);
insert into event_tag_key (bank_id, key, position)
select distinct bank_id, tag_key(tag, topic), position from event_tag order by 1, 2, 3;

-- Auditors see what the index has by the tags of the events.
create or replace view audit_tag as
select t.bank_id, tag, e.topic, t.position
  from event_tag_key t join event e on e.bank_id = t.bank_id and e.position = t.position, unnest(e.tags) tag
 where t.key = tag_key(tag, e.topic);

drop table event_tag;
alter table event_tag_key rename to event_tag;
alter table event_tag add constraint event_tag_pkey primary key (bank_id, key, position);

-- migrate:down

alter table event_tag rename to event_tag_key;
alter table event_tag_key rename constraint event_tag_pkey to event_tag_key_pkey;
create table event_tag (
    bank_id  uuid not null,
    tag      text not null,
    topic    text not null,
    position bigint not null,
    primary key (bank_id, tag, topic, position)
);
insert into event_tag (bank_id, tag, topic, position)
select bank_id, tag, topic, position from event, unnest(tags) tag;
create or replace view audit_tag as select bank_id, tag, topic, position from event_tag;
drop table event_tag_key;
drop function tag_key;
