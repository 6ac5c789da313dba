-- read_so_far --
-- $1 bank  $2 volunteer
select position, number from notice_read where bank_id = $1 and volunteer_id = $2

-- mark_read --
-- $1 bank  $2 volunteer  $3 position  $4 number
insert into notice_read as r (bank_id, volunteer_id, position, number) values ($1, $2, $3, $4)
    on conflict (bank_id, volunteer_id) do update
   set position = greatest(r.position, excluded.position), number = greatest(r.number, excluded.number)
