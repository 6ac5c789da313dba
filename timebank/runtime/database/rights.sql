-- missing --
-- Which of the rights a role does not have. $1 tables  $2 rights  $3 columns ('': the whole table), one by one
-- $4 role (null: whoever asks)  $5 functions that it has to be able to call
select w.name, w.privilege
  from unnest($1::text[], $2::text[], $3::text[]) w (name, privilege, part)
  join pg_class c on c.oid = to_regclass('public.' || w.name)
 where not case when w.part = '' then has_table_privilege(coalesce($4::name, current_user), c.oid, w.privilege)
                else has_column_privilege(coalesce($4::name, current_user), c.oid, w.part, w.privilege) end
 union all
select f.name, 'execute' from unnest($5::text[]) f (name)
 where not has_function_privilege(coalesce($4::name, current_user), to_regprocedure('public.' || f.name), 'execute')
 order by name, privilege

-- excess --
-- On which tables a role may do more than add rows. $1 tables  $2 role (null: whoever asks)
select t.name from unnest($1::text[]) t (name)
 where has_table_privilege(coalesce($2::name, current_user), 'public.' || t.name, 'delete, truncate')
    or has_any_column_privilege(coalesce($2::name, current_user), 'public.' || t.name, 'update')
 order by t.name

-- sees_standbys --
-- Whether a role sees whether a standby is there. $1 role
select pg_has_role($1, 'pg_read_all_stats', 'usage')

-- whoever --
select current_user
