-- hold --
-- Whether one may look at what is there and take more of a list in: nobody else does meanwhile. $1 bank
select pg_try_advisory_lock(hashtextextended('timebank.list ' || $1::uuid, 0))
