-- record --
-- $1 bank  $2 at  $3 kind  $4 actor  $5 subject  $6 address  $7 request  $8 detail
insert into security_event (bank_id, recorded_at, kind, actor, subject, address, request_id, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- view --
select number, recorded_at, kind, actor, subject, address, request_id, detail
  from security_event

-- page --
-- $1 bank  $2 before this number  $3 kind or null  $4 actor or null  $5 at most
{view}
 where bank_id = $1 and number < $2 and ($3::text is null or kind = $3) and ($4::text is null or actor = $4)
 order by number desc limit $5

-- about --
-- $1 bank  $2 volunteer
{view}
 where bank_id = $1 and (actor = $2 or subject = $2) order by number
