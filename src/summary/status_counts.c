/*
 * status_counts.c
 *		The aggregate status_counts(status_id): how many of each status.
 *
 * Its state lives in the aggregate's memory; NULL until there is a row.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "summary/aggregate.h"

PG_FUNCTION_INFO_V1(rbac_status_counts_add);
PG_FUNCTION_INFO_V1(rbac_status_counts_remove);
PG_FUNCTION_INFO_V1(rbac_status_sums_add);
PG_FUNCTION_INFO_V1(rbac_status_counts_combine);
PG_FUNCTION_INFO_V1(rbac_status_counts_serialize);
PG_FUNCTION_INFO_V1(rbac_status_counts_deserialize);
PG_FUNCTION_INFO_V1(rbac_status_counts_final);

typedef struct StatusCount
{
	int32		id;
	char		status;			/* of the entry in its table */
	int64		count;
} StatusCount;

#define SH_PREFIX tally
#define SH_ELEMENT_TYPE StatusCount
#define SH_KEY_TYPE int32
#define SH_KEY id
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Most groups have a handful of statuses. */
#define FIRST_SIZE 8

typedef struct StatusCounts
{
	tally_hash *tally;
	int64		without;		/* rows that have none */
} StatusCounts;

static StatusCounts *
make_counts(MemoryContext memory, uint32 size)
{
	StatusCounts *counts = MemoryContextAllocZero(memory, sizeof(StatusCounts));

	counts->tally = tally_create(memory, size, NULL);
	return counts;
}

static void
add_count(StatusCounts *counts, int32 id, int64 count)
{
	bool		found;
	StatusCount *entry = tally_insert(counts->tally, id, &found);

	if (!found)
		entry->count = 0;
	entry->count = rbac_add_counts(entry->count, count);
}

static void
add_argument(FunctionCallInfo fcinfo, StatusCounts *counts, int64 by)
{
	if (PG_ARGISNULL(1))
		counts->without = rbac_add_counts(counts->without, by);
	else
		add_count(counts, PG_GETARG_INT32(1), by);
}

Datum
rbac_status_counts_add(PG_FUNCTION_ARGS)
{
	MemoryContext memory = rbac_aggregate_memory(fcinfo);
	StatusCounts *counts = PG_ARGISNULL(0)
		? make_counts(memory, FIRST_SIZE) : (StatusCounts *) PG_GETARG_POINTER(0);

	add_argument(fcinfo, counts, 1);
	PG_RETURN_POINTER(counts);
}

/* For _status_sums(status, count): so many more of this status; they may be less. */
Datum
rbac_status_sums_add(PG_FUNCTION_ARGS)
{
	MemoryContext memory = rbac_aggregate_memory(fcinfo);
	StatusCounts *counts = PG_ARGISNULL(0)
		? make_counts(memory, FIRST_SIZE) : (StatusCounts *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(2))
		add_argument(fcinfo, counts, PG_GETARG_INT64(2));
	PG_RETURN_POINTER(counts);
}

Datum
rbac_status_counts_remove(PG_FUNCTION_ARGS)
{
	StatusCounts *counts;

	(void) rbac_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(0))
		elog(ERROR, "nothing was counted that could be taken back");
	counts = (StatusCounts *) PG_GETARG_POINTER(0);
	add_argument(fcinfo, counts, -1);
	PG_RETURN_POINTER(counts);
}

Datum
rbac_status_counts_combine(PG_FUNCTION_ARGS)
{
	MemoryContext memory = rbac_aggregate_memory(fcinfo);
	StatusCounts *counts = PG_ARGISNULL(0) ? NULL : (StatusCounts *) PG_GETARG_POINTER(0);
	const StatusCounts *other = PG_ARGISNULL(1) ? NULL : (StatusCounts *) PG_GETARG_POINTER(1);

	if (counts == NULL && other == NULL)
		PG_RETURN_NULL();
	if (counts == NULL)
		counts = make_counts(memory, FIRST_SIZE);
	if (other != NULL)
	{
		tally_iterator iterator;
		const StatusCount *entry;

		tally_start_iterate(other->tally, &iterator);
		while ((entry = tally_iterate(other->tally, &iterator)) != NULL)
			add_count(counts, entry->id, entry->count);
		counts->without = rbac_add_counts(counts->without, other->without);
	}
	PG_RETURN_POINTER(counts);
}

Datum
rbac_status_counts_serialize(PG_FUNCTION_ARGS)
{
	const StatusCounts *counts;
	tally_iterator iterator;
	const StatusCount *entry;
	StringInfoData buffer;

	(void) rbac_aggregate_memory(fcinfo);
	counts = (const StatusCounts *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, counts->without);
	pq_sendint32(&buffer, counts->tally->members);
	tally_start_iterate(counts->tally, &iterator);
	while ((entry = tally_iterate(counts->tally, &iterator)) != NULL)
	{
		pq_sendint32(&buffer, entry->id);
		pq_sendint64(&buffer, entry->count);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

/* The state is dropped once it has been combined, so it need not be the aggregate's. */
Datum
rbac_status_counts_deserialize(PG_FUNCTION_ARGS)
{
	StatusCounts *counts;
	StringInfoData buffer;
	uint32		n;

	(void) rbac_aggregate_memory(fcinfo);
	rbac_open_serialized(PG_GETARG_BYTEA_PP(0), &buffer);
	counts = make_counts(CurrentMemoryContext, FIRST_SIZE);
	counts->without = pq_getmsgint64(&buffer);
	n = pq_getmsgint(&buffer, 4);
	for (uint32 i = 0; i < n; i++)
	{
		int32		id = pq_getmsgint(&buffer, 4);

		add_count(counts, id, pq_getmsgint64(&buffer));
	}
	pq_getmsgend(&buffer);
	pfree(buffer.data);
	PG_RETURN_POINTER(counts);
}

static void
push_count(JsonbParseState **state, const char *key, int64 count)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	(void) pushJsonbValue(state, WJB_KEY, &value);
	value.type = jbvNumeric;
	value.val.numeric = int64_to_numeric(count);
	(void) pushJsonbValue(state, WJB_VALUE, &value);
}

Datum
rbac_status_counts_final(PG_FUNCTION_ARGS)
{
	const StatusCounts *counts = PG_ARGISNULL(0) ? NULL : (const StatusCounts *) PG_GETARG_POINTER(0);
	JsonbParseState *state = NULL;

	(void) rbac_aggregate_memory(fcinfo);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	if (counts != NULL)
	{
		tally_iterator iterator;
		const StatusCount *entry;

		tally_start_iterate(counts->tally, &iterator);
		while ((entry = tally_iterate(counts->tally, &iterator)) != NULL)
		{
			char	   *key;

			/* a window has moved past all of them */
			if (entry->count == 0)
				continue;
			key = palloc(12);
			pg_ltoa(entry->id, key);
			push_count(&state, key, entry->count);
		}
		if (counts->without != 0)
			push_count(&state, "null", counts->without);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
