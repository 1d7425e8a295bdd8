/*
 * testing.c
 *		The settings of a library that tests have built with -DRBAC_MUTANTS.
 */
#include "postgres.h"

#ifdef RBAC_MUTANTS

#include "common/pg_prng.h"
#include "utils/guc.h"

#include "cache/testing.h"

char	   *rbac_mutant = NULL;
int			rbac_race_delay = 0;

void
rbac_testing_init(void)
{
	DefineCustomStringVariable("rbac.mutant",
							   "The step of the cache protocol to leave out.",
							   "For tests.",
							   &rbac_mutant, "", PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("rbac.race_delay",
							"The longest time to linger in each race window.",
							"For tests.",
							&rbac_race_delay, 0, 0, 1000000, PGC_SUSET, 0,
							NULL, NULL, NULL);
}

/*
 * Mostly not at all, sometimes for long: races need one side to be quick.  May
 * be called where nothing may fail and no interrupt is served.
 */
void
rbac_linger(void)
{
	if (pg_prng_bool(&pg_global_prng_state))
		pg_usleep((long) pg_prng_uint64_range(&pg_global_prng_state, 0, rbac_race_delay));
}

#endif							/* RBAC_MUTANTS */
