/*
 * counters.c
 *		How often what was done.
 *
 * Every backend counts for itself, on cache lines of its own in shared memory,
 * and goes on where the last one in its place has stopped.  A sum reads over
 * everybody's shoulder and may be a little behind.  Without shared memory each
 * backend knows of itself only.
 *
 * A reset does not write what is others' to write: it notes the sum to
 * subtract.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "cache/counters.h"

typedef struct AllCounters
{
	slock_t		lock;			/* guards since and before */
	TimestampTz since;
	RbacCounters before;		/* what the last reset found */
	RbacCounters backend[FLEXIBLE_ARRAY_MEMBER];
} AllCounters;

static RbacCounters own;
static RbacCounters own_before;
static TimestampTz own_since = 0;

RbacCounters *rbac_counters = &own;
static AllCounters *all = NULL;

Size
rbac_counters_size(void)
{
	return offsetof(AllCounters, backend) + mul_size(MaxBackends, sizeof(RbacCounters));
}

void
rbac_counters_attach(void *memory, bool is_new)
{
	all = memory;
	if (!is_new)
		return;
	memset(all, 0, rbac_counters_size());
	SpinLockInit(&all->lock);
	all->since = GetCurrentTimestamp();
}

/* As a backend first counts: find its place. */
void
rbac_counters_begin(void)
{
	int			number = rbac_backend_number();

	if (all != NULL && number >= 0 && number < MaxBackends)
		rbac_counters = &all->backend[number];
	else if (own_since == 0)
		own_since = MyStartTimestamp;
}

/* Something was found that is no longer true: why? */
void
rbac_count_stale(const RbacProof *proof)
{
	for (int i = 0; i < RBAC_NUM_WORDS; i++)
	{
		if (rbac_word_value(proof->word[i]) != proof->value[i])
		{
			rbac_counters->stale[i]++;
			return;
		}
	}
}

static void
add(RbacCounters *sum, const RbacCounters *more, int sign)
{
	uint64	   *to = (uint64 *) sum;
	const uint64 *from = (const uint64 *) more;

	for (Size i = 0; i < sizeof(*sum) / sizeof(uint64); i++)
		to[i] += sign * from[i];
}

static void
sum_all(RbacCounters *sum)
{
	memset(sum, 0, sizeof(*sum));
	if (all == NULL)
		add(sum, &own, 1);
	else
	{
		for (int i = 0; i < MaxBackends; i++)
			add(sum, &all->backend[i], 1);
	}
}

/* Of all backends, since the server's start or the last reset. */
void
rbac_counters_sum(RbacCounters *sum, TimestampTz *since)
{
	RbacCounters before = own_before;

	*since = own_since;
	if (all != NULL)
	{
		SpinLockAcquire(&all->lock);
		before = all->before;
		*since = all->since;
		SpinLockRelease(&all->lock);
	}
	sum_all(sum);
	add(sum, &before, -1);
}

void
rbac_counters_reset(void)
{
	RbacCounters sum;
	TimestampTz now = GetCurrentTimestamp();

	sum_all(&sum);
	if (all == NULL)
	{
		own_before = sum;
		own_since = now;
		return;
	}
	SpinLockAcquire(&all->lock);
	all->before = sum;
	all->since = now;
	SpinLockRelease(&all->lock);
}
