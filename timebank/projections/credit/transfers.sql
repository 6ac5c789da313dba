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

-- view --
select t.transfer_id, t.kind, t.volunteer_id, t.fund_id, t.to_volunteer_id, t.to_fund_id, t.minutes, t.reason, t.made_at,
       t.position
  from transfer t

-- page --
-- Newest first, each kind by its own index. $1 bank  $2 kinds  $3 before this transfer or null  $4 at most
select t.*
  from unnest($2::text[]) wanted (kind),
       lateral (
           {view}
            where t.bank_id = $1 and t.kind = wanted.kind and ($3::text is null or t.transfer_id < $3)
            order by t.transfer_id desc limit $4
       ) t
 order by t.transfer_id desc limit $4

-- of_volunteer --
-- From or to somebody. $1 to $4 as page  $5 volunteer
select t.*
  from ((select own.* from ({view} where t.bank_id = $1 and t.volunteer_id = $5 and t.kind = any ($2)
                               and ($3::text is null or t.transfer_id < $3)
                             order by t.transfer_id desc limit $4) own)
         union
        (select own.* from ({view} where t.bank_id = $1 and t.to_volunteer_id = $5 and t.kind = any ($2)
                               and ($3::text is null or t.transfer_id < $3)
                             order by t.transfer_id desc limit $4) own)) t
 order by t.transfer_id desc limit $4

-- before --
-- The position of the transfer $3, or what is after all of them.
(select coalesce(case when $3::text is null then 9223372036854775807 end,
                 (select b.position from transfer b where b.bank_id = $1 and b.transfer_id = $3)))

-- of_fund --
-- From or to a fund, in the order of the log. $1 to $4 as page  $5 fund
select t.*
  from (select own.*
          from unnest($2::text[]) wanted (kind),
               lateral ({view} where t.bank_id = $1 and t.fund_id = $5 and t.kind = wanted.kind
                           and t.position < {before}
                         order by t.position desc limit $4) own
         union
        select own.*
          from unnest($2::text[]) wanted (kind),
               lateral ({view} where t.bank_id = $1 and t.to_fund_id = $5 and t.kind = wanted.kind
                           and t.position < {before}
                         order by t.position desc limit $4) own) t
 order by t.position desc limit $4
