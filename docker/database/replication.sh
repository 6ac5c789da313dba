#!/bin/sh
# Lets a standby follow this server. Run by PostgreSQL's image when the database is made, or by hand; again does no harm.
set -eu
psql --set=ON_ERROR_STOP=1 --quiet --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv password REPLICATION_PASSWORD
select 'create role replication login replication' where to_regrole('replication') is null \gexec
alter role replication password :'password';
SQL
rule='host replication replication all scram-sha-256'
grep -qxF "$rule" "$PGDATA/pg_hba.conf" || echo "$rule" >> "$PGDATA/pg_hba.conf"
psql --set=ON_ERROR_STOP=1 --quiet --username="${POSTGRES_USER:-postgres}" --dbname=postgres --tuples-only \
    --command='select pg_reload_conf()' > /dev/null
