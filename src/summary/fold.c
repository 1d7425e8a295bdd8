/*
 * fold.c
 *		Keeping small what is pending.
 *
 * To fold is to add what is pending to the counts, and to delete it.  One at a
 * time does so, and nobody waits: who finds somebody folding goes on.  Until the
 * fold is committed, everybody else sees what was there before it, which has the
 * same sums.
 *
 * Writers fold now and then, so that nobody has to care: a transaction that has
 * appended n rows does so with probability n / 1,000, whatever session it is in.
 * So about 1,000 rows are pending on average, and the next report merges that many.
 * A fold that fails is no reason to refuse the write that it came with.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_compact);

#define PARTS_BETWEEN_FOLDS 1000

/* Until the end of the transaction, prepared ones included. */
static bool
may_fold(Oid pending)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, pending, 1);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

static int64
fold(int32 summary_id, Oid pending)
{
	Datum		argument = Int32GetDatum(summary_id);
	Oid			type = INT4OID;
	bool		isnull;
	int64		folded;

	SPI_connect();
	if (rbac_query_as_owner(pending, "SELECT rbac._fold($1)", 1, &type, &argument) != 1)
		elog(ERROR, "rbac._fold() returned no row");
	folded = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return folded;
}

/* As a subtransaction, whose failure is nobody's but the operator's to know. */
static void
fold_or_log(int32 summary_id, Oid pending)
{
	MemoryContext memory = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(memory);
	PG_TRY();
	{
		if (may_fold(pending))
			(void) fold(summary_id, pending);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(memory);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		/* whoever cancels the statement means the statement */
		if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		{
			MemoryContextSwitchTo(memory);
			CurrentResourceOwner = owner;
			ReThrowError(error);
		}
		ereport(LOG,
				(errmsg("could not compact the summary with id %d: %s", summary_id, error->message),
				 errhint("Until rbac.compact_summary() succeeds, reports that read it take longer and longer.")));
		FreeErrorData(error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(memory);
	CurrentResourceOwner = owner;
}

/*
 * After so many rows were appended to what is pending.
 *
 * A transaction with one snapshot must not fold: it would have to delete what that
 * snapshot does not see, and then count as its own what others have done.
 */
void
rbac_fold_sometimes(const RbacCounted *counted, int64 parts)
{
	if (parts == 0 || IsolationUsesXactSnapshot() ||
		pg_prng_double(&pg_global_prng_state) * PARTS_BETWEEN_FOLDS >= parts)
		return;
	fold_or_log(counted->key.summary_id, counted->pending);
}

/* _compact(summary): fold; NULL if somebody else is folding. */
Datum
rbac_compact(PG_FUNCTION_ARGS)
{
	RbacSummary summary = rbac_require_summary(PG_GETARG_INT32(0));

	rbac_refuse_old_snapshot("compacted");
	if (!may_fold(summary.pending))
		PG_RETURN_NULL();
	PG_RETURN_INT64(fold(PG_GETARG_INT32(0), summary.pending));
}
