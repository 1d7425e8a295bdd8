# A second private installation, beside the first, whose library has been built
# with what only tests compile in: mutants and race windows (src/cache/testing.h).

# The server's own pg_config: the copy knows no headers.
original_config() { (cd "$PGXS_DIR/../../bin" && echo "$PWD/pg_config"); }

use_testing_build() {
	local root=$RBAC_TMP/testing-root build=$RBAC_TMP/testing-build config library
	export PERL5LIB=$PGXS_DIR/src/test/perl${PERL5LIB:+:$PERL5LIB}
	export PG_REGRESS=$PGXS_DIR/src/test/regress/pg_regress

	if [ ! -d "$root" ]; then
		mkdir "$build"
		cp -r Makefile rbac.control dev src upgrade "$build" 2>/dev/null || :
		config=$(original_config)
		make -C "$build" --silent "-j$(nproc)" "COPT=${COPT:-} -DRBAC_MUTANTS -DUSE_ASSERT_CHECKING" "PG_CONFIG=$config" all >"$build/log" 2>&1 ||
			{ cat "$build/log" >&2; die "the build for tests failed"; }
		cp -a "$RBAC_TMP/root" "$root"
		library=$root$("$config" --pkglibdir)/rbac.so
		rm -f "$library"
		cp "$build/rbac.so" "$library"
	fi
	export PG_CONFIG=$root${PG_CONFIG#"$RBAC_TMP/root"}
	export PATH=$(dirname "$PG_CONFIG"):$PATH
}

# Sets STRESS to the client of the stress test.
build_stress_client() {
	export STRESS=$RBAC_TMP/stress
	[ -x "$STRESS" ] ||
		"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -I"$("$(original_config)" --includedir)" \
			-o "$STRESS" test/stress/*.c -lpq -lpthread || die "the stress client does not build"
}
