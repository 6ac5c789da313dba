-- whole --
-- People with all that is sealed about them, and the key that opens it.
select bank_id, volunteer_id, key_id, sealed, document,
       phone_is_claimed and phone_verified_at is null as phone_is_claimed from person

-- one --
-- $1 bank  $2 volunteer
{whole} where bank_id = $1 and volunteer_id = $2

-- all --
-- $1 bank
select volunteer_id, key_id, sealed, document, phone_is_claimed and phone_verified_at is null as phone_is_claimed
  from person where bank_id = $1 order by volunteer_id

-- whose --
-- $1 bank
select volunteer_id from person where bank_id = $1

-- hold --
-- $1 bank  $2 volunteers
{whole} where bank_id = $1 and volunteer_id = any ($2) for update

-- hold_one --
-- $1 bank  $2 volunteer
select true from person where bank_id = $1 and volunteer_id = $2 for share

-- hold_alone --
-- $1 bank  $2 volunteer
select true from person where bank_id = $1 and volunteer_id = $2 for update

-- holders --
-- Who has which document numbers. $1 bank  $2 keyed hashes of them
select document_index, volunteer_id from person where bank_id = $1 and document_index = any ($2)

-- free_documents --
-- $1 bank  $2 volunteers whose document numbers are put down anew
update person set document_index = null where bank_id = $1 and volunteer_id = any ($2) and document_index is not null

-- put --
-- $1 bank  $2 key  $3 volunteers  $4 sealed  $5 documents  $6 phone indexes  $7 document indexes
-- $8 keys of the name and its beginnings (those of a person as an array literal)  $9 of name and year of birth
insert into person (bank_id, volunteer_id, key_id, sealed, document, phone_index, document_index, name_keys, alike_index)
select $1, n.volunteer_id, $2, n.sealed, n.document, n.phone, n.document_index, n.names::bigint[], n.alike
  from unnest($3::text[], $4::bytea[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::text[])
       n (volunteer_id, sealed, document, phone, document_index, names, alike)
    on conflict (bank_id, volunteer_id) do update
   set key_id = excluded.key_id, sealed = excluded.sealed, document = excluded.document,
       phone_index = excluded.phone_index, document_index = excluded.document_index, name_keys = excluded.name_keys,
       alike_index = excluded.alike_index

-- unname --
-- Take people out of the index of names. $1 bank  $2 volunteers
delete from person_name n
 using (select p.volunteer_id, k.name_key from person p, unnest(p.name_keys) k (name_key)
         where p.bank_id = $1 and p.volunteer_id = any ($2)) gone
 where n.bank_id = $1 and n.name_key = gone.name_key and n.volunteer_id = gone.volunteer_id

-- name --
-- Put people into the index of names. $1 bank  $2 volunteers
insert into person_name (bank_id, name_key, volunteer_id)
select distinct p.bank_id, k.name_key, p.volunteer_id from person p, unnest(p.name_keys) k (name_key)
 where p.bank_id = $1 and p.volunteer_id = any ($2)

-- unpair --
-- What people were like before. $1 bank  $2 volunteers
delete from double_registration where bank_id = $1 and (earlier_id = any ($2) or later_id = any ($2))

-- pair --
-- Who may be the same person as others, each with some of those who have the same. $1 bank  $2 volunteers and $3 keyed
-- hashes of their phones  $4 volunteers and $5 keyed hashes of their names and years of birth  $6 at most
insert into double_registration (bank_id, earlier_id, later_id, same_phone, same_name)
select $1, least(a.volunteer_id, a.other_id), greatest(a.volunteer_id, a.other_id), bool_or(a.same_phone),
       bool_or(a.same_name)
  from (select w.volunteer_id, o.volunteer_id as other_id, true as same_phone, false as same_name
          from unnest($2::text[], $3::text[]) w (volunteer_id, index),
               lateral (
                   select p.volunteer_id from person p
                    where p.bank_id = $1 and p.phone_index = w.index and p.volunteer_id <> w.volunteer_id limit $6
               ) o
         union all
        select w.volunteer_id, o.volunteer_id, false, true
          from unnest($4::text[], $5::text[]) w (volunteer_id, index),
               lateral (
                   select p.volunteer_id from person p
                    where p.bank_id = $1 and p.alike_index = w.index and p.alike_index <> '' and p.volunteer_id <> w.volunteer_id limit $6
               ) o) a
 group by 2, 3

-- not_compared --
-- $1 at most
{whole} where alike_index is null limit $1 for update

-- compared --
-- Also those that cannot be opened. $1 banks  $2 volunteers, one by one
update person p set alike_index = ''
  from unnest($1::uuid[], $2::text[]) done (bank_id, volunteer_id)
 where p.bank_id = done.bank_id and p.volunteer_id = done.volunteer_id

-- phones_changed --
-- Other phones are nobody's yet. $1 bank  $2 volunteers
update person set phone_verified_at = null where bank_id = $1 and volunteer_id = any ($2)

-- phones_claimed --
-- $1 bank  $2 volunteers whose phone was entered  $3 of each, whether they did it themselves
update person p set phone_is_claimed = n.is_claimed
  from unnest($2::text[], $3::boolean[]) n (volunteer_id, is_claimed)
 where p.bank_id = $1 and p.volunteer_id = n.volunteer_id and p.phone_is_claimed <> n.is_claimed

-- phones_verified --
-- $1 bank  $2 now  $3 volunteers (null: all)
update person set phone_verified_at = $2
 where bank_id = $1 and phone_index is not null and ($3::text[] is null or volunteer_id = any ($3))

-- phone_shared --
-- How many others have verified a phone. $1 bank  $2 but this volunteer  $3 keyed hashes of the phone
select count(*) from person
 where bank_id = $1 and volunteer_id <> $2 and phone_index = any ($3) and phone_verified_at is not null

-- phone_verified_at --
-- $1 bank  $2 volunteer
select phone_verified_at from person where bank_id = $1 and volunteer_id = $2

-- one_verification --
-- Of two that verify phones at once the second waits, so that both are counted.
select pg_advisory_xact_lock(hashtext('timebank.phones'))

-- forget --
-- $1 bank  $2 volunteers
delete from person where bank_id = $1 and volunteer_id = any ($2)

-- count_others --
-- $1 key that everything is to be sealed with
select (select count(*) from person where key_id <> $1) + (select count(*) from sealed_secret where key_id <> $1)

-- others --
-- $1 key that everything is to be sealed with  $2 at most  $3 banks and $4 volunteers of those that cannot be opened
{whole} where key_id <> $1 and (bank_id, volunteer_id) not in (select * from unnest($3::uuid[], $4::text[]))
 limit $2 for update
