/*
 * operations.c
 *		What is done to a summary as a whole, with the rights of its owner.
 *
 * Each of these finds out from the registry whose the summary is, and asks that the
 * caller be that.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "model/model.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_register_summary);
PG_FUNCTION_INFO_V1(rbac_unregister_summary);
PG_FUNCTION_INFO_V1(rbac_recount);
PG_FUNCTION_INFO_V1(rbac_verify);
PG_FUNCTION_INFO_V1(rbac_count_partition);

static void
require_owner(Oid relid)
{
	Oid			owner = rbac_owner_of(relid);

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with oid %u does not exist", relid)));
	if (!has_privs_of_role(GetUserId(), owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must be owner of relation %s", get_rel_name(relid))));
}

/* False if there is no such summary. */
static bool
find_summary(int32 summary_id, RbacSummary *summary)
{
	Datum		argument = Int32GetDatum(summary_id);
	Oid			type = INT4OID;
	bool		isnull;
	bool		exists;

	SPI_connect();
	exists = rbac_fresh_query("SELECT source::oid, pending::oid FROM rbac.summaries WHERE id = $1",
							  1, &type, &argument, NULL, 1) == 1;
	if (exists)
	{
		HeapTuple	row = SPI_tuptable->vals[0];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		summary->source = DatumGetObjectId(SPI_getbinval(row, desc, 1, &isnull));
		summary->pending = DatumGetObjectId(SPI_getbinval(row, desc, 2, &isnull));
	}
	SPI_finish();
	return exists;
}

/* A summary of the caller's.  Errors: 42704 (there is none), 42501 (not theirs). */
RbacSummary
rbac_require_summary(int32 summary_id)
{
	RbacSummary summary;

	if (!find_summary(summary_id, &summary))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no summary with id %d", summary_id)));
	require_owner(summary.source);
	return summary;
}

/* To count, or to fold, is to see all that is committed. */
void
rbac_refuse_old_snapshot(const char *what)
{
	if (IsolationUsesXactSnapshot())
		ereport(ERROR,
				(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
				 errmsg("a summary cannot be %s in a transaction with isolation level %s", what,
						IsolationIsSerializable() ? "SERIALIZABLE" : "REPEATABLE READ"),
				 errdetail("It would have to count what such a transaction does not see."),
				 errhint("Do so in a transaction with isolation level READ COMMITTED.")));
}

/* _register_summary(source, view, totals, counts, groups, pending, ...) */
Datum
rbac_register_summary(PG_FUNCTION_ARGS)
{
	Oid			types[] = {REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID,
	NAMEARRAYOID, NAMEARRAYOID, NAMEOID};
	Datum		values[lengthof(types)];
	bool		isnull;
	int32		id;

	for (int i = 0; i < (int) lengthof(types); i++)
		values[i] = PG_GETARG_DATUM(i);
	/* the source and the parts alike */
	for (int i = 0; i < 6; i++)
		require_owner(PG_GETARG_OID(i));

	SPI_connect();
	(void) rbac_owner_execute("INSERT INTO rbac.summaries (source, view, totals, counts, groups, pending, group_columns, hidden_columns, status_column) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
							  lengthof(types), types, values, NULL);
	id = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PG_RETURN_INT32(id);
}

Datum
rbac_unregister_summary(PG_FUNCTION_ARGS)
{
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;
	RbacSummary summary;

	if (find_summary(PG_GETARG_INT32(0), &summary) && OidIsValid(rbac_owner_of(summary.source)))
		require_owner(summary.source);
	SPI_connect();
	(void) rbac_owner_execute("DELETE FROM rbac.summaries WHERE id = $1", 1, &type, &argument, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/* _recount(summary) */
Datum
rbac_recount(PG_FUNCTION_ARGS)
{
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;
	RbacSummary summary = rbac_require_summary(PG_GETARG_INT32(0));

	rbac_refuse_old_snapshot("counted anew");
	/* what this transaction has counted is in the tables */
	rbac_pile_forget(PG_GETARG_INT32(0));
	SPI_connect();
	(void) rbac_query_as_owner(summary.source, "SELECT rbac._recount_as_owner($1)", 1, &type, &argument);
	SPI_finish();
	PG_RETURN_VOID();
}

/* _count_partition_as_owner(summary, partition, sign) */
Datum
rbac_count_partition(PG_FUNCTION_ARGS)
{
	Datum		arguments[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2)};
	Oid			types[] = {INT4OID, REGCLASSOID, INT4OID};
	Oid			source = rbac_require_summary(PG_GETARG_INT32(0)).source;

	require_owner(PG_GETARG_OID(1));
	SPI_connect();
	(void) rbac_query_as_owner(source, "SELECT rbac._count_partition($1, $2, $3)", 3, types, arguments);
	SPI_finish();
	PG_RETURN_VOID();
}

/* _verify(summary) */
Datum
rbac_verify(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;
	Oid			source = rbac_require_summary(PG_GETARG_INT32(0)).source;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	(void) rbac_query_as_owner(source, "SELECT * FROM rbac._differences($1)", 1, &type, &argument);
	for (uint64 i = 0; i < SPI_processed; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
	return (Datum) 0;
}
