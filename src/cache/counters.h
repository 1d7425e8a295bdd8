/*
 * counters.h
 *		How often what was done.
 */
#ifndef RBAC_COUNTERS_H
#define RBAC_COUNTERS_H

#include "utils/timestamp.h"

#include "cache/words.h"

/* One backend's.  Only it writes them, so that nothing is contended. */
typedef struct RbacCounters
{
	uint64		call_site_hits;
	uint64		local_hits;
	uint64		shared_hits;
	uint64		loads;
	uint64		published;
	uint64		bypassed_own_writes;
	uint64		bypassed_prepared;
	uint64		bypassed_recovery;
	uint64		bypassed_unsound;
	uint64		bypassed_in_flight;
	uint64		evictions;
	uint64		stale[RBAC_NUM_WORDS];
	uint64		padding[2];
} RbacCounters;

/* Never NULL: without shared memory they are this backend's own. */
extern RbacCounters *rbac_counters;

extern Size rbac_counters_size(void);
extern void rbac_counters_attach(void *memory, bool is_new);
extern void rbac_counters_begin(void);
extern void rbac_count_stale(const RbacProof *proof);
extern void rbac_counters_sum(RbacCounters *sum, TimestampTz *since);
extern void rbac_counters_reset(void);

#endif							/* RBAC_COUNTERS_H */
