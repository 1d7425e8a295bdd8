# Running pg_regress and its sister for isolation specs, and counting their tests.

# run_regress PROGRAM INPUTDIR TEST...: against the server at PGHOST; a line for
# each test, and the differences of those that failed. Writes to OUT, if set.
run_regress() {
	local program=$1 inputdir=$2 out=${OUT:-} passed
	shift 2
	[ $# -gt 0 ] || { tally 0 0; return 1; }
	[ -n "$out" ] || out=$(mktemp -d "$RBAC_TMP/regress.XXXXXX")

	"$PGXS_DIR/src/test/$program" --inputdir="$inputdir" --outputdir="$out" \
		--bindir="$(dirname "$PG_CONFIG")" --dbname=regression --load-extension=rbac "$@" 2>&1 |
		tee "$out/log" | grep -E '^(test |(not )?ok [0-9])' || :

	# Lines "test x ... ok" up to PostgreSQL 15, "ok 1 - x" since. A test that did
	# not come to its end has no such line, and has failed.
	passed=$(grep -cE '^test .*\.\.\. ok|^ok [0-9]' "$out/log" || :)
	tally "$passed" $(($# - passed))
	[ "$passed" -lt $# ] || return 0
	if [ -s "$out/regression.diffs" ]; then
		cat "$out/regression.diffs" >&2
	else
		show_tail "$out/log"
	fi
	return 1
}
