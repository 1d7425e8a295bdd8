/*
 * truncate.c
 *		Rows that go at once: TRUNCATE, and DROP TABLE of a partition.
 *
 * No trigger tells of each of them.  But nobody else can write to a table that is
 * about to be emptied, so what it holds can be counted.  If all of the source is
 * emptied, there is no need to: what was counted is there to read.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "model/model.h"
#include "model/trigger.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_count_truncated);
PG_FUNCTION_INFO_V1(rbac_before_drop);

/*
 * The source that is being emptied as a whole: its own trigger comes before those
 * of its partitions, and has one after.  An error in between ends a subtransaction.
 */
static Oid	being_emptied = InvalidOid;

static void
forget_at_abort(XactEvent event, void *arg)
{
	being_emptied = InvalidOid;
}

static void
forget_at_subabort(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		being_emptied = InvalidOid;
}

void
rbac_truncate_init(void)
{
	RegisterXactCallback(forget_at_abort, NULL);
	RegisterSubXactCallback(forget_at_subabort, NULL);
}

static void
subtract(const char *sql, int32 summary_id, Oid relid, Oid source)
{
	Datum		arguments[] = {Int32GetDatum(summary_id), ObjectIdGetDatum(relid)};
	Oid			types[] = {INT4OID, REGCLASSOID};

	SPI_connect();
	(void) rbac_query_as_owner(source, sql, 2, types, arguments);
	SPI_finish();
}

/* _count_truncated(summary): before TRUNCATE, and after that of the source itself. */
Datum
rbac_count_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	int32		summary_id = rbac_summary_of_trigger(fcinfo);
	Relation	table = data->tg_relation;
	Oid			relid = RelationGetRelid(table);
	const RbacCounted *counted = rbac_counted(table, summary_id);

	if (TRIGGER_FIRED_AFTER(data->tg_event))
	{
		being_emptied = InvalidOid;
		rbac_pile_write(summary_id);
		subtract("SELECT rbac._count_nothing($1, $2)", summary_id, relid, counted->source);
	}
	else if (relid == counted->source)
		being_emptied = relid;
	else if (table->rd_rel->relkind == RELKIND_RELATION && being_emptied != counted->source)
	{
		rbac_pile_write(summary_id);
		subtract("SELECT rbac._count_partition($1, $2, -1)", summary_id, relid, counted->source);
	}
	return PointerGetDatum(NULL);
}

/* Is one of these the table? */
static bool
is_named(List *objects, Oid relid)
{
	ListCell   *cell;

	foreach(cell, objects)
	{
		if (RangeVarGetRelid(makeRangeVarFromNameList(lfirst(cell)), NoLock, true) == relid)
			return true;
	}
	return false;
}

static bool
may_drop(Oid relid)
{
	return rbac_owns_relation(relid) || rbac_owns_schema(get_rel_namespace(relid));
}

/* For each summary of a source: take the rows of this partition out of it. */
static void
subtract_partition(Oid relid, Oid source)
{
	Datum		arguments[] = {ObjectIdGetDatum(source), ObjectIdGetDatum(relid)};
	Oid			types[] = {OIDOID, REGCLASSOID};

	SPI_connect();
	if (rbac_fresh_query("SELECT FROM rbac.summaries WHERE source = $1", 1, types, arguments, NULL, 1) > 0)
	{
		/* as DROP TABLE will, so that nobody writes in between: the parent first */
		LockRelationOid(get_partition_parent(relid, true), AccessExclusiveLock);
		LockRelationOid(relid, AccessExclusiveLock);
		if (get_rel_relispartition(relid) && llast_oid(get_partition_ancestors(relid)) == source)
			(void) rbac_query_as_owner(source, "SELECT rbac._count_partition(id, $2, -1) FROM rbac.summaries WHERE source = $1",
									   2, types, arguments);
	}
	SPI_finish();
}

/* _before_drop(): what the command then refuses is rolled back with it. */
Datum
rbac_before_drop(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;
	DropStmt   *drop;
	ListCell   *cell;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"rbac._before_drop\" was not called by an event trigger")));
	if (!IsA(data->parsetree, DropStmt))
		PG_RETURN_NULL();
	drop = (DropStmt *) data->parsetree;
	if (drop->removeType != OBJECT_TABLE)
		PG_RETURN_NULL();

	foreach(cell, drop->objects)
	{
		Oid			relid = RangeVarGetRelid(makeRangeVarFromNameList(lfirst(cell)), NoLock, true);
		List	   *ancestors;
		ListCell   *ancestor;
		bool		goes_with_others = false;

		if (!OidIsValid(relid) || !get_rel_relispartition(relid) || !may_drop(relid))
			continue;
		ancestors = get_partition_ancestors(relid);
		foreach(ancestor, ancestors)
			goes_with_others |= is_named(drop->objects, lfirst_oid(ancestor));
		if (ancestors != NIL && !goes_with_others)
			subtract_partition(relid, llast_oid(ancestors));
	}
	PG_RETURN_NULL();
}
