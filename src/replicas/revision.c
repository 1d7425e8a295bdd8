/*
 * revision.c
 *		Read your own writes on another machine: mark a moment on the authority,
 *		wait for the mark on a replica.
 *
 * A mark is a row (model/revisions.c says what it proves).  Marking waits for
 * nobody and nobody for it; waiting writes nothing, so that it works on a hot
 * standby.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"

#include "compat.h"
#include "model/model.h"
#include "replicas/patience.h"

PG_FUNCTION_INFO_V1(rbac_revision);
PG_FUNCTION_INFO_V1(rbac_wait_for_revision);

/* revision() */
Datum
rbac_revision(PG_FUNCTION_ARGS)
{
	Oid			marks;
	bool		isnull;
	int64		revision;

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot mark a revision on a standby"),
				 errhint("Call rbac.revision() on the primary, and rbac.wait_for_revision() here.")));
	PreventCommandIfReadOnly("rbac.revision()");
	if (rbac_model_is_subscribed())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot mark a revision on a subscriber"),
				 errdetail("A subscription fills the tables of rbac in this database."),
				 errhint("Call rbac.revision() on the publisher, and rbac.wait_for_revision() here.")));

	/* locked until the transaction ends, so no trigger comes in between */
	marks = rbac_revisions_table();
	LockRelationOid(marks, RowExclusiveLock);
	rbac_refuse_foreign_triggers_on(marks);

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");

	/*
	 * Forget a few of those that nobody waits for any more, but never the
	 * newest of them.  Under one snapshot for all statements a row that
	 * another caller has deleted would be an error, so not there.
	 */
	if (!IsolationUsesXactSnapshot())
		(void) rbac_owner_execute("DELETE FROM rbac._revisions WHERE revision = ANY (ARRAY("
								  "SELECT r.revision FROM rbac._revisions AS r "
								  "WHERE r.created_at < pg_catalog.clock_timestamp() - interval '24 hours' "
								  "AND r.revision < (SELECT o.revision FROM rbac._revisions AS o "
								  "WHERE o.created_at < pg_catalog.clock_timestamp() - interval '24 hours' "
								  "ORDER BY o.created_at DESC LIMIT 1) "
								  "ORDER BY r.created_at LIMIT 10 FOR UPDATE SKIP LOCKED))",
								  0, NULL, NULL, NULL);

	if (rbac_owner_execute("INSERT INTO rbac._revisions DEFAULT VALUES RETURNING revision",
						   0, NULL, NULL, NULL) != 1)
		elog(ERROR, "a revision was not marked");
	revision = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	PG_RETURN_INT64(revision);
}

/* wait_for_revision(revision, timeout) */
Datum
rbac_wait_for_revision(PG_FUNCTION_ARGS)
{
	Patience	patience;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("revision cannot be null")));
	patience = rbac_patience(fcinfo, 1);

	for (;;)
	{
		if (rbac_revision_is_visible(PG_GETARG_INT64(0)))
			PG_RETURN_BOOL(true);
		if (!rbac_pause(&patience))
			PG_RETURN_BOOL(false);
	}
}
