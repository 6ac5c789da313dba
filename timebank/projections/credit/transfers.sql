-- make --
insert into transfer (bank_id, transfer_id, kind, volunteer_id, fund_id, to_volunteer_id, to_fund_id, minutes, reason,
                      made_at, position)
select $1, f.transfer_id,
       case e.topic when 'credit-given' then 'gift' when 'credit-donated' then 'donation' else 'grant' end,
       f.volunteer_id, case when e.topic = 'credit-granted' then f.fund_id end, f.to_volunteer_id,
       case when e.topic = 'credit-donated' then f.fund_id else f.to_fund_id end, f.minutes, f.reason,
       e.recorded_at, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (transfer_id text, volunteer_id text, fund_id text, to_volunteer_id text, to_fund_id text,
                   minutes bigint, reason text)

-- page --
-- Newest first. $1 bank  $2 kind or null  $3 whose (from or to) or null  $4 of which fund (from or to) or null
-- $5 before this transfer or null  $6 at most
select transfer_id, kind, volunteer_id, fund_id, to_volunteer_id, to_fund_id, minutes, reason, made_at, position
  from transfer
 where bank_id = $1 and ($2::text is null or kind = $2) and ($3::text is null or volunteer_id = $3 or to_volunteer_id = $3)
   and ($4::text is null or fund_id = $4 or to_fund_id = $4) and ($5::text is null or transfer_id < $5)
 order by transfer_id desc limit $6
