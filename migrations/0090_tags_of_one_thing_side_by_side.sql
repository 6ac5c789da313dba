-- migrate:up

-- The key of a tag and a topic is 48 bits of the tag, and then 16 of the topic: so all that is recorded under a tag lies side
-- by side in the index, and what is asked of somebody under many topics is read from a page or two, not from one for each.
create or replace function tag_key(tag text, topic text) returns bigint language sql immutable parallel safe
    return (hashtextextended(tag, 0) & ~65535::bigint) | (hashtextextended(topic, 0) & 65535);

-- Where there are none yet, as in a backup that is being restored, they are made after all migrations.
create temporary table tags_before on commit drop as select exists (select from event_tag) as any;
drop index event_tag_by_key;
truncate event_tag;
insert into event_tag (bank_id, key, position)
select distinct e.bank_id, tag_key(tag, e.topic), e.position
  from event e, unnest(e.tags) tag
 where (select b.any from tags_before b)
 order by 2, 3, 1;
drop table tags_before;
create index event_tag_by_key on event_tag (key, position);

-- migrate:down

create or replace function tag_key(tag text, topic text) returns bigint language sql immutable parallel safe
    return hashtextextended(tag || ' ' || topic, 0);
drop index event_tag_by_key;
truncate event_tag;
insert into event_tag (bank_id, key, position)
select distinct e.bank_id, tag_key(tag, e.topic), e.position from event e, unnest(e.tags) tag order by 2, 3, 1;
create index event_tag_by_key on event_tag (key, position);
