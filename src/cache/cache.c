/*
 * cache.c
 *		The room's entry: one call a file that has something to begin.
 */
#include "postgres.h"

#include "cache/cache.h"
#include "cache/changes.h"
#include "cache/ddl.h"
#include "cache/shared.h"
#include "cache/signal.h"
#include "cache/testing.h"

void
rbac_cache_init(void)
{
	rbac_shared_init();
	rbac_signal_init();
	rbac_changes_init();
	rbac_ddl_init();
#ifdef RBAC_MUTANTS
	rbac_testing_init();
#endif
}
