/*
 * members.c
 *		Which tables hold the rows of a source, and counting all rows of one.
 *
 * The registry says which tables are counted: the source, and its partitions.  When
 * that is not so any more, because a partition has come or is gone, its rows are
 * added or taken away.  Both look at what is so, not at what they are told: nobody
 * can add what is no partition, or anything twice.
 *
 * Rows are counted here rather than by SQL, so that no policy, no privilege and no
 * code of anybody plays a part in it.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/relscan.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "model/model.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_member_comes);
PG_FUNCTION_INFO_V1(rbac_member_goes);

/*
 * The table that all partitions above this one make up; the table itself if it is
 * none.  One that is being detached is still one.
 */
Oid
rbac_root_of(Oid relid)
{
	while (get_rel_relispartition(relid))
		relid = get_partition_parent(relid, true);
	return relid;
}

/*
 * Count all rows of a table, sign times each.  counted has the key as with_triggers
 * has it, which is the table itself or its source.
 */
void
rbac_count_table(RbacCounted *counted, Relation with_triggers, Relation table, int sign)
{
	Snapshot	snapshot = rbac_fresh_snapshot();
	TupleTableSlot *row = table_slot_create(table, NULL);
	AttrNumber	numbers[RBAC_MAX_KEY_COLUMNS];
	TableScanDesc scan;

	for (int i = 0; i < counted->nkeys; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(RelationGetDescr(with_triggers), counted->column[i].number - 1);

		numbers[i] = get_attnum(RelationGetRelid(table), NameStr(attribute->attname));
		if (numbers[i] == InvalidAttrNumber ||
			getBaseType(TupleDescAttr(RelationGetDescr(table), numbers[i] - 1)->atttypid) != counted->column[i].type)
			elog(ERROR, "table \"%s\" is no partition of \"%s\"",
				 RelationGetRelationName(table), RelationGetRelationName(with_triggers));
	}

	scan = table_beginscan(table, snapshot, 0, NULL);
	while (table_scan_getnextslot(scan, ForwardScanDirection, row))
	{
		CHECK_FOR_INTERRUPTS();
		rbac_pile_add(counted, row, numbers, sign);
	}
	table_endscan(scan);
	ExecDropSingleTupleTableSlot(row);
	UnregisterSnapshot(snapshot);
	rbac_pile_write(counted->key.summary_id);
}

/* Is this one of the tables that are counted?  And which is the source? */
bool
rbac_is_member(int32 summary_id, Oid relid, Oid *source)
{
	Datum		arguments[] = {Int32GetDatum(summary_id), ObjectIdGetDatum(relid)};
	Oid			types[] = {INT4OID, OIDOID};
	bool		isnull;
	bool		is_member;

	SPI_connect();
	if (rbac_fresh_query("SELECT source::oid, $2 = ANY (members::oid[]) FROM rbac.summaries WHERE id = $1",
						 2, types, arguments, NULL, 1) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no summary with id %d", summary_id)));
	*source = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	is_member = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	SPI_finish();
	return is_member && !isnull;
}

static void
write_member(const char *sql, int32 summary_id, Oid relid)
{
	Datum		arguments[] = {Int32GetDatum(summary_id), ObjectIdGetDatum(relid)};
	Oid			types[] = {INT4OID, REGCLASSOID};

	SPI_connect();
	(void) rbac_owner_execute(sql, 2, types, arguments, NULL);
	SPI_finish();
}

/* Its rows go.  The caller has locked it, so that nobody writes to it. */
void
rbac_member_leaves(int32 summary_id, Oid source, Oid relid)
{
	Relation	table = relation_open(relid, AccessShareLock);

	if (table->rd_rel->relkind == RELKIND_RELATION)
	{
		Relation	with_triggers = table_open(source, AccessShareLock);

		rbac_count_table(rbac_counted(with_triggers, summary_id), with_triggers, table, -1);
		table_close(with_triggers, AccessShareLock);
	}
	relation_close(table, AccessShareLock);
	write_member("UPDATE rbac.summaries SET members = array_remove(members, $2) WHERE id = $1", summary_id, relid);
}

/* _member_comes(summary, tbl): a partition of its source that is not counted yet is, from now on. */
Datum
rbac_member_comes(PG_FUNCTION_ARGS)
{
	int32		summary_id = PG_GETARG_INT32(0);
	Oid			relid = PG_GETARG_OID(1);
	Relation	table;
	Oid			source;

	if (rbac_is_member(summary_id, relid, &source) || rbac_root_of(relid) != source)
		PG_RETURN_BOOL(false);
	table = relation_open(relid, ShareRowExclusiveLock);
	if (table->rd_rel->relkind == RELKIND_RELATION)
		rbac_count_table(rbac_counted(table, summary_id), table, table, 1);
	relation_close(table, NoLock);
	write_member("UPDATE rbac.summaries SET members = members || $2 WHERE id = $1", summary_id, relid);
	PG_RETURN_BOOL(true);
}

/* _member_goes(summary, tbl): one that is counted and is no partition of its source any more is not. */
Datum
rbac_member_goes(PG_FUNCTION_ARGS)
{
	int32		summary_id = PG_GETARG_INT32(0);
	Oid			relid = PG_GETARG_OID(1);
	Oid			source;

	if (!rbac_is_member(summary_id, relid, &source) || rbac_root_of(relid) == source)
		PG_RETURN_BOOL(false);
	if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(relid)))
	{
		LockRelationOid(relid, ShareRowExclusiveLock);
		rbac_member_leaves(summary_id, source, relid);
	}
	else
		write_member("UPDATE rbac.summaries SET members = array_remove(members, $2) WHERE id = $1", summary_id, relid);
	PG_RETURN_BOOL(true);
}
