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
#include "catalog/pg_inherits.h"
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
forget_at_end(XactEvent event, void *arg)
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
	RegisterXactCallback(forget_at_end, NULL);
	RegisterSubXactCallback(forget_at_subabort, NULL);
}

/* Nothing is left of a source. */
static void
count_nothing(int32 summary_id, Oid source)
{
	Datum		arguments[] = {Int32GetDatum(summary_id), ObjectIdGetDatum(source)};
	Oid			types[] = {INT4OID, REGCLASSOID};

	SPI_connect();
	(void) rbac_query_as_owner(source, "SELECT rbac._count_nothing($1, $2)", 2, types, arguments);
	SPI_finish();
}

/* _count_truncated(summary): before TRUNCATE, and after that of the source itself. */
Datum
rbac_count_truncated(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	int32		summary_id = rbac_summary_of_trigger(fcinfo);
	Relation	table = data->tg_relation;
	RbacCounted *counted = rbac_counted(table, summary_id);
	bool		is_source = RelationGetRelid(table) == counted->source;

	if (!TRIGGER_FIRED_BY_TRUNCATE(data->tg_event) || (TRIGGER_FIRED_AFTER(data->tg_event) && !is_source))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must fire before TRUNCATE, or after that of a source", data->tg_trigger->tgname)));

	if (TRIGGER_FIRED_AFTER(data->tg_event))
	{
		being_emptied = InvalidOid;
		rbac_pile_write(summary_id);
		count_nothing(summary_id, counted->source);
	}
	else if (is_source)
		being_emptied = counted->source;
	else if (table->rd_rel->relkind == RELKIND_RELATION && being_emptied != counted->source)
		rbac_count_table(counted, table, table, -1);
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

/* The summaries that count the rows of a table of this source. */
static List *
summaries_with(Oid source, Oid relid)
{
	Datum		arguments[] = {ObjectIdGetDatum(source), ObjectIdGetDatum(relid)};
	Oid			types[] = {OIDOID, OIDOID};
	List	   *ids = NIL;
	MemoryContext memory = CurrentMemoryContext;
	bool		isnull;

	SPI_connect();
	(void) rbac_fresh_query("SELECT id FROM rbac.summaries WHERE source = $1 AND $2 = ANY (members::oid[])",
							2, types, arguments, NULL, 0);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(memory);

		ids = lappend_int(ids, DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull)));
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return ids;
}

/* A partition, with those below it, is about to be dropped. */
static void
forget_partition(Oid relid, Oid source)
{
	List	   *members;
	ListCell   *member;

	if (summaries_with(source, relid) == NIL)
		return;
	/* as DROP TABLE will, so that nobody writes in between: the parent first */
	LockRelationOid(get_partition_parent(relid, true), AccessExclusiveLock);
	members = find_all_inheritors(relid, AccessExclusiveLock, NULL);
	foreach(member, members)
	{
		List	   *ids = summaries_with(source, lfirst_oid(member));
		ListCell   *id;

		foreach(id, ids)
			rbac_member_leaves(lfirst_int(id), source, lfirst_oid(member));
	}
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
		bool		goes_with_others = false;

		if (!OidIsValid(relid) || !get_rel_relispartition(relid) || !may_drop(relid))
			continue;
		for (Oid above = relid; get_rel_relispartition(above);)
		{
			above = get_partition_parent(above, true);
			goes_with_others |= is_named(drop->objects, above);
		}
		/* one that is named twice is no member any more the second time */
		if (!goes_with_others)
			forget_partition(relid, rbac_root_of(relid));
	}
	PG_RETURN_NULL();
}
