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
