# Running files that speak TAP, and counting their assertions.

passed=0 failed=0

# From here on, tests put their servers and logs into a fresh directory of this
# name. PostgreSQL 16 took TESTDIR apart.
test_in() {
	export TESTDIR=$RBAC_TMP/tap/$1
	export TESTDATADIR=$TESTDIR/tmp_check TESTLOGDIR=$TESTDIR/tmp_check/log
	rm -rf "$TESTDIR"
	mkdir -p "$TESTLOGDIR"
}

# run_tap FILE PROVE...: one line for a file that passed, all that it said for one
# that failed. A file that fails without a failed assertion (it died, or its plan
# was not kept) counts as one failure.
run_tap() {
	local file=$1 log ok not_ok status=0
	shift
	log=$(mktemp "$RBAC_TMP/tap.XXXXXX")
	RBAC_TAP_LOG=$log
	"$@" >"$log" 2>&1 || status=$?
	ok=$(grep -c '^ok ' "$log" || :)
	not_ok=$(grep '^not ok ' "$log" | grep -vci '# *todo' || :)
	[ "$status" -eq 0 ] || [ "$not_ok" -gt 0 ] || not_ok=1
	passed=$((passed + ok)) failed=$((failed + not_ok))
	echo "$file: $ok passed, $not_ok failed"
	[ "$status" -eq 0 ] || cat "$log" >&2
	return "$status"
}

report_tap() {
	tally "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
