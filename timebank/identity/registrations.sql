-- so_far --
-- When there were codes for a phone, and from whence one is asked for now, the first of them first.
-- $1 bank  $2 keyed hashes of the phone  $3 keyed hash of the address  $4 of its network, or null  $5 since
-- $6 since, the shorter
with so_far as (
    select issued_at, issued_at > $6 as is_late, phone_index = any ($2) as is_of_phone, address, network
      from registration_code
     where bank_id = $1 and issued_at > $5 and (phone_index = any ($2) or address = $3 or network = $4)
)
select coalesce(array_agg(issued_at order by issued_at) filter (where is_of_phone), '{}') as of_phone,
       coalesce(array_agg(issued_at order by issued_at) filter (where is_of_phone and is_late), '{}') as of_phone_lately,
       coalesce(bool_or(address = $3) filter (where is_of_phone), false) as asked_before,
       coalesce(array_agg(issued_at order by issued_at) filter (where address = $3 and is_late), '{}') as of_address,
       coalesce(array_agg(issued_at order by issued_at) filter (where network = $4 and is_late), '{}') as of_network
  from so_far

-- one_at_a_time --
-- Codes of one bank are counted and made one after the other, so that many at once are no way around. $1 bank
select pg_advisory_xact_lock(hashtextextended('registration/' || $1::uuid, 0))

-- issue --
-- $1 bank  $2 keyed hash of the phone  $3 of the code  $4 of the address  $5 of its network, or null  $6 now  $7 until
insert into registration_code (bank_id, phone_index, code_hash, address, network, issued_at, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)

-- try --
-- Count a try of all codes that came to a phone and are good before they are compared: apart from whence a code was
-- asked for, and from everywhere else together. $1 bank  $2 keyed hashes of the phone  $3 now
-- $4 tries that a code is good for  $5 keyed hash of the address
update registration_code
   set failures = failures + (address <> $5)::integer, own_failures = own_failures + (address = $5)::integer
 where bank_id = $1 and phone_index = any ($2) and used_at is null and expires_at > $3
   and case when address = $5 then own_failures else failures end < $4
returning code_id, code_hash

-- use --
-- Use a code up, and with it all others that came to the phone: of two of them that are used at once the second finds
-- none. $1 bank  $2 code  $3 now
with held as (
    select code_id from registration_code
     where bank_id = $1 and used_at is null and expires_at > $3
       and phone_index = (select phone_index from registration_code where bank_id = $1 and code_id = $2)
     order by code_id for update
), used as (
    update registration_code set used_at = $3 where code_id in (select code_id from held) and used_at is null
    returning code_id
)
select true from used where code_id = $2

-- sweep --
-- $1 now
delete from registration_code where expires_at < $1::timestamptz - interval '1 day'
