# What all scripts here share. Sourced from the top of the checkout.

set -o errexit -o nounset -o pipefail
shopt -s nullglob

: "${PG_CONFIG:=pg_config}"

say() { printf '%s\n' "$*" >&2; }

# Failures of the harness itself end with status 2, failed tests with 1.
die() { say "error: $*"; exit 2; }

# A file that a failure has to be read from: its last lines, under its name.
show_tail() {
	[ ! -s "$1" ] || { say "--- the last lines of ${1##*/}:"; tail -n "${2:-40}" "$1" >&2; }
}

# Record how many tests of a suite passed and failed.
tally() { echo "$1 $2" >>"$RBAC_TMP/tally"; }

# Run a command in a process group of its own, which dismiss ends as a whole. It
# runs in the background, since bash attends to signals while it waits, but not
# while a command runs.
child=
attend() {
	local status=0
	set -o monitor
	"$@" </dev/null &
	child=$!
	set +o monitor
	wait "$child" || status=$?
	child=
	return "$status"
}

dismiss() {
	trap '' INT TERM
	[ -n "$child" ] || return 0
	kill -TERM -- "-$child" 2>/dev/null || :
	wait "$child" || :
	# The rest of the group may need a moment, which is not for ever.
	local tries
	for tries in {1..50}; do
		kill -0 -- "-$child" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "-$child" 2>/dev/null || :
}
trap 'exit 130' INT
trap 'exit 143' TERM
