-- due --
-- The accounts that have enough facts after their latest checkpoint for another, of those at which this stretch has them
-- looked at: by one in so many of their facts, by its position alone, since to count an account's facts costs more than
-- all else. Hashed, so that no rhythm of the log leaves an account out.
-- $1 bank  $2 after  $3 until  $4 topics  $5 facts from one checkpoint to the next  $6 one in how many facts
select v.volunteer_id, v.until, c.position, c.accounts, c.causes
  from (select of.tag as volunteer_id, max(e.position) as until
          from event e, unnest(e.tags) of (tag)
         where e.bank_id = $1 and e.position > $2 and e.position <= $3 and e.topic = any ($4)
           and hashint8extended(e.position, 0) % $6 = 0 and of.tag ~ '^vol_[^@]*$'
         group by of.tag) v
       left join lateral (
           select position, accounts, causes from statement_checkpoint c
            where c.bank_id = $1 and c.volunteer_id = v.volunteer_id order by position desc limit 1
       ) c on true,
       lateral (
           select count(*) as facts
             from (select from event_tag t
                    where t.bank_id = $1
                      and t.key = any (array(select tag_key(v.volunteer_id, topic) from unnest($4::text[]) topic))
                      and t.position > coalesce(c.position, 0) and t.position <= v.until
                    limit $5) counted
           offset 0
       ) n
 where n.facts >= $5
   and case when n.facts >= $5
            then exists (select from event_tag r
                          where r.bank_id = $1 and r.key = tag_key(v.volunteer_id, 'volunteer-registered')) end

-- keep --
-- $1 bank  $2 volunteer  $3 position  $4 accounts  $5 causes
insert into statement_checkpoint (bank_id, volunteer_id, position, accounts, causes) values ($1, $2, $3, $4, $5)
