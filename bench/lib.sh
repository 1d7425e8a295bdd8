# What the benchmarks share. Sourced from this folder.

set -o errexit -o nounset -o pipefail

ask() { psql -X -q -P footer=off -v ON_ERROR_STOP=1 "$@"; }

# The C yardstick. make bench runs us beside a copy of the server's programs,
# which has no headers of its own; those of the original are where PGXS is.
build_yardstick() {
	local original=${PGXS_DIR:+$(cd "$PGXS_DIR/../../bin" 2>/dev/null && pwd)/pg_config}
	[ -x "${original:-}" ] || original=${PG_CONFIG:-pg_config}
	make --silent -C trivial PG_CONFIG="$original" >/dev/null
}

# From here on, psql and pgbench mean a fresh database of this name, in which
# things can be measured. drop_databases removes all that were made.
databases=()
make_database() {
	dropdb --if-exists --force "$1" 2>/dev/null
	createdb "$1"
	databases+=("$1")
	export PGDATABASE=$1
	ask -c 'CREATE EXTENSION rbac' -v trivial="$PWD/trivial/trivial" -f stopwatch.sql
}

# And the roles of benchmarks: all whose names begin with bench_.
drop_databases() {
	local database
	export PGDATABASE=postgres
	for database in "${databases[@]}"; do
		dropdb --force "$database"
	done
	ask -A -t -c "SELECT format('DROP ROLE %I;', rolname) FROM pg_roles WHERE starts_with(rolname, 'bench_')" | ask
	databases=()
}

# people N ROLES_EACH PERMISSIONS_EACH, in the database just made: people.sql
make_people() {
	ask -v people="$1" -v roles_each="$2" -v permissions_each="$3" -f people.sql
}

# hold BEGINNING...: every contest, each in one session, which begins with what these
# arguments tell psql; statements as clients send them (isolation/turn.sql). Variable
# ROUNDS: how many turns count.
hold() {
	local contest round turns=()
	for ((round = 0; round <= ${ROUNDS:-9}; round++)); do turns+=(-f isolation/turn.sql); done
	ask -A -t -c 'SELECT contest FROM bench.entrants GROUP BY contest ORDER BY min(place)' |
		while IFS= read -r contest; do
			ask -v contest="$contest" -v round=-1 "$@" "${turns[@]}" </dev/null
		done
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# transactions_a_second ARGUMENT...: what pgbench counts, without the time that
# connections took. It fails if a transaction did.
transactions_a_second() {
	local said
	said=$(pgbench --no-vacuum "$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
	awk '/^tps = / { print $3; n++ } END { exit n != 1 }' <<<"$said"
}

say_server() {
	ask -A -t -c "SELECT 'PostgreSQL ' || current_setting('server_version')
		|| ', library ' || CASE WHEN current_setting('shared_preload_libraries') ~ '\mrbac\M' THEN '' ELSE 'not ' END || 'preloaded'
		|| ', assertions ' || current_setting('debug_assertions')"
}
