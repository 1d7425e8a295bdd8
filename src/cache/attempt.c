/*
 * attempt.c
 *		A decision, begun again as often as things change under it.
 *
 * What a decision finds must belong to one moment.  The first attempt takes
 * what is kept and loads what is not; if something was dropped or called stale
 * meanwhile, what was found may mix two moments, and the next attempt reads by
 * one snapshot, which is only disturbed by changes that matter.  The last one
 * keeps nothing of what was there before: all that it finds comes from its one
 * snapshot, so it stands whatever happened meanwhile.  So a decision always
 * ends, and never in an error for being disturbed.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "cache/cache.h"
#include "cache/signal.h"
#include "model/model.h"

#define MAX_ATTEMPTS 10

/*
 * Begin an attempt, the first one with *attempt all zeroes.  With needs_reader,
 * attempt->reader is one to read more with.
 */
void
rbac_attempt_begin(RbacAttempt *attempt, bool needs_reader)
{
	CHECK_FOR_INTERRUPTS();

	attempt->number++;
	if (attempt->number == MAX_ATTEMPTS)
		rbac_stale = RBAC_EVERYTHING;
	(void) rbac_cache_begin();
	attempt->reader = needs_reader || attempt->number > 1 ? rbac_cache_read_begin() : NULL;
	/* what these two dropped was found before this attempt */
	attempt->epoch = rbac_cache_epoch();
}

/* Does what was found since rbac_attempt_begin stand?  If not, begin again. */
bool
rbac_attempt_stands(RbacAttempt *attempt)
{
	bool		stands = attempt->number == MAX_ATTEMPTS || rbac_cache_holds(attempt->epoch);

	if (attempt->reader)
		rbac_cache_read_end(attempt->reader);
	attempt->reader = NULL;
	return stands;
}
