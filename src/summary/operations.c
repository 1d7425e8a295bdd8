/*
 * operations.c
 *		What is done to a summary as a whole, with the rights of its owner.
 *
 * Each of these finds out from the registry whose the summary is, and asks that the
 * caller be that.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
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
PG_FUNCTION_INFO_V1(rbac_reset_members);
PG_FUNCTION_INFO_V1(rbac_drop_parts);
PG_FUNCTION_INFO_V1(rbac_for_owner);
PG_FUNCTION_INFO_V1(rbac_recount);
PG_FUNCTION_INFO_V1(rbac_verify);

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

/* One of the relations of a summary must be of this kind, and called so. */
static void
require_part(Oid relid, char kind, const char *before, const char *name, const char *after)
{
	char	   *wanted = psprintf("%s%s%s", before, name, after);
	char	   *is = get_rel_name(relid);

	require_owner(relid);
	if (get_rel_relkind(relid) != kind || strcmp(is, wanted) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("relation \"%s\" is no part of a summary \"%s\"", is, name)));
}

/* _register_summary(source, view, totals, counts, groups, pending, ...) */
Datum
rbac_register_summary(PG_FUNCTION_ARGS)
{
	Oid			types[] = {REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID, REGCLASSOID,
	NAMEARRAYOID, NAMEARRAYOID, NAMEOID};
	Datum		values[lengthof(types)];
	char	   *name = get_rel_name(PG_GETARG_OID(1));
	bool		isnull;
	int32		id;

	for (int i = 0; i < (int) lengthof(types); i++)
		values[i] = PG_GETARG_DATUM(i);
	require_owner(PG_GETARG_OID(0));
	require_owner(PG_GETARG_OID(1));
	require_part(PG_GETARG_OID(1), RELKIND_VIEW, "", name, "");
	require_part(PG_GETARG_OID(2), RELKIND_VIEW, "", name, "_totals");
	require_part(PG_GETARG_OID(3), RELKIND_RELATION, "_", name, "_counts");
	require_part(PG_GETARG_OID(4), RELKIND_RELATION, "_", name, "_groups");
	require_part(PG_GETARG_OID(5), RELKIND_RELATION, "_", name, "_pending");

	SPI_connect();
	(void) rbac_owner_execute("INSERT INTO rbac.summaries (source, view, totals, counts, groups, pending, group_columns, hidden_columns, status_column, members) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, ARRAY(SELECT relid FROM pg_partition_tree($1) UNION SELECT $1) RETURNING id",
							  lengthof(types), types, values, NULL);
	id = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PG_RETURN_INT32(id);
}

/* _reset_members(summary): its source and the partitions that it has, uncounted. */
Datum
rbac_reset_members(PG_FUNCTION_ARGS)
{
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;

	(void) rbac_require_summary(PG_GETARG_INT32(0));
	SPI_connect();
	(void) rbac_owner_execute("UPDATE rbac.summaries AS s SET members = ARRAY(SELECT relid FROM pg_partition_tree(s.source) UNION SELECT s.source) WHERE id = $1",
							  1, &type, &argument, NULL);
	SPI_finish();
	PG_RETURN_VOID();
}

/*
 * The role that all relations of a summary belong to, as far as they exist; the
 * source too.  InvalidOid if they belong to several, or nothing is left of it.
 */
static Oid
one_owner(int32 summary_id, bool *is_gone)
{
	Datum		argument = Int32GetDatum(summary_id);
	Oid			type = INT4OID;
	Oid			owner = InvalidOid;
	bool		isnull;

	*is_gone = false;
	SPI_connect();
	if (rbac_fresh_query("SELECT CASE WHEN count(DISTINCT c.relowner) = 1 THEN min(c.relowner::oid::bigint)::oid END, count(*) = 0 FROM rbac.summaries AS s, unnest(ARRAY[s.source, s.view, s.totals, s.counts, s.groups, s.pending]::oid[]) AS r (oid) JOIN pg_class AS c ON c.oid = r.oid WHERE s.id = $1",
						 1, &type, &argument, NULL, 1) == 1)
	{
		owner = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
		if (isnull)
			owner = InvalidOid;
		*is_gone = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	}
	SPI_finish();
	return owner;
}

/* _drop_parts(summary): what is left of it, if it is the caller's; false if not. */
Datum
rbac_drop_parts(PG_FUNCTION_ARGS)
{
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;
	Oid			parts_type = OIDARRAYOID;
	bool		is_gone;
	Oid			owner = one_owner(PG_GETARG_INT32(0), &is_gone);
	Datum		parts;
	bool		isnull;

	if (!is_gone && (!OidIsValid(owner) || !has_privs_of_role(GetUserId(), owner)))
		PG_RETURN_BOOL(false);
	SPI_connect();
	/* first out of the registry, or what is dropped would be followed by this again */
	if (rbac_owner_execute("DELETE FROM rbac.summaries WHERE id = $1 RETURNING ARRAY[view, totals, counts, groups, pending]::oid[]",
						   1, &type, &argument, NULL) == 1 && !is_gone)
	{
		parts = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
		(void) rbac_query_as(owner, "SELECT rbac._drop_relations($1)", 1, &parts_type, &parts);
	}
	SPI_finish();
	PG_RETURN_BOOL(true);
}

/*
 * _for_owner(summary, task): what any change of the source, or of privileges, may
 * take to be done to the tables behind it; with the rights of their owner, for it
 * reads what the owner has written.  What is done depends on what is so alone, so
 * whoever calls.
 */
Datum
rbac_for_owner(PG_FUNCTION_ARGS)
{
	static const char *const tasks[] = {"carry_policies", "follow_persistence", "follow_grants"};
	Datum		argument = PG_GETARG_DATUM(0);
	Oid			type = INT4OID;
	char	   *task = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		is_gone;
	Oid			owner = one_owner(PG_GETARG_INT32(0), &is_gone);

	if (!OidIsValid(owner))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the parts of the summary with id %d belong to different roles", PG_GETARG_INT32(0)),
				 errhint("Give all of them to the owner of its table.")));
	for (int i = 0; i < (int) lengthof(tasks); i++)
	{
		if (strcmp(task, tasks[i]) != 0)
			continue;
		SPI_connect();
		(void) rbac_query_as(owner, psprintf("SELECT rbac._%s($1)", task), 1, &type, &argument);
		SPI_finish();
	}
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
