-- missing --
-- Which of the rights whoever asks does not have. $1 tables  $2 rights  $3 columns ('': the whole table), one by one
select w.name, w.privilege
  from unnest($1::text[], $2::text[], $3::text[]) w (name, privilege, part)
  join pg_class c on c.oid = to_regclass('public.' || w.name)
 where not case when w.part = '' then has_table_privilege(c.oid, w.privilege)
                else has_column_privilege(c.oid, w.part, w.privilege) end
 order by w.name, w.privilege

-- whoever --
select current_user
