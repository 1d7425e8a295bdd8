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

/*
 * A process pays for its first touch of a page, which it has not inherited; but
 * where an operating system maps its neighbours with it, a window of this size, which
 * begins at a multiple of it, is paid for once.  (Linux does that when the first
 * touch is a look.)  A huge page costs no more.
 */
#define WINDOW		(64 * 1024)

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

/* Parts begin on cache lines of their own. */
static Size
counters_size(void)
{
	return CACHELINEALIGN(rbac_counters_size());
}

static Size
near_facts_size(void)
{
	return CACHELINEALIGN(rbac_near_facts_size());
}

static Size
ring_size(void)
{
	return CACHELINEALIGN(rbac_ring_size());
}

/* What the other parts leave to the facts. */
static Size
budget_for_facts(void)
{
	Size		others = counters_size() + near_facts_size() + ring_size() +
		rbac_words_size(budget()) + rbac_ring_strings_size(budget());

	/* what we skip so that a window begins, and what ShmemInitStruct rounds up */
	others += WINDOW + PG_CACHE_LINE_SIZE;
	return budget() > others ? budget() - others : 0;
}

static Size
all_size(void)
{
	return rbac_facts_size(budget_for_facts()) + counters_size() + near_facts_size() + ring_size() +
		rbac_words_size(budget()) + rbac_ring_strings_size(budget()) + WINDOW;
}

static void
request_memory(void)
{
	if (next_request_hook)
		next_request_hook();

	RequestAddinShmemSpace(all_size());
	RequestNamedLWLockTranche("rbac", 1);
}

/*
 * What every check reads lies in one window: the first of the facts, the ring's
 * head, and the global words, with which it ends.  Before them lie the counters, of
 * which each backend has its own, and which fit in as well unless there are many.
 */
static void
attach_memory(void)
{
	bool		found;
	char	   *facts;
	char	   *words;
	char	   *ring;
	char	   *near_facts;

	if (next_startup_hook)
		next_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	facts = ShmemInitStruct("rbac", all_size(), &found);
	words = facts + rbac_facts_size(budget_for_facts()) +
		counters_size() + near_facts_size() + ring_size();
	words = (char *) TYPEALIGN(WINDOW, words + rbac_global_words_size()) - rbac_global_words_size();
	ring = words - ring_size();
	near_facts = ring - near_facts_size();

	rbac_facts_attach(facts, near_facts, budget_for_facts(), !found);
	rbac_counters_attach(near_facts - counters_size(), !found);
	rbac_words_attach(words, budget(), !found);
	rbac_ring_attach(ring, words + rbac_words_size(budget()), budget(), !found);
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
