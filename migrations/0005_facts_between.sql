-- migrate:up

-- The facts of some topics in a stretch of a bank's log, after one position, up to another: what a step of a projection
-- is made of. Its body is one SELECT, so PostgreSQL plans each statement as if it were written there.
create function facts_between(bank uuid, after bigint, until bigint, topics text[])
    returns table ("position" bigint, topic text, recorded_at timestamptz, data jsonb)
    language sql stable parallel safe
begin atomic
    select e.position, e.topic, e.recorded_at, convert_from(e.data, 'UTF8')::jsonb
      from event e
     where e.bank_id = bank and e.position > after and e.position <= until and e.topic = any (topics);
end;

-- migrate:down

drop function facts_between;
