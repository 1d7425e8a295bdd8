/*
 * aggregate.h
 *		Inside the room "summary": what its aggregates share.
 */
#ifndef RBAC_AGGREGATE_H
#define RBAC_AGGREGATE_H

#include "common/int.h"
#include "fmgr.h"
#include "lib/stringinfo.h"

/* Where a state may be kept; refuses whoever calls a part of an aggregate by hand. */
static inline MemoryContext
rbac_aggregate_memory(FunctionCallInfo fcinfo)
{
	MemoryContext memory;

	if (AggCheckCallContext(fcinfo, &memory) == 0)
		elog(ERROR, "a part of an aggregate was called outside of one");
	return memory;
}

static inline int64
rbac_add_counts(int64 a, int64 b)
{
	int64		sum;

	if (pg_add_s64_overflow(a, b, &sum))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("bigint out of range")));
	return sum;
}

/* To read with pq_getmsg...; its data is the caller's to free. */
static inline void
rbac_open_serialized(const bytea *data, StringInfo buffer)
{
	initStringInfo(buffer);
	appendBinaryStringInfo(buffer, VARDATA_ANY(data), VARSIZE_ANY_EXHDR(data));
}

#endif							/* RBAC_AGGREGATE_H */
