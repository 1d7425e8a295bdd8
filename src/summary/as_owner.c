/*
 * as_owner.c
 *		Work on a summary's tables, with the rights of their owner.
 *
 * Whoever writes to the source needs no rights on the tables behind a summary, and
 * what their owner may have hung on them must not run with the rights of whoever
 * writes, let alone with ours.  So, as for the upkeep of an index, we become the
 * owner, who can do nothing then but the work.  Row-level security that binds the
 * owner is for readers, and so not for this.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "model/model.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_execute_fresh);

/* InvalidOid if there is no such relation. */
Oid
rbac_owner_of(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * From here to rbac_become_caller, or to an error.  What is written as text must not
 * depend on the session's settings.
 */
void
rbac_become(Oid owner, RbacOwnerWork *work)
{
	static const char *const settings[][2] = {
		{"search_path", "pg_catalog, pg_temp"}, {"DateStyle", "ISO"}, {"IntervalStyle", "postgres"},
		{"TimeZone", "UTC"}, {"extra_float_digits", "1"}, {"bytea_output", "hex"},
		{"quote_all_identifiers", "off"}
	};

	GetUserIdAndSecContext(&work->caller, &work->sec_context);
	SetUserIdAndSecContext(owner, work->sec_context | SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	work->nestlevel = NewGUCNestLevel();
	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

void
rbac_become_caller(const RbacOwnerWork *work)
{
	AtEOXact_GUC(false, work->nestlevel);
	SetUserIdAndSecContext(work->caller, work->sec_context);
}

/*
 * Run a query of ours as somebody.  The caller has connected to SPI; the rows are in
 * SPI_tuptable.  Returns their number.
 */
uint64
rbac_query_as(Oid owner, const char *sql, int nargs, Oid *argtypes, Datum *values)
{
	RbacOwnerWork work;
	int			result;

	rbac_become(owner, &work);
	result = SPI_execute_with_args(sql, nargs, argtypes, values, NULL, false, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
	rbac_become_caller(&work);
	return SPI_processed;
}

/* The same as the owner of a relation. */
uint64
rbac_query_as_owner(Oid relid, const char *sql, int nargs, Oid *argtypes, Datum *values)
{
	Oid			owner = rbac_owner_of(relid);

	if (!OidIsValid(owner))
		elog(ERROR, "relation %u does not exist", relid);
	return rbac_query_as(owner, sql, nargs, argtypes, values);
}

/*
 * _execute_fresh(statement): run it as who we are, under a snapshot that sees all
 * that is committed by now, whatever the isolation level; returns the number of
 * rows.  For what must count all rows while nobody else can write any.
 */
Datum
rbac_execute_fresh(PG_FUNCTION_ARGS)
{
	char	   *sql = text_to_cstring(PG_GETARG_TEXT_PP(0));
	Snapshot	snapshot;
	SPIPlanPtr	plan;
	int			result;
	int64		processed;

	SPI_connect();
	snapshot = rbac_fresh_snapshot();
	plan = SPI_prepare(sql, 0, NULL);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, NULL, NULL, snapshot, InvalidSnapshot, false, true, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
	processed = SPI_processed;
	UnregisterSnapshot(snapshot);
	SPI_finish();
	PG_RETURN_INT64(processed);
}
