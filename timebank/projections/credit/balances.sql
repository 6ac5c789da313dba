-- open_accounts --
-- With what is on them. $1 bank  $2 volunteers  $3 to $8 as post
insert into balance (bank_id, volunteer_id, available_minutes, reserved_minutes, debt_minutes,
                     service_minutes, credited_minutes, redeemed_minutes)
select $1, p.*
  from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) p

-- post --
-- Add to accounts. $1 bank  $2 volunteers  $3 available  $4 reserved  $5 debt  $6 service  $7 credited
-- $8 redeemed
update balance b
   set available_minutes = b.available_minutes + p.available, reserved_minutes = b.reserved_minutes + p.reserved,
       debt_minutes = b.debt_minutes + p.debt, service_minutes = b.service_minutes + p.service,
       credited_minutes = b.credited_minutes + p.credited, redeemed_minutes = b.redeemed_minutes + p.redeemed
  from unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[])
       p (volunteer_id, available, reserved, debt, service, credited, redeemed)
 where b.bank_id = $1 and b.volunteer_id = p.volunteer_id

-- open_funds --
-- $1 bank  $2 funds
insert into fund_balance (bank_id, fund_id, minutes) select $1, fund_id, 0 from unnest($2::text[]) fund_id

-- post_to_funds --
-- $1 bank  $2 funds  $3 minutes
update fund_balance b set minutes = b.minutes + p.minutes
  from unnest($2::text[], $3::bigint[]) p (fund_id, minutes)
 where b.bank_id = $1 and b.fund_id = p.fund_id

-- booked_between --
-- The facts that do something to accounts. $1 bank  $2 after  $3 until  $4 topics
select topic, data from event
 where bank_id = $1 and position > $2 and position <= $3 and topic = any ($4) order by position

-- balances_of --
-- Accounts, and the head of the log they are as of. $1 bank  $2 volunteers
select b.volunteer_id, b.available_minutes, b.reserved_minutes, b.debt_minutes, b.service_minutes, b.credited_minutes,
       b.redeemed_minutes, bank.head as position
  from bank join balance b using (bank_id)
 where bank.bank_id = $1 and b.volunteer_id = any ($2)

-- trial_balance --
-- What is left over when all accounts of a bank are added up: nothing. $1 bank
select (coalesce(sum(available_minutes + reserved_minutes - debt_minutes - credited_minutes + redeemed_minutes), 0)
        + (select coalesce(sum(minutes), 0) from fund_balance where bank_id = $1))::bigint
  from balance where bank_id = $1

-- every_account --
-- What is on every account of a bank, in minutes. $1 bank
select volunteer_id as holder, available_minutes as available, reserved_minutes as reserved, debt_minutes as debt,
       service_minutes as service, credited_minutes as credited, redeemed_minutes as redeemed, 0::bigint as fund
  from balance where bank_id = $1
 union all
select fund_id, 0, 0, 0, 0, 0, 0, minutes from fund_balance where bank_id = $1
 order by holder
