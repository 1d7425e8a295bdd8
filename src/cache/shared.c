/*
 * shared.c
 *		The memory that all backends share: how much, and for what.
 *
 * It exists only if the library was preloaded and rbac.cache_size is not 0.
 * All of it is asked for as the server starts, so it never grows beyond the
 * setting, and it is never given back.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/guc.h"

#include "cache/counters.h"
#include "cache/facts.h"
#include "cache/ring.h"
#include "cache/shared.h"
#include "cache/words.h"

#define DEFAULT_MB	32
#define MAX_MB		65536

int			rbac_cache_size = DEFAULT_MB;

static shmem_request_hook_type next_request_hook = NULL;
static shmem_startup_hook_type next_startup_hook = NULL;

static Size
budget(void)
{
	return (Size) rbac_cache_size * 1024 * 1024;
}

/* What the other parts leave to the facts. */
static Size
budget_for_facts(void)
{
	Size		others = rbac_words_size(budget()) + rbac_ring_size(budget()) + rbac_counters_size();

	/* what ShmemInitStruct rounds up */
	others += 5 * PG_CACHE_LINE_SIZE;
	return budget() > others ? budget() - others : 0;
}

static void
request_memory(void)
{
	if (next_request_hook)
		next_request_hook();

	RequestAddinShmemSpace(rbac_words_size(budget()));
	RequestAddinShmemSpace(rbac_ring_size(budget()));
	RequestAddinShmemSpace(rbac_counters_size());
	RequestAddinShmemSpace(rbac_facts_size(budget_for_facts()));
	RequestNamedLWLockTranche("rbac", 1);
}

static void
attach_memory(void)
{
	if (next_startup_hook)
		next_startup_hook();

	/*
	 * In this order, what every check reads lies together: the end of the
	 * facts, the ring's head, the counters, the beginning of the words, and
	 * not far behind it that of the strings.  A new process pays for the first
	 * touch of a page, but may get its neighbours with it; a huge page costs
	 * it no more.
	 */
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	rbac_facts_attach(budget_for_facts());
	rbac_ring_attach(budget());
	rbac_counters_attach();
	rbac_words_attach(budget());
	rbac_ring_attach_strings(budget());
	LWLockRelease(AddinShmemInitLock);
}

bool
rbac_shared_is_coming(void)
{
	return process_shared_preload_libraries_in_progress && rbac_cache_size > 0;
}

bool
rbac_shared_exists(void)
{
	return rbac_words != NULL;
}

/*
 * A setting that only counts at start may not be defined as such later.  So a
 * library that was not preloaded takes it as one of the file's, to which it
 * pays no heed: a session must not fail, nor warn, for what the file says.
 */
void
rbac_shared_init(void)
{
	bool		preloading = process_shared_preload_libraries_in_progress;

	DefineCustomIntVariable("rbac.cache_size",
							"Shared memory for what checks have found out, in megabytes.",
							"Counts only if the library is preloaded. 0 means that each session keeps its own.",
							&rbac_cache_size,
							DEFAULT_MB, 0, MAX_MB,
							preloading ? PGC_POSTMASTER : PGC_SIGHUP,
							GUC_UNIT_MB,
							NULL, NULL, NULL);

	if (!rbac_shared_is_coming())
		return;
	next_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = attach_memory;
}
