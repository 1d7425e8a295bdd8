/*
 * age.h
 *		Inside the room "cache": how much does a snapshot see?
 *
 * Two snapshots of one age see the same commits, so what is true of one is true
 * of the other.  Nothing else tells: the copies that queries run with have lost
 * the count of completed transactions that PostgreSQL compares.
 */
#ifndef RBAC_AGE_H
#define RBAC_AGE_H

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "utils/snapshot.h"

/*
 * How much a snapshot sees, in an order in which later snapshots of one
 * backend never come before earlier ones.  Snapshots with the same xmax differ
 * in the transactions that they list as running.  Their number alone would not
 * do: while a transaction is being prepared it is listed twice.
 */
typedef struct SnapshotAge
{
	TransactionId xmax;
	bool		in_recovery;
	uint32		nrunning;
	uint64		running;		/* sum of their ids */
} SnapshotAge;

/* On a standby all running transactions stand in subxip. */
static inline uint32
count_running(Snapshot snapshot)
{
	return snapshot->takenDuringRecovery ? (uint32) snapshot->subxcnt : snapshot->xcnt;
}

static inline uint64
sum_running(Snapshot snapshot)
{
	const TransactionId *running = snapshot->takenDuringRecovery ? snapshot->subxip : snapshot->xip;
	uint32		nrunning = count_running(snapshot);
	uint64		sum = 0;

	for (uint32 i = 0; i < nrunning; i++)
		sum += running[i];
	return sum;
}

static inline SnapshotAge
snapshot_age(Snapshot snapshot)
{
	SnapshotAge age;

	age.xmax = snapshot->xmax;
	age.in_recovery = snapshot->takenDuringRecovery;
	age.nrunning = count_running(snapshot);
	age.running = sum_running(snapshot);
	return age;
}

/* The same as is_same_age(snapshot_age(snapshot), *age), for the hot path. */
static inline bool
has_age(Snapshot snapshot, const SnapshotAge *age)
{
	return snapshot->xmax == age->xmax &&
		snapshot->takenDuringRecovery == age->in_recovery &&
		count_running(snapshot) == age->nrunning &&
		sum_running(snapshot) == age->running;
}

/*
 * The same for a snapshot of our own.  A backend's own transaction is never
 * listed as running; a parallel worker's own snapshot lists its leader's,
 * which the statement's snapshot, taken by the leader, does not.
 */
static inline SnapshotAge
own_snapshot_age(Snapshot snapshot)
{
	SnapshotAge age = snapshot_age(snapshot);
	TransactionId mine = GetTopTransactionIdIfAny();

	if (IsParallelWorker() && TransactionIdIsValid(mine))
	{
		for (uint32 i = 0; i < snapshot->xcnt; i++)
		{
			if (TransactionIdEquals(snapshot->xip[i], mine))
			{
				age.nrunning--;
				age.running -= mine;
			}
		}
	}
	return age;
}

static inline bool
is_same_age(SnapshotAge a, SnapshotAge b)
{
	return a.xmax == b.xmax && a.running == b.running &&
		a.nrunning == b.nrunning && a.in_recovery == b.in_recovery;
}

/* Could a see what b does not? */
static inline bool
is_newer(SnapshotAge a, SnapshotAge b)
{
	if (a.in_recovery != b.in_recovery || !TransactionIdIsNormal(b.xmax))
		return true;
	if (a.xmax == b.xmax)
		return !is_same_age(a, b);
	return TransactionIdFollows(a.xmax, b.xmax);
}

#endif							/* RBAC_AGE_H */
