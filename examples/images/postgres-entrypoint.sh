#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Entry point of the postgres image: makes a database cluster on the first start, then becomes
# the server.  Reads POSTGRES_PASSWORD (needed on the first start), POSTGRES_USER (postgres) and
# POSTGRES_DB (the user's name); /docker-entrypoint-initdb.d/*.sql is run once after that.
set -eu

if [ "$(id -u)" = 0 ]; then
	install -d -m 700 -o postgres -g postgres "$PGDATA"
	install -d -m 2775 -o postgres -g postgres /var/run/postgresql
	exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

make_cluster() {
	: "${POSTGRES_PASSWORD:?needed to make the database}"
	user=${POSTGRES_USER:-postgres}
	password_file=$(mktemp)
	printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
	initdb --pgdata="$PGDATA" --username="$user" --pwfile="$password_file" \
		--encoding=UTF8 --locale=C.UTF-8 --auth-local=trust --auth-host=scram-sha-256
	rm -f "$password_file"
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	# The first settings are made on a server that nobody else can reach yet.
	export PGPASSWORD="$POSTGRES_PASSWORD"
	pg_ctl --wait --silent --options="-c listen_addresses=''" start
	database=${POSTGRES_DB:-$user}
	if [ "$database" != postgres ]; then
		createdb --username="$user" "$database"
	fi
	for script in /docker-entrypoint-initdb.d/*.sql; do
		[ ! -e "$script" ] ||
			psql --username="$user" --dbname="$database" --set=ON_ERROR_STOP=1 --file="$script"
	done
	pg_ctl --wait --silent --mode=fast stop
	unset PGPASSWORD
}

if [ "${1-}" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	make_cluster
fi
exec "$@"
