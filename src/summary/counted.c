/*
 * counted.c
 *		What do the rows of a table count for?
 *
 * The triggers on the table say so: their argument names the summary, and one that
 * never fires names the columns (AFTER UPDATE OF ...).  So a column that is renamed
 * is still the right one, a column that is counted cannot be dropped or change its
 * type unnoticed, partitions have it in terms of their own columns, and dump and
 * restore bring it back.
 *
 * Kept for the backend's life, by table and summary.  A relcache message about
 * the table, or about what is pending, makes the next caller look anew.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "model/model.h"
#include "model/trigger.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_counted_by);
PG_FUNCTION_INFO_V1(rbac_counted_columns);
PG_FUNCTION_INFO_V1(rbac_is_countable);

static HTAB *counted_tables = NULL;

static void
relation_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS sequence;
	RbacCounted *counted;

	if (counted_tables == NULL)
		return;
	hash_seq_init(&sequence, counted_tables);
	while ((counted = hash_seq_search(&sequence)) != NULL)
	{
		if (!OidIsValid(relid) || relid == counted->key.relid || relid == counted->pending)
			counted->is_valid = false;
	}
}

void
rbac_counted_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static void
refuse_altered(Relation table, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("a summary of table \"%s\" is not as it was made", RelationGetRelationName(table)),
			 errdetail_internal("%s", detail),
			 errhint("Drop it with rbac.drop_summary(), and create it again.")));
}

/* The summary that a trigger of ours is for. */
int32
rbac_summary_of_trigger(FunctionCallInfo fcinfo)
{
	TriggerData *data = rbac_trigger_data(fcinfo);

	if (data->tg_trigger->tgnargs != 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must name a summary", data->tg_trigger->tgname),
				 errhint("Let rbac.create_summary() make it.")));
	return pg_strtoint32(data->tg_trigger->tgargs[0]);
}

/* Is this rbac._counted_by()? */
static bool
is_counted_by(Oid function)
{
	char	   *name = get_func_name(function);

	return get_func_namespace(function) == rbac_catalog()->namespace && name != NULL && strcmp(name, "_counted_by") == 0;
}

/*
 * The columns that a trigger names, as numbers; returns how many, 0 if there is no
 * such trigger.
 */
static int
read_columns(Relation table, int32 summary_id, AttrNumber *numbers)
{
	const int16 type = TRIGGER_TYPE_ROW | TRIGGER_TYPE_UPDATE;
	char	   *name = psprintf("rbac_summary_%d_columns", summary_id);
	TriggerDesc *triggers = table->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];

		if (trigger->tgtype != type || trigger->tgnattr == 0 || trigger->tgnattr > RBAC_MAX_KEY_COLUMNS ||
			strcmp(trigger->tgname, name) != 0 || !is_counted_by(trigger->tgfoid))
			continue;
		memcpy(numbers, trigger->tgattr, sizeof(AttrNumber) * trigger->tgnattr);
		return trigger->tgnattr;
	}
	return 0;
}

/* _counted_by(): the trigger that names the columns. */
Datum
rbac_counted_by(PG_FUNCTION_ARGS)
{
	(void) rbac_trigger_data(fcinfo);
	return PointerGetDatum(NULL);
}

/*
 * Is the table of what is pending as it was made, and no more to putting a row into
 * it than writing it?  Error: 55000.
 */
void
rbac_require_as_made(Relation pending, const RbacCounted *counted)
{
	TupleDesc	desc = RelationGetDescr(pending);
	bool		as_made = pending->rd_rel->relkind == RELKIND_RELATION &&
		pending->rd_rel->relam == HEAP_TABLE_AM_OID && !pending->rd_rel->relhasindex &&
		!pending->rd_rel->relhassubclass && pending->trigdesc == NULL &&
		(desc->constr == NULL || desc->constr->num_check == 0) &&
		desc->natts == counted->nkeys + 2;

	for (int i = 0; as_made && i < desc->natts; i++)
	{
		Oid			type = i == 0 ? INT4OID : i > counted->nkeys ? INT8OID : counted->column[i - 1].type;

		as_made = !TupleDescAttr(desc, i)->attisdropped && TupleDescAttr(desc, i)->atttypid == type;
	}
	if (!as_made)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\", which stands behind a summary, has been altered", RelationGetRelationName(pending)),
				 errhint("Undo that; or drop the summary with rbac.drop_summary(), and create it again.")));
}

static void
fill_column(RbacKeyColumn *column, Form_pg_attribute attribute, MemoryContext memory)
{
	Oid			type = getBaseType(attribute->atttypid);
	TypeCacheEntry *cache = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO | TYPECACHE_HASH_PROC_FINFO);

	column->number = attribute->attnum;
	column->type = type;
	column->length = attribute->attlen;
	column->by_value = attribute->attbyval;
	fmgr_info_copy(&column->equal, &cache->eq_opr_finfo, memory);
	fmgr_info_copy(&column->hash, &cache->hash_proc_finfo, memory);
}

/*
 * From the table's triggers and the registry.  Nothing is changed in what others may
 * still use unless all is well.
 */
static void
look(RbacCounted *counted, Relation table)
{
	RbacCounted found = *counted;
	int32		id = counted->key.summary_id;
	Datum		argument = Int32GetDatum(id);
	Oid			type = INT4OID;
	AttrNumber	numbers[RBAC_MAX_KEY_COLUMNS];
	Relation	pending;
	bool		isnull;

	SPI_connect();
	if (rbac_fresh_query("SELECT source::oid, pending::oid FROM rbac.summaries WHERE id = $1",
						 1, &type, &argument, NULL, 1) != 1)
		refuse_altered(table, psprintf("There is no summary with id %d.", id));
	found.source = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	found.pending = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	SPI_finish();

	/* or anybody could write into the summary of another's table */
	if (found.source != rbac_root_of(RelationGetRelid(table)))
		refuse_altered(table, psprintf("The summary with id %d is one of another table.", id));
	found.nkeys = read_columns(table, id, numbers);
	if (found.nkeys == 0)
		refuse_altered(table, "The trigger that names its columns is missing.");
	for (int i = 0; i < found.nkeys; i++)
	{
		fill_column(&found.column[i], TupleDescAttr(RelationGetDescr(table), numbers[i] - 1), CacheMemoryContext);
		if (!OidIsValid(found.column[i].equal.fn_oid) || !OidIsValid(found.column[i].hash.fn_oid))
			refuse_altered(table, "A column that it counts by has no hash.");
	}

	pending = try_relation_open(found.pending, AccessShareLock);
	if (pending == NULL)
		refuse_altered(table, "The table of what is pending is missing.");
	rbac_require_as_made(pending, &found);
	relation_close(pending, AccessShareLock);

	found.is_valid = true;
	*counted = found;
}

/*
 * What the table's rows count for, by this summary.  Readable until messages are
 * accepted, and at least until the next call about the same.  Error: 55000 (the
 * summary is gone or has been altered).
 */
RbacCounted *
rbac_counted(Relation table, int32 summary_id)
{
	RbacCounted *counted;
	bool		found;
	struct
	{
		Oid			relid;
		int32		summary_id;
	}			key = {RelationGetRelid(table), summary_id};

	if (counted_tables == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(key);
		control.entrysize = sizeof(RbacCounted);
		control.hcxt = CacheMemoryContext;
		counted_tables = hash_create("tables that are counted", 16, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	counted = hash_search(counted_tables, &key, HASH_ENTER, &found);
	if (!found)
	{
		memset(counted, 0, sizeof(*counted));
		counted->key.relid = key.relid;
		counted->key.summary_id = key.summary_id;
	}
	/* what arrives while we look is about what we have found, or not about us */
	while (!counted->is_valid)
		look(counted, table);
	return counted;
}

/*
 * _counted_columns(tbl, summary_id): the names that the columns of the key have in
 * this table by now, the status last; NULL if the table is not counted.
 */
Datum
rbac_counted_columns(PG_FUNCTION_ARGS)
{
	Relation	table = try_relation_open(PG_GETARG_OID(0), AccessShareLock);
	AttrNumber	numbers[RBAC_MAX_KEY_COLUMNS];
	Datum		names[RBAC_MAX_KEY_COLUMNS];
	int			n;

	if (table == NULL)
		PG_RETURN_NULL();
	n = read_columns(table, PG_GETARG_INT32(1), numbers);
	for (int i = 0; i < n; i++)
	{
		Name		name = palloc(NAMEDATALEN);

		namestrcpy(name, NameStr(TupleDescAttr(RelationGetDescr(table), numbers[i] - 1)->attname));
		names[i] = NameGetDatum(name);
	}
	relation_close(table, AccessShareLock);
	if (n == 0)
		PG_RETURN_NULL();
	PG_RETURN_ARRAYTYPE_P(construct_array(names, n, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

/* _is_countable(type): can values be hashed and compared? */
Datum
rbac_is_countable(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *cache = lookup_type_cache(getBaseType(PG_GETARG_OID(0)),
											  TYPECACHE_EQ_OPR | TYPECACHE_HASH_PROC);

	PG_RETURN_BOOL(OidIsValid(cache->eq_opr) && OidIsValid(cache->hash_proc));
}
