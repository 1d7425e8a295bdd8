/*
 * fold.c
 *		Keeping small what is pending.
 *
 * To fold is to add what is pending to the counts, and to delete it.  One at a
 * time does so, and nobody waits: who finds somebody folding goes on.  Until the
 * fold is committed, everybody else sees what was there before it, which has the
 * same sums.
 *
 * Writers fold now and then, so that nobody has to care: a statement that has
 * appended n rows does so with probability n / rbac.summary_pending, whatever
 * session it is in.  So about that many rows are pending, on average, and the next
 * report merges them.  What costs a report is each group with something pending, not
 * each row, so rows of a group that the session has written to just before count for
 * less.  A fold that fails is no reason to refuse the write that it came with.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_compact);

static int	summary_pending = 1000;

/* Of a row of a group that has something pending already. */
#define AGAIN	(1.0 / 8)

/* What rbac._fold_statements() returns, planned; kept for the backend's life. */
#define FOLD_STEPS 4

typedef struct FoldPlans
{
	int32		summary_id;
	Oid			pending;
	bool		is_valid;		/* their text names what it did */
	bool		is_complete;
	SPIPlanPtr	step[FOLD_STEPS];
} FoldPlans;

static HTAB *known_plans = NULL;

/*
 * The plans follow names.  They are few and made in no time, so any change of a table
 * or a schema that may have been renamed makes them be made anew.
 */
static void
forget_plans(void)
{
	HASH_SEQ_STATUS sequence;
	FoldPlans  *plans;

	if (known_plans == NULL)
		return;
	hash_seq_init(&sequence, known_plans);
	while ((plans = hash_seq_search(&sequence)) != NULL)
		plans->is_valid = false;
}

static void
object_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	forget_plans();
}

void
rbac_fold_init(void)
{
	CacheRegisterSyscacheCallback(NAMESPACEOID, object_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(RELOID, object_changed, (Datum) 0);

	DefineCustomIntVariable("rbac.summary_pending",
							"How many changes of a summary are pending, on average, before a writer folds them.",
							"More make writing cheaper and reading dearer. 0: writers never fold, rbac.compact_summary() does.",
							&summary_pending, 1000, 0, 1000000000, PGC_USERSET, 0,
							NULL, NULL, NULL);
}

/* Until the end of the transaction, prepared ones included. */
static bool
may_fold(Oid pending)
{
	LOCKTAG		tag;

	SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, pending, 1);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

static FoldPlans *
find_plans(int32 summary_id)
{
	FoldPlans  *plans;
	bool		found;

	if (known_plans == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(int32);
		control.entrysize = sizeof(FoldPlans);
		control.hcxt = CacheMemoryContext;
		known_plans = hash_create("plans of folds", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	plans = hash_search(known_plans, &summary_id, HASH_ENTER, &found);
	if (!found)
	{
		plans->is_valid = false;
		memset(plans->step, 0, sizeof(plans->step));
	}
	return plans;
}

/* Plan what is not planned, as the owner of the tables. */
static void
prepare(FoldPlans *plans, Oid pending)
{
	Datum		argument = Int32GetDatum(plans->summary_id);
	Oid			type = INT4OID;
	Oid			slots = INT4ARRAYOID;
	Datum	   *statement;
	int			nstatements;
	bool		isnull;

	if (plans->is_valid && plans->is_complete && plans->pending == pending)
		return;
	/* a message that comes meanwhile is about what we plan */
	plans->is_valid = true;
	plans->is_complete = false;
	plans->pending = pending;
	if (SPI_execute_with_args("SELECT rbac._fold_statements($1)", 1, &type, &argument, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "rbac._fold_statements() returned no row");
	deconstruct_array(DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)),
					  TEXTOID, -1, false, TYPALIGN_INT, &statement, NULL, &nstatements);
	if (nstatements != FOLD_STEPS)
		elog(ERROR, "rbac._fold_statements() returned %d statements", nstatements);
	for (int i = 0; i < FOLD_STEPS; i++)
	{
		SPIPlanPtr	plan = SPI_prepare(TextDatumGetCString(statement[i]), i == 0 ? 0 : 1, i == 0 ? NULL : &slots);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "could not prepare a fold: %s", SPI_result_code_string(SPI_result));
		if (plans->step[i] != NULL)
			SPI_freeplan(plans->step[i]);
		plans->step[i] = plan;
	}
	plans->is_complete = true;
}

static int64
execute(FoldPlans *plans)
{
	Datum		slots;
	int64		folded;
	bool		isnull;

	if (SPI_execute_plan(plans->step[0], NULL, NULL, false, 0) != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "a fold returned no row");
	folded = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	slots = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	for (int i = 1; i < FOLD_STEPS && ARR_NDIM(DatumGetArrayTypeP(slots)) > 0; i++)
	{
		int			result = SPI_execute_plan(plans->step[i], &slots, NULL, false, 0);

		if (result < 0)
			elog(ERROR, "could not fold: %s", SPI_result_code_string(result));
	}
	return folded;
}

/* Whoever calls sees to it that nobody else folds. */
static int64
fold(int32 summary_id, Oid pending)
{
	FoldPlans  *plans = find_plans(summary_id);
	RbacOwnerWork work;
	int64		folded;

	SPI_connect();
	rbac_become(rbac_owner_of(pending), &work);
	prepare(plans, pending);
	folded = execute(plans);
	rbac_become_caller(&work);
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
		/* whoever cancels the statement (class 57) means the statement */
		if (strncmp(unpack_sql_state(error->sqlerrcode), "57", 2) == 0)
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

/* How much a row of this slot adds to what reports have to merge. */
double
rbac_fold_weight(RbacCounted *counted, int32 slot)
{
	for (int i = 0; i < RBAC_RECENT_SLOTS; i++)
	{
		if (counted->recent[i] == slot)
			return AGAIN;
	}
	counted->recent[counted->next_recent++ % RBAC_RECENT_SLOTS] = slot;
	return 1;
}

/*
 * After rows of so much weight were appended to what is pending.
 *
 * A transaction with one snapshot must not fold: it would have to delete what that
 * snapshot does not see, and then count as its own what others have done.
 */
void
rbac_fold_sometimes(const RbacCounted *counted, double weight)
{
	if (weight == 0 || summary_pending == 0 || IsolationUsesXactSnapshot() ||
		pg_prng_double(&pg_global_prng_state) * summary_pending >= weight)
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
