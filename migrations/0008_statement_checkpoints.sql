-- migrate:up

-- What was on an account, and for which causes, after every so many of its facts: statements are told from there.
create table statement_checkpoint (
    bank_id      uuid not null,
    volunteer_id text not null,
    position     bigint not null,
    accounts     jsonb not null,
    causes       jsonb not null,
    primary key (bank_id, volunteer_id, position)
);

-- For everything that the security log says about somebody, and not only what they did.
create index security_event_by_subject on security_event (bank_id, subject, number) where subject is not null;

-- migrate:down

drop table statement_checkpoint;
drop index security_event_by_subject;
