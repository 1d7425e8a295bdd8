# What can be done with the house as a whole. Each needs nothing installed
# beforehand but make, and leaves nothing behind but installed packages.

export PG_CONFIG ROOMS REGRESS ISOLATION

.PHONY: help needs check accept demo bench bench-growth bench-isolation bench-tasks bench-workflow stress

help:
	@echo 'make                 build'
	@echo 'make install         install into the server of PG_CONFIG'
	@echo 'make installcheck    test what is installed, on a running server'
	@echo 'make clean           remove all that was built'
	@echo
	@echo 'make demo            watch it decide, on a throw-away server'
	@echo 'make check           run every test, on throw-away servers'
	@echo 'make check-NAME      run one suite: static regress unloaded demo isolation pgtap tap unshared stress'
	@echo 'make check-sanitize  run the suites with assertions and sanitizers'
	@echo 'make stress          the stress test for ten minutes a configuration (STRESS_SECONDS)'
	@echo 'make check-mutants   see each left out step of the cache protocol be noticed'
	@echo 'make accept          take what the regress and isolation tests print now as expected'
	@echo 'make bench           measure'
	@echo 'make bench-growth    measure how it grows up to 1,000,000 people; draws docs/growth.svg'
	@echo 'make bench-isolation measure policies beside what one would write instead'
	@echo 'make bench-tasks     measure a task management system: its report, its lists, its writers (SIZES)'
	@echo 'make bench-workflow  measure steps of workflows beside a C trigger that does nothing'
	@echo 'make needs           install what testing needs, or say what that is'
	@echo
	@echo 'Variables: PG_CONFIG, CC, WERROR; with check also REGRESS, ISOLATION (which'
	@echo 'tests), KEEP=1 (keep the temporary directory).'

needs:
	@dev/needs

check:
	+@dev/check

check-sanitize:
	+@dev/check-sanitize

check-%:
	+@dev/check $*

accept:
	+@dev/accept

stress:
	+@STRESS_SECONDS=$${STRESS_SECONDS:-600} dev/check stress

demo:
	+@dev/on-server examples/demonstrate

bench:
	+@dev/on-server bench/run

bench-growth:
	+@bench/growth/run

bench-isolation:
	+@dev/on-server bench/isolation/run

bench-tasks:
	+@dev/on-server bench/tasks/run $(SIZES)

bench-workflow:
	+@dev/on-server bench/workflow/run
