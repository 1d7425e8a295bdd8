/*
 * columns.c
 *		Which columns of a table say what counts.
 *
 * Our triggers' arguments name them, as the functions of others do: a column that
 * has another name is another column.  So when one has been renamed or dropped,
 * whoever writes to the table is told, rather than that something else is taken
 * for it.
 *
 * Where they are is kept for the backend's life, for each trigger, and looked at
 * again at each call (a name, a type), so that nobody has to tell us of a change.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "decision/tenant_key.h"
#include "workflow/columns.h"

/* Triggers of so many tables and partitions; beyond that, all are found anew. */
#define MAX_KNOWN 4096

static HTAB *known = NULL;
static RbacTaskColumns *last = NULL;

static bool
is_there(const RbacTaskColumns *columns, const TriggerData *data, int i)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	AttrNumber	number = columns->number[i];
	Form_pg_attribute attribute;

	if (number == InvalidAttrNumber)
		return data->tg_trigger->tgargs[i][0] == '\0';
	if (number > desc->natts)
		return false;
	attribute = TupleDescAttr(desc, number - 1);
	return attribute->atttypid == columns->type[i] &&
		strcmp(NameStr(attribute->attname), data->tg_trigger->tgargs[i]) == 0;
}

static bool
still_hold(const RbacTaskColumns *columns, const TriggerData *data)
{
	for (int i = 0; i < RBAC_NUM_TASK_COLUMNS; i++)
	{
		if (!is_there(columns, data, i))
			return false;
	}
	return true;
}

static bool
is_fit(Oid base, RbacTaskColumn what)
{
	switch (what)
	{
		case RBAC_STATUS_COLUMN:
		case RBAC_TYPE_COLUMN:
			return base == INT4OID;
		case RBAC_TENANT_COLUMN:
			return base == UUIDOID || base == TEXTOID || base == VARCHAROID ||
				base == INT4OID || base == INT8OID;
		case RBAC_ASSIGNEE_COLUMN:
		case RBAC_CREATOR_COLUMN:
			return base == UUIDOID;
	}
	return false;
}

static void
find_column(RbacTaskColumns *columns, const TriggerData *data, RbacTaskColumn what)
{
	Relation	table = data->tg_relation;
	TupleDesc	desc = RelationGetDescr(table);
	const char *name = data->tg_trigger->tgargs[what];

	columns->number[what] = InvalidAttrNumber;
	if (name[0] == '\0' && what > RBAC_TYPE_COLUMN)
		return;
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (!attribute->attisdropped && strcmp(NameStr(attribute->attname), name) == 0)
		{
			columns->number[what] = i + 1;
			columns->type[what] = attribute->atttypid;
			columns->base[what] = getBaseType(attribute->atttypid);
		}
	}
	if (columns->number[what] == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table \"%s\" has no column \"%s\", which its workflow looks at",
						RelationGetRelationName(table), name),
				 errdetail("It was renamed or dropped after rbac.attach_workflow() was told of it."),
				 errhint("Call rbac.attach_workflow() again, with the columns as they are now.")));
	if (!is_fit(columns->base[what], what))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of table \"%s\" is of type %s, which its workflow cannot look at",
						name, RelationGetRelationName(table), format_type_be(columns->type[what])),
				 errhint("Call rbac.attach_workflow() again, with the columns as they are now.")));
}

/* The columns that the trigger's arguments name.  Errors: 42703, 42804, 39P01. */
const RbacTaskColumns *
rbac_task_columns(const TriggerData *data)
{
	RbacTaskColumns found;

	if (data->tg_trigger->tgnargs != RBAC_NUM_TASK_COLUMNS)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" of table \"%s\" was not made by rbac.attach_workflow()",
						data->tg_trigger->tgname, RelationGetRelationName(data->tg_relation))));

	if (likely(last != NULL && last->trigger == data->tg_trigger->tgoid && still_hold(last, data)))
		return last;

	if (known != NULL)
	{
		last = hash_search(known, &data->tg_trigger->tgoid, HASH_FIND, NULL);
		if (last != NULL && still_hold(last, data))
			return last;
	}

	found.trigger = data->tg_trigger->tgoid;
	for (int i = 0; i < RBAC_NUM_TASK_COLUMNS; i++)
		find_column(&found, data, i);

	last = NULL;
	if (known != NULL && hash_get_num_entries(known) >= MAX_KNOWN)
	{
		hash_destroy(known);
		known = NULL;
	}
	if (known == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(Oid),.entrysize = sizeof(RbacTaskColumns)};

		known = hash_create("rbac task columns", 16, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	last = hash_search(known, &found.trigger, HASH_ENTER, NULL);
	*last = found;
	return last;
}

static bool
values_differ(Oid base, Datum a, Datum b)
{
	switch (base)
	{
		case INT4OID:
			return DatumGetInt32(a) != DatumGetInt32(b);
		case INT8OID:
			return DatumGetInt64(a) != DatumGetInt64(b);
		case UUIDOID:
			return memcmp(DatumGetUUIDP(a), DatumGetUUIDP(b), UUID_LEN) != 0;
		default:
			{
				/* may be compressed, or stored elsewhere, in one and not in the other */
				text	   *x = DatumGetTextPP(a);
				text	   *y = DatumGetTextPP(b);

				return VARSIZE_ANY_EXHDR(x) != VARSIZE_ANY_EXHDR(y) ||
					memcmp(VARDATA_ANY(x), VARDATA_ANY(y), VARSIZE_ANY_EXHDR(x)) != 0;
			}
	}
}

/* Do two versions of a row differ in their status, type or tenant? */
bool
rbac_tasks_differ(const RbacTaskColumns *columns, TupleTableSlot *a, TupleTableSlot *b)
{
	for (int i = RBAC_STATUS_COLUMN; i <= RBAC_TENANT_COLUMN; i++)
	{
		bool		a_isnull;
		bool		b_isnull;
		Datum		a_value;
		Datum		b_value;

		if (columns->number[i] == InvalidAttrNumber)
			continue;
		a_value = slot_getattr(a, columns->number[i], &a_isnull);
		b_value = slot_getattr(b, columns->number[i], &b_isnull);
		if (a_isnull != b_isnull || (!a_isnull && values_differ(columns->base[i], a_value, b_value)))
			return true;
	}
	return false;
}

/* A tenant as the column names it.  One that there is not is nobody's: all zeroes. */
static void
read_tenant(Oid base, Datum value, RbacTask *task)
{
	char		number[32];
	text	   *key;

	task->has_tenant = true;
	switch (base)
	{
		case UUIDOID:
			task->tenant_id = *DatumGetUUIDP(value);
			return;
		case INT4OID:
		case INT8OID:
			(void) pg_lltoa(base == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value), number);
			if (!rbac_tenant_by_key(number, strlen(number), &task->tenant_id))
				memset(&task->tenant_id, 0, UUID_LEN);
			return;
		default:
			key = DatumGetTextPP(value);
			if (!rbac_tenant_by_key(VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), &task->tenant_id))
				memset(&task->tenant_id, 0, UUID_LEN);
	}
}

static bool
read_uuid(AttrNumber number, TupleTableSlot *slot, pg_uuid_t *value)
{
	bool		isnull = true;
	Datum		datum = 0;

	if (number != InvalidAttrNumber)
		datum = slot_getattr(slot, number, &isnull);
	if (!isnull)
		*value = *DatumGetUUIDP(datum);
	return !isnull;
}

static bool
read_int32(AttrNumber number, TupleTableSlot *slot, int32 *value)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, number, &isnull);

	if (!isnull)
		*value = DatumGetInt32(datum);
	return !isnull;
}

/*
 * What counts of a row.  Without a column that names the tenant it is the current
 * one.  Not part of a decision: ask before.
 */
void
rbac_read_task(const RbacTaskColumns *columns, TupleTableSlot *slot, RbacTask *task)
{
	AttrNumber	tenant = columns->number[RBAC_TENANT_COLUMN];

	memset(task, 0, sizeof(*task));
	task->has_status = read_int32(columns->number[RBAC_STATUS_COLUMN], slot, &task->status);
	task->has_type = read_int32(columns->number[RBAC_TYPE_COLUMN], slot, &task->type);
	task->has_assignee = read_uuid(columns->number[RBAC_ASSIGNEE_COLUMN], slot, &task->assignee);
	task->has_creator = read_uuid(columns->number[RBAC_CREATOR_COLUMN], slot, &task->creator);
	if (tenant != InvalidAttrNumber)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, tenant, &isnull);

		if (!isnull)
			read_tenant(columns->base[RBAC_TENANT_COLUMN], value, task);
	}
	else
	{
		const RbacIdentity *identity = rbac_identity();

		if (identity != NULL && identity->has_tenant)
		{
			task->has_tenant = true;
			task->tenant_id = identity->tenant_id;
		}
	}
}
