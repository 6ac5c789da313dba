-- migrate:up

-- The day on which a residence was noted, where they themselves, or a leader, said it of days before. For months that
-- were over then, it makes nobody one of many.
alter table residence add column noted_on date;

-- migrate:down

alter table residence drop column noted_on;
