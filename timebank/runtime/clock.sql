-- now --
-- What time the database's machine says it is.
select clock_timestamp()
