/*
 * slot.c
 *		The slot of a group: a hash of its columns.
 *
 * It stands in the tables behind a summary, so that a reader can tell groups with
 * something pending from all others by one number.  Different groups may share a
 * slot; then both are merged, which is right, only slower.  The tables have it as a
 * generated column, so a restore computes it anew.
 */
#include "postgres.h"

#include "access/detoast.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_slot);
PG_FUNCTION_INFO_V1(rbac_is_settled);
PG_FUNCTION_INFO_V1(rbac_fits_index);

/* PostgreSQL has room for a third of a page, and needs some of it itself. */
#define MAX_KEY_BYTES 2500

static inline uint32
add_value(uint32 hash, FmgrInfo *function, Datum value, bool isnull)
{
	/* Nothing here depends on what a collation says: it is deterministic. */
	return hash_combine(hash, isnull ? 0 : DatumGetUInt32(FunctionCall1Coll(function, C_COLLATION_OID, value)));
}

/* Of a key: all but the status. */
int32
rbac_slot_of(const RbacCounted *counted, const Datum *values, const bool *isnull)
{
	uint32		hash = 0;

	for (int i = 0; i < counted->nkeys - 1; i++)
		hash = add_value(hash, (FmgrInfo *) &counted->column[i].hash, values[i], isnull[i]);
	return (int32) hash;
}

/* _slot(VARIADIC "any"): the same. */
Datum
rbac_slot(PG_FUNCTION_ARGS)
{
	uint32		hash = 0;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		TypeCacheEntry *type = lookup_type_cache(getBaseType(get_fn_expr_argtype(fcinfo->flinfo, i)),
												 TYPECACHE_HASH_PROC_FINFO);

		if (!OidIsValid(type->hash_proc))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("could not identify a hash function for type %s", format_type_be(type->type_id))));
		hash = add_value(hash, &type->hash_proc_finfo, PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i), PG_ARGISNULL(i));
	}
	PG_RETURN_INT32((int32) hash);
}

/*
 * _is_settled(slot, pending): is slot none of pending, an ascending array without
 * NULLs?  NULL is none of them.
 */
Datum
rbac_is_settled(PG_FUNCTION_ARGS)
{
	ArrayType  *pending;
	const int32 *slots;
	int32		slot;
	int			low = 0;
	int			high;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_BOOL(PG_ARGISNULL(0));
	slot = PG_GETARG_INT32(0);
	pending = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_HASNULL(pending) || ARR_ELEMTYPE(pending) != INT4OID)
		elog(ERROR, "pending slots cannot be null");
	slots = (const int32 *) ARR_DATA_PTR(pending);
	high = ArrayGetNItems(ARR_NDIM(pending), ARR_DIMS(pending));

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (slots[middle] < slot)
			low = middle + 1;
		else if (slots[middle] > slot)
			high = middle;
		else
			PG_RETURN_BOOL(false);
	}
	PG_RETURN_BOOL(true);
}

/* _fits_index(VARIADIC "any"): are they short enough, all together? */
Datum
rbac_fits_index(PG_FUNCTION_ARGS)
{
	Size		bytes = 0;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		int16		length = get_typlen(get_fn_expr_argtype(fcinfo->flinfo, i));

		if (PG_ARGISNULL(i))
			continue;
		if (length == -1)
			bytes += toast_datum_size(PG_GETARG_DATUM(i));
		else if (length == -2)
			bytes += strlen(DatumGetCString(PG_GETARG_DATUM(i)));
		else
			bytes += (Size) length;
	}
	PG_RETURN_BOOL(bytes <= MAX_KEY_BYTES);
}
