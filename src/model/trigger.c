/*
 * trigger.c
 *		What the row triggers of all rooms need: the row, and its columns by name.
 *
 * By name, because a table that was restored or upgraded may have its columns
 * in another order than the script.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "model/trigger.h"

/* What the trigger manager says, or 39P01 if somebody else calls. */
TriggerData *
rbac_trigger_data(FunctionCallInfo fcinfo)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by a trigger",
						get_func_name(fcinfo->flinfo->fn_oid))));
	return (TriggerData *) fcinfo->context;
}

/* The row that a row trigger is about to leave behind, or has left behind. */
HeapTuple
rbac_row_written(TriggerData *data)
{
	return TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple;
}

Datum
rbac_row_value(TriggerData *data, HeapTuple row, const char *column, bool *isnull)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	int			number = SPI_fnumber(desc, column);

	if (number <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("table \"%s\" has no column \"%s\" for trigger \"%s\"",
						RelationGetRelationName(data->tg_relation), column,
						data->tg_trigger->tgname)));
	return heap_getattr(row, number, desc, isnull);
}

/* 0 for NULL. */
int32
rbac_row_int32(TriggerData *data, HeapTuple row, const char *column)
{
	bool		isnull;
	Datum		datum = rbac_row_value(data, row, column, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

/* False, and value as it was, for NULL. */
bool
rbac_row_uuid(TriggerData *data, HeapTuple row, const char *column, pg_uuid_t *value)
{
	bool		isnull;
	Datum		datum = rbac_row_value(data, row, column, &isnull);

	if (!isnull)
		*value = *DatumGetUUIDP(datum);
	return !isnull;
}
