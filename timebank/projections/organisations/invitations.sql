-- make --
insert into invitation (bank_id, invitation_id, organisation_id, made_by, people, until_day, position)
select $1, f.invitation_id, f.organisation_id, f.made_by, f.people, f.until_day, e.position
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data)
                f (invitation_id text, organisation_id text, made_by text, people int, until_day date)

-- withdraw --
update invitation i set is_withdrawn = true, position = greatest(i.position, e.position)
  from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (invitation_id text)
 where i.bank_id = $1 and i.invitation_id = f.invitation_id

-- come --
update invitation i set come = i.come + f.come, position = greatest(i.position, f.position)
  from (select f.invitation_id, count(*) as come, max(e.position) as position
          from facts_between($1, $2, $3, $4) e, jsonb_to_record(e.data) f (invitation_id text)
         where f.invitation_id is not null group by f.invitation_id) f
 where i.bank_id = $1 and i.invitation_id = f.invitation_id

-- of_organisation --
-- The latest first. $1 bank  $2 organisation  $3 before this invitation or null  $4 at most
select invitation_id, organisation_id, made_by, people, come, until_day, is_withdrawn, position
  from invitation
 where bank_id = $1 and organisation_id = $2 and ($3::text is null or invitation_id < $3)
 order by invitation_id desc limit $4
