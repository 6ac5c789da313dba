-- migrate:up

-- The keyed hash of name and year of birth: whoever has the same may be the same person. Empty, where one of them is not
-- known; null, until it is worked out.
alter table person add column alike_index text;

create index person_by_alike on person (bank_id, alike_index) where alike_index <> '';
create index person_not_compared on person (bank_id) where alike_index is null;

-- Who may be registered twice: two registrations, the earlier first, with the same phone, or the same name and year of birth.
create table double_registration (
    bank_id    uuid not null,
    earlier_id text not null,
    later_id   text not null,
    same_phone boolean not null,
    same_name  boolean not null,
    primary key (bank_id, earlier_id, later_id),
    foreign key (bank_id, earlier_id) references person (bank_id, volunteer_id) on delete cascade,
    foreign key (bank_id, later_id) references person (bank_id, volunteer_id) on delete cascade
);

create index double_registration_by_later on double_registration (bank_id, later_id);

-- migrate:down

drop table double_registration;
drop index person_not_compared;
drop index person_by_alike;
alter table person drop column alike_index;
