-- leaders --
-- Who leads a node on a day. $1 bank  $2 day  $3 node
select appointment_id, volunteer_id, source, duties, valid_from, valid_until, delegated_from
  from appointment
 where bank_id = $1 and node_id = $3 and status = 'in force'
   and coalesce(valid_from, $2) <= $2 and coalesce(valid_until, $2) >= $2
 order by appointment_id
