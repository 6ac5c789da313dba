-- migrate:up

-- What somebody served on which day is asked only where they move, and only about them: then it is looked up in the log, by
-- their tag.
drop table served_day;

-- migrate:down

-- The version before has the places made anew, and fills it.
create table served_day (
    bank_id      uuid not null,
    volunteer_id text not null,
    day          date not null,
    minutes      int not null,
    primary key (bank_id, volunteer_id, day)
) with (fillfactor = 90);
update checkpoint set version = 0 where projection = 'places';
