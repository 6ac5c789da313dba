-- open --
insert into fund (bank_id, fund_id, name, kind, organisation_id, purpose, status)
select $1, f.*, 'open'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (fund_id text, name text, kind text, organisation_id text, purpose text)

-- close --
update fund set status = 'closed'
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (fund_id text)
 where fund.bank_id = $1 and fund.fund_id = f.fund_id

-- view --
-- A fund, and how much is in it.
select f.fund_id, f.name, f.kind, f.organisation_id, f.purpose, f.status, b.minutes
  from fund f join fund_balance b using (bank_id, fund_id)

-- page --
-- $1 bank  $2 after this fund  $3 at most
{view}
 where f.bank_id = $1 and f.fund_id > $2
 order by f.fund_id limit $3

-- one --
-- $1 bank  $2 fund
{view}
 where f.bank_id = $1 and f.fund_id = $2

-- names --
-- $1 bank
select fund_id, name from fund where bank_id = $1
