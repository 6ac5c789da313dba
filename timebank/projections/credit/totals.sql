-- now --
-- What is on all accounts together, and where the log ends. $1 bank
select (select head from bank where bank_id = $1) as head,
       coalesce(sum(available_minutes), 0)::bigint as available, coalesce(sum(reserved_minutes), 0)::bigint as reserved,
       coalesce(sum(debt_minutes), 0)::bigint as debt, coalesce(sum(service_minutes), 0)::bigint as served,
       coalesce(sum(credited_minutes), 0)::bigint as issued, coalesce(sum(redeemed_minutes), 0)::bigint as redeemed,
       (select coalesce(sum(minutes), 0)::bigint from fund_balance where bank_id = $1) as fund
  from balance where bank_id = $1

-- booked --
-- The next facts that do something to accounts. $1 bank  $2 after  $3 until  $4 topics  $5 at most
select position, topic, data from event
 where bank_id = $1 and position > $2 and position <= $3 and topic = any ($4)
 order by position limit $5
