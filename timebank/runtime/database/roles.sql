-- standing --
-- Whether whoever asks owns the log, may make roles, and is anything but a superuser.
select pg_has_role(c.relowner, 'usage') as is_owner, r.rolsuper or r.rolcreaterole as may_create, r.rolsuper as may_all,
       quote_ident(current_user) as name
  from pg_class c, pg_roles r
 where c.oid = 'public.event'::regclass and r.rolname = current_user

-- there --
-- Whether there is a role. $1 its name
select exists (select from pg_roles where rolname = $1)

-- may_become --
-- Whether whoever asks may act as a role. $1 its name
select pg_has_role($1, 'member')

-- alone --
-- One process at a time: rights of a table cannot be given by two at once.
select pg_advisory_xact_lock(hashtext('timebank.roles'))

-- reads_all --
-- Whether a role may read all of these views. $1 role  $2 views
select bool_and(has_table_privilege($1, 'public.' || v.name, 'select')) from unnest($2::text[]) v (name)

-- create --
-- Make a role that nobody can sign in as, unless another database of the server made it meanwhile.
do $$
begin
    create role {role} nologin;
exception when duplicate_object or unique_violation then
    null;
end $$
