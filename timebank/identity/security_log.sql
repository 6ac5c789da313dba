-- record --
-- $1 bank  $2 at  $3 kind  $4 actor  $5 subject  $6 address  $7 request  $8 detail
insert into security_event (bank_id, recorded_at, kind, actor, subject, address, request_id, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8)

-- columns --
number, recorded_at, kind, actor, subject, address, request_id, detail

-- page --
-- $1 bank  $2 before this number  $3 kind or null  $4 actor or null  $5 at most
select {columns}
  from security_event
 where bank_id = $1 and number < $2 and ($3::text is null or kind = $3) and ($4::text is null or actor = $4)
 order by number desc limit $5

-- notices --
-- What whoever it is about, or whose own doing it is if it is about nobody else, has to be told. The kinds are those of
-- the index `security_event_notice`. $1 bank  $2 volunteer  $3 before  $4 after  $5 at most
select {columns}
  from security_event
 where bank_id = $1 and coalesce(subject, actor) = $2 and number < $3 and number > $4
   and kind in ('code-issued', 'identity-linked', 'identity-unlinked', 'list-signed', 'new-device', 'password-set',
                'phone-code-issued', 'phone-verified', 'recovery-code-used', 'refresh-reused', 'second-factor-removed',
                'second-factor-reset', 'second-factor-set', 'sessions-ended')
 order by number desc limit $5

-- about --
-- What somebody did, and what was done to them, each by its index. $1 bank  $2 volunteer  $3 after this number
-- $4 at most
select {columns}
  from ((select * from security_event where bank_id = $1 and actor = $2 and number > $3 order by number limit $4)
         union all
        (select * from security_event
          where bank_id = $1 and subject = $2 and actor is distinct from $2 and number > $3
          order by number limit $4)) found
 order by number limit $4

-- of_request --
-- What was written down about one request. $1 bank  $2 request  $3 at most
select {columns} from security_event where bank_id = $1 and request_id = $2 order by number limit $3

-- stretch --
-- What was written down after a number, and a digest over it: of a line of JSON for each. $1 bank  $2 after this number
-- $3 up to this number, or null  $4 up to the first entry of this time or later, or null: what is summed up, or comes
-- slowly, is written with an earlier time than entries of lower numbers, and none of those is to be left out  $5 but not for one
-- of this time or later, or null
select count(*), min(recorded_at) as since, max(number) as number,
       encode(sha256(convert_to(coalesce(string_agg(
           jsonb_build_array(number, (extract(epoch from recorded_at) * 1000000)::bigint, kind, actor, subject,
                             request_id, detail)::text, E'\n' order by number), ''), 'UTF8')), 'hex') as digest
  from security_event
 where bank_id = $1 and number > $2 and number <= coalesce($3, 9223372036854775807)
   and number < coalesce((select min(number) from security_event
                           where bank_id = $1 and number > $2 and recorded_at >= $4::timestamptz
                             and recorded_at < coalesce($5::timestamptz, 'infinity')), 9223372036854775807)

-- go_on_behind --
-- $1 number
select setval(pg_get_serial_sequence('security_event', 'number'),
              greatest($1, (select coalesce(max(number), 0) from security_event), 1))

-- sweep --
-- Delete a stretch of what happened before a time; says how many. $1 before  $2 at most
select sweep_security_log($1, $2)
