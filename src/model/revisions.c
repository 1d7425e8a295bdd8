/*
 * revisions.c
 *		The marks that say how far a replica has come.
 *
 * A row of rbac._revisions that a replica shows proves, by commit order alone,
 * that all that was committed before it on the authority is applied there, and
 * all that was done in its own transaction: for physical standbys, which replay
 * commits in order, as for logical subscribers, which apply them in order once
 * their tables are in sync.
 *
 * The table is not in the catalog of those that decisions read, because it is
 * written all the time: what happens to it must not make anybody forget
 * anything.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "datatype/timestamp.h"
#include "executor/tuptable.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "model/model.h"

enum
{
	Anum_revisions_revision = 1, Anum_revisions_created_at
};

/* How long marks are kept; revision() forgets older ones (replicas/revision.sql). */
#define MARKS_ARE_KEPT USECS_PER_DAY

typedef struct Mark
{
	int64		revision;
	TimestampTz created_at;
} Mark;

/* InvalidOid if there is none. */
Oid
rbac_revisions_table(void)
{
	return get_relname_relid("_revisions", rbac_catalog()->namespace);
}

static bool
read_mark(IndexScanDesc scan, ScanDirection direction, TupleTableSlot *slot, Mark *mark)
{
	bool		isnull;

	if (!index_getnext_slot(scan, direction, slot))
		return false;
	mark->revision = DatumGetInt64(slot_getattr(slot, Anum_revisions_revision, &isnull));
	mark->created_at = DatumGetTimestampTz(slot_getattr(slot, Anum_revisions_created_at, &isnull));
	return true;
}

/* The mark itself, or, for no revision, the first or last one. */
static bool
find_mark(Relation table, Relation index, Snapshot snapshot, const int64 *revision,
		  ScanDirection direction, Mark *mark)
{
	TupleTableSlot *slot = table_slot_create(table, NULL);
	IndexScanDesc scan = rbac_index_beginscan(table, index, snapshot, revision ? 1 : 0);
	ScanKeyData key;
	bool		found;

	if (revision)
		ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(*revision));
	index_rescan(scan, revision ? &key : NULL, revision ? 1 : 0, NULL, 0);
	found = read_mark(scan, direction, slot, mark);
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	return found;
}

/*
 * Is this mark visible here, now, in tables that are in sync?  Or is it one of
 * those that were forgotten: before the first one kept, which itself is older
 * than marks are kept?  Forgetting leaves one such mark behind, so that a mark
 * that is merely not committed yet is not taken for one.  By the authority's
 * clock alone.
 *
 * By a fresh snapshot; keeps neither that nor a lock.
 */
bool
rbac_revision_is_visible(int64 revision)
{
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	Mark		mark;
	Mark		first;
	Mark		last;
	bool		found;

	AcceptInvalidationMessages();
	if (!rbac_model_in_sync())
		return false;

	table = table_open(rbac_revisions_table(), AccessShareLock);
	index = index_open(get_relname_relid("_revisions_pkey", rbac_catalog()->namespace),
					   AccessShareLock);
	snapshot = rbac_fresh_snapshot();

	found = find_mark(table, index, snapshot, &revision, ForwardScanDirection, &mark) ||
		(find_mark(table, index, snapshot, NULL, ForwardScanDirection, &first) &&
		 find_mark(table, index, snapshot, NULL, BackwardScanDirection, &last) &&
		 revision < first.revision &&
		 first.created_at <= last.created_at - MARKS_ARE_KEPT);

	UnregisterSnapshot(snapshot);
	index_close(index, AccessShareLock);
	table_close(table, AccessShareLock);
	return found;
}
