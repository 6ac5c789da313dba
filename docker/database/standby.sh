#!/bin/sh
# Starts a standby: copies the primary named by PRIMARY when there is nothing here yet, then follows it under the name
# STANDBY. To make a standby of what was a primary, empty its volume first.
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    chmod 0700 "$PGDATA"
    until pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast \
        --dbname="$PRIMARY user=replication password=$REPLICATION_PASSWORD application_name=$STANDBY"; do
        find "$PGDATA" -mindepth 1 -delete
        sleep 2
    done
fi
exec docker-entrypoint.sh "$@"
