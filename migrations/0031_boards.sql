-- migrate:up

-- Only who is shown has a place; -minutes, so that all three columns go the same way, for a cursor.
drop index leaderboard_in_order;
create index leaderboard_in_order on leaderboard (bank_id, period, (- minutes), position, volunteer_id)
    where is_visible and minutes > 0;

-- What all have together in a period; and how many of them, with how much, are not shown.
create table leaderboard_total (
    bank_id        uuid not null,
    period         text not null,
    minutes        bigint not null,
    hidden         bigint not null,
    hidden_minutes bigint not null,
    primary key (bank_id, period)
) with (fillfactor = 50);

-- How many of those who are shown have how many minutes: exactly (level 0), and in steps of 64, 4,096 and 262,144. The
-- rank of anybody is counted from some hundred of these rows at the most, however many people there are.
create table leaderboard_step (
    bank_id uuid not null,
    period  text not null,
    level   smallint not null,
    step    bigint not null,
    people  bigint not null,
    primary key (bank_id, period, level, step)
) with (fillfactor = 70);

-- migrate:down

drop table leaderboard_step, leaderboard_total;
drop index leaderboard_in_order;
create index leaderboard_in_order on leaderboard (bank_id, period, is_visible, minutes desc, position, volunteer_id);
