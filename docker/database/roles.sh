#!/bin/sh
# Run once by PostgreSQL's image, when the database is made: the service owns its database, and is nobody elsewhere.
# The superuser is left without a password, so that it is reached from within the container only:
#
#   docker compose -f docker/compose.yaml exec --user postgres database psql timebank
set -eu
psql --set=ON_ERROR_STOP=1 --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\getenv password POSTGRES_PASSWORD
create role timebank login password :'password';
alter database timebank owner to timebank;
alter role current_user password null;
SQL
