/*
 * query.c
 *		SQL of our own, as the owner of the tables.
 *
 * For what is not hot: explanations, reviews, administration, rules that span
 * many rows.  It runs with the rights of the tables' owner whoever calls, so
 * the text must be a constant of ours and who may ask must be decided before.
 * An error restores user, security context and settings by itself.
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "model/model.h"

typedef struct OwnerContext
{
	Oid			userid;
	int			sec_context;
	int			nestlevel;
} OwnerContext;

/* Until the nest level ends. */
static void
set_for_us(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

static OwnerContext
become_owner(void)
{
	OwnerContext saved;

	GetUserIdAndSecContext(&saved.userid, &saved.sec_context);
	SetUserIdAndSecContext(rbac_catalog()->owner,
						   saved.sec_context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
	saved.nestlevel = NewGUCNestLevel();
	set_for_us("search_path", "pg_catalog, pg_temp");
	/* our queries recurse, so they look costly, but they are over in no time */
	set_for_us("jit", "off");
	return saved;
}

static void
become_caller(OwnerContext saved)
{
	AtEOXact_GUC(false, saved.nestlevel);
	SetUserIdAndSecContext(saved.userid, saved.sec_context);
}

/*
 * Read with the owner's rights under a fresh snapshot (read.c says which), so
 * that the answer agrees with the decisions at every isolation level and in
 * parallel workers.  The caller has connected to SPI; the rows are in
 * SPI_tuptable.  Returns their number.
 */
uint64
rbac_fresh_query(const char *sql, int nargs, Oid *argtypes,
				 Datum *values, const char *nulls, long limit)
{
	OwnerContext saved = become_owner();
	Snapshot	snapshot = rbac_fresh_snapshot();
	SPIPlanPtr	plan;
	int			result;

	plan = SPI_prepare(sql, nargs, argtypes);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	result = SPI_execute_snapshot(plan, values, nulls, snapshot, InvalidSnapshot,
								  true, false, limit);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
	SPI_freeplan(plan);

	UnregisterSnapshot(snapshot);
	become_caller(saved);
	return SPI_processed;
}

/*
 * Write with the owner's rights, as an ordinary statement of the transaction:
 * its own snapshot, triggers and constraints as always, unless one of the
 * triggers is not to be trusted with these rights (42501).  The caller has
 * connected to SPI; rows of RETURNING are in SPI_tuptable.  Returns the number
 * of rows written.
 */
uint64
rbac_owner_execute(const char *sql, int nargs, Oid *argtypes,
				   Datum *values, const char *nulls)
{
	OwnerContext saved = become_owner();
	SPIPlanPtr	plan;
	int			result;

	/* to plan is to lock the tables; triggers run only as the plan does */
	plan = SPI_prepare(sql, nargs, argtypes);
	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", sql, SPI_result_code_string(SPI_result));
	rbac_refuse_foreign_triggers();
	result = SPI_execute_plan(plan, values, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "could not run \"%s\": %s", sql, SPI_result_code_string(result));
	SPI_freeplan(plan);

	become_caller(saved);
	return SPI_processed;
}
