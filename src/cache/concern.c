/*
 * concern.c
 *		Whom does a written row concern, and does it matter to them?
 *
 * The arguments of a row trigger say so: the kind of message; whose word moves,
 * and by which column; and the columns whose change matters.  A statement's has
 * the first only.  cache.sql makes them, watched.c knows whether they stand.
 *
 * A role, or a workflow, concerns its tenant, or all that share it.  Which
 * tenant, nobody may change while somebody else is changing what it means: what
 * the foreign key of an ordinary session keeps apart is kept apart here for those
 * that fire no such triggers.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "storage/lmgr.h"
#include "utils/datum.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "cache/changes.h"
#include "cache/concern.h"
#include "cache/signal.h"
#include "model/model.h"

#define ARGUMENT_KIND		0
#define ARGUMENT_WHOSE		1
#define ARGUMENT_KEY		2
#define ARGUMENT_MATTERS	3

/* What a change was noted of last: many rows of one role come in a row. */
typedef struct Noted
{
	RbacPath	by_id;			/* where it is found */
	bool		is_known;
	int32		id;
} Noted;

static Noted noted_role = {.by_id = RBAC_ROLE_BY_ID};
static Noted noted_workflow = {.by_id = RBAC_WORKFLOW_BY_ID};

/* RBAC_ASSIGNMENTS, or RBAC_EVERYTHING. */
int
rbac_kind_of_write(const TriggerData *data)
{
	return strcmp(data->tg_trigger->tgargs[ARGUMENT_KIND], "assignments") == 0
		? RBAC_ASSIGNMENTS : RBAC_EVERYTHING;
}

static bool
has_changed(const TriggerData *data, int number)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	Form_pg_attribute attribute = TupleDescAttr(desc, number - 1);
	bool		old_isnull;
	bool		new_isnull;
	Datum		old_value = heap_getattr(data->tg_trigtuple, number, desc, &old_isnull);
	Datum		new_value = heap_getattr(data->tg_newtuple, number, desc, &new_isnull);

	if (old_isnull || new_isnull)
		return old_isnull != new_isnull;
	return !datum_image_eq(old_value, new_value, attribute->attbyval, attribute->attlen);
}

/* An UPDATE of a row: has one of the columns that matter changed? */
bool
rbac_write_matters(const TriggerData *data)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	for (int i = ARGUMENT_MATTERS; i < data->tg_trigger->tgnargs; i++)
	{
		int			number = SPI_fnumber(desc, data->tg_trigger->tgargs[i]);

		if (number <= 0 || has_changed(data, number))
			return true;
	}
	return false;
}

static bool
note_tenant(const pg_uuid_t *tenant_id, void *arg)
{
	if (tenant_id == NULL)
		rbac_change_everything(MyDatabaseId);
	else
		rbac_change_tenant(tenant_id);
	return true;
}

/*
 * A role, or a workflow, means something else.  One that is nowhere to be found
 * could be anybody's, and so could one that no foreign key holds where it is.
 * (What a subscription applies, one has held where it comes from.)
 */
static void
note_meaning(Noted *noted, int32 id)
{
	if (rbac_changes_everything() || (noted->is_known && id == noted->id))
		return;
	if ((SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA && !IsLogicalWorker()) ||
		!rbac_visit_tenants_ever(noted->by_id, id, note_tenant, NULL))
		rbac_change_everything(MyDatabaseId);
	noted->id = id;
	noted->is_known = true;
}

/*
 * A role, or a workflow, becomes another tenant's, against all rules: wait for
 * those who are changing what it means, and have noted the tenant that it had.
 */
static void
wait_for_noted_tenants(Oid relid)
{
	const RbacCatalog *catalog = rbac_catalog();

	if (relid == catalog->table[RBAC_ROLES])
	{
		LockRelationOid(catalog->table[RBAC_ROLE_PERMISSIONS], ShareLock);
		LockRelationOid(catalog->table[RBAC_ROLE_INHERITS], ShareLock);
	}
	else if (relid == catalog->table[RBAC_WORKFLOWS])
		LockRelationOid(catalog->table[RBAC_WORKFLOW_TRANSITIONS], ShareLock);
}

/* The column that says whom a row concerns; 0: everybody. */
static int
key_number(const TriggerData *data)
{
	if (data->tg_trigger->tgnargs <= ARGUMENT_KEY)
		return 0;
	return Max(SPI_fnumber(RelationGetDescr(data->tg_relation), data->tg_trigger->tgargs[ARGUMENT_KEY]), 0);
}

static void
note_row(const TriggerData *data, HeapTuple row)
{
	int			number = key_number(data);
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	const char *whose = number > 0 ? data->tg_trigger->tgargs[ARGUMENT_WHOSE] : "everybody";
	Oid			type = number > 0 ? TupleDescAttr(desc, number - 1)->atttypid : InvalidOid;
	bool		isnull = true;
	Datum		key = 0;

	if (number > 0)
		key = heap_getattr(row, number, desc, &isnull);

	if (!isnull && strcmp(whose, "user") == 0 && type == UUIDOID)
		rbac_change_user(DatumGetUUIDP(key));
	else if (!isnull && strcmp(whose, "tenant") == 0 && type == UUIDOID)
		rbac_change_tenant(DatumGetUUIDP(key));
	else if (!isnull && strcmp(whose, "role") == 0 && type == INT4OID)
		note_meaning(&noted_role, DatumGetInt32(key));
	else if (!isnull && strcmp(whose, "workflow") == 0 && type == INT4OID)
		note_meaning(&noted_workflow, DatumGetInt32(key));
	else
		rbac_change_everything(MyDatabaseId);
}

/* After a row was written, or before TRUNCATE: note whose words are to move. */
void
rbac_note_whom_it_concerns(const TriggerData *data)
{
	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		rbac_change_everything(MyDatabaseId);
		return;
	}
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		if (key_number(data) > 0 && has_changed(data, key_number(data)))
			wait_for_noted_tenants(RelationGetRelid(data->tg_relation));
		note_row(data, data->tg_newtuple);
	}
	note_row(data, data->tg_trigtuple);
}

/* The transaction is over. */
void
rbac_forget_whom_it_concerns(void)
{
	noted_role.is_known = false;
	noted_workflow.is_known = false;
}
