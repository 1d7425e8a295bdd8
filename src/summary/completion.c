/*
 * completion.c
 *		The aggregate completion(status_id, completed): how many, and how many of
 *		them are done.
 *
 * Its state is two numbers in the aggregate's memory; NULL until there is a row.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/array.h"

#include "summary/aggregate.h"

PG_FUNCTION_INFO_V1(rbac_completion_add);
PG_FUNCTION_INFO_V1(rbac_completion_remove);
PG_FUNCTION_INFO_V1(rbac_completion_combine);
PG_FUNCTION_INFO_V1(rbac_completion_serialize);
PG_FUNCTION_INFO_V1(rbac_completion_deserialize);
PG_FUNCTION_INFO_V1(rbac_completion_final);

typedef struct Completion
{
	int64		total;
	int64		completed;
} Completion;

static bool
is_one_of(int32 status, const ArrayType *statuses)
{
	const int32 *value = (const int32 *) ARR_DATA_PTR(statuses);
	int			n = ArrayGetNItems(ARR_NDIM(statuses), ARR_DIMS(statuses));
	const bits8 *bitmap = ARR_NULLBITMAP(statuses);

	for (int i = 0; i < n; i++)
	{
		/* a NULL takes no place among the values */
		if (bitmap != NULL && !(bitmap[i / 8] & (1 << (i % 8))))
			continue;
		if (*value++ == status)
			return true;
	}
	return false;
}

static void
count(FunctionCallInfo fcinfo, Completion *state, int64 by)
{
	bool		is_completed = false;

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		ArrayType  *completed = PG_GETARG_ARRAYTYPE_P(2);

		is_completed = is_one_of(PG_GETARG_INT32(1), completed);
		PG_FREE_IF_COPY(completed, 2);
	}
	state->total = rbac_add_counts(state->total, by);
	if (is_completed)
		state->completed = rbac_add_counts(state->completed, by);
}

Datum
rbac_completion_add(PG_FUNCTION_ARGS)
{
	MemoryContext memory = rbac_aggregate_memory(fcinfo);
	Completion *state = PG_ARGISNULL(0)
		? MemoryContextAllocZero(memory, sizeof(Completion))
		: (Completion *) PG_GETARG_POINTER(0);

	count(fcinfo, state, 1);
	PG_RETURN_POINTER(state);
}

Datum
rbac_completion_remove(PG_FUNCTION_ARGS)
{
	Completion *state;

	(void) rbac_aggregate_memory(fcinfo);
	if (PG_ARGISNULL(0))
		elog(ERROR, "nothing was counted that could be taken back");
	state = (Completion *) PG_GETARG_POINTER(0);
	count(fcinfo, state, -1);
	PG_RETURN_POINTER(state);
}

Datum
rbac_completion_combine(PG_FUNCTION_ARGS)
{
	MemoryContext memory = rbac_aggregate_memory(fcinfo);
	Completion *state = PG_ARGISNULL(0) ? NULL : (Completion *) PG_GETARG_POINTER(0);
	const Completion *other = PG_ARGISNULL(1) ? NULL : (Completion *) PG_GETARG_POINTER(1);

	if (state == NULL && other == NULL)
		PG_RETURN_NULL();
	if (state == NULL)
		state = MemoryContextAllocZero(memory, sizeof(Completion));
	if (other != NULL)
	{
		state->total = rbac_add_counts(state->total, other->total);
		state->completed = rbac_add_counts(state->completed, other->completed);
	}
	PG_RETURN_POINTER(state);
}

Datum
rbac_completion_serialize(PG_FUNCTION_ARGS)
{
	const Completion *state;
	StringInfoData buffer;

	(void) rbac_aggregate_memory(fcinfo);
	state = (const Completion *) PG_GETARG_POINTER(0);
	pq_begintypsend(&buffer);
	pq_sendint64(&buffer, state->total);
	pq_sendint64(&buffer, state->completed);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buffer));
}

Datum
rbac_completion_deserialize(PG_FUNCTION_ARGS)
{
	Completion *state;
	StringInfoData buffer;

	(void) rbac_aggregate_memory(fcinfo);
	rbac_open_serialized(PG_GETARG_BYTEA_PP(0), &buffer);
	state = palloc(sizeof(Completion));
	state->total = pq_getmsgint64(&buffer);
	state->completed = pq_getmsgint64(&buffer);
	pq_getmsgend(&buffer);
	pfree(buffer.data);
	PG_RETURN_POINTER(state);
}

Datum
rbac_completion_final(PG_FUNCTION_ARGS)
{
	Completion	nothing = {0, 0};
	const Completion *state = PG_ARGISNULL(0) ? &nothing : (const Completion *) PG_GETARG_POINTER(0);
	TupleDesc	desc = fcinfo->flinfo->fn_extra;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	(void) rbac_aggregate_memory(fcinfo);
	if (desc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "type \"rbac.completion_totals\" is not a row");
		desc = BlessTupleDesc(CreateTupleDescCopy(desc));
		fcinfo->flinfo->fn_extra = desc;
		MemoryContextSwitchTo(old);
	}
	values[0] = Int64GetDatum(state->total);
	values[1] = Int64GetDatum(state->completed);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(desc, values, nulls)));
}
