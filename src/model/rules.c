/*
 * rules.c
 *		The rules of the model that look at other rows, as triggers.
 *
 * A rule over several rows must hold against a session that changes the other
 * rows at the same moment.  Each check here therefore runs after its row is
 * written, takes what makes the other session wait, and then reads under a
 * fresh snapshot: the second of two sessions always sees the first.  That also
 * holds in REPEATABLE READ, where a query of the transaction's own would not
 * see it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "model/hierarchy.h"
#include "model/model.h"
#include "model/trigger.h"

PG_FUNCTION_INFO_V1(rbac_keep_reserved);
PG_FUNCTION_INFO_V1(rbac_keep_scopes_small);
PG_FUNCTION_INFO_V1(rbac_keep_role_tenant);
PG_FUNCTION_INFO_V1(rbac_keep_inheritance);
PG_FUNCTION_INFO_V1(rbac_keep_department_forest);
PG_FUNCTION_INFO_V1(rbac_keep_assignment);
PG_FUNCTION_INFO_V1(rbac_touch);

static void
refuse_reserved(TriggerData *data, HeapTuple row, const char *column)
{
	bool		isnull;
	Datum		id = rbac_row_value(data, row, column, &isnull);

	if (!isnull && DatumGetInt32(id) < RBAC_FIRST_USER_ID)
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("row of \"rbac.%s\" with %s %d is reserved for the extension",
						RelationGetRelationName(data->tg_relation), column, DatumGetInt32(id)),
				 errdetail("Ids below %d belong to what CREATE EXTENSION makes; it is the same in every database and not part of dumps.",
						   RBAC_FIRST_USER_ID),
				 errhint("Make a row of your own, without naming its id; a role of yours can inherit a built-in one.")));
}

Datum
rbac_keep_reserved(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	const char *column;

	/* the extension's own script writes what is reserved for it */
	if (creating_extension)
		return PointerGetDatum(TRIGGER_FIRED_BY_TRUNCATE(data->tg_event) ? NULL : rbac_row_written(data));

	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_RESERVED_NAME),
				 errmsg("cannot truncate \"rbac.%s\": it holds rows reserved for the extension",
						RelationGetRelationName(data->tg_relation)),
				 errhint("Use DELETE with a condition that leaves out ids below %d.", RBAC_FIRST_USER_ID)));

	column = data->tg_trigger->tgargs[0];
	refuse_reserved(data, data->tg_trigtuple, column);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		refuse_reserved(data, data->tg_newtuple, column);
	return PointerGetDatum(rbac_row_written(data));
}

Datum
rbac_keep_scopes_small(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	int32		id = rbac_row_int32(data, row, "id");

	if (id > RBAC_MAX_SCOPE_ID)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many scopes: id %d is above %d", id, RBAC_MAX_SCOPE_ID),
				 errdetail("A scope's id is its place in the sets of scopes that decisions are taken from."),
				 errhint("Reuse the ids of scopes that were deleted, or fold many scopes into one.")));
	return PointerGetDatum(row);
}

Datum
rbac_keep_role_tenant(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	pg_uuid_t	before = {{0}};
	pg_uuid_t	after = {{0}};
	bool		had = rbac_row_uuid(data, data->tg_trigtuple, "tenant_id", &before);
	bool		has = rbac_row_uuid(data, data->tg_newtuple, "tenant_id", &after);

	/*
	 * That a role never moves is what lets every other rule read its tenant
	 * once, and lets assignments rely on it.
	 */
	if (had != has || memcmp(&before, &after, sizeof(before)) != 0)
	{
		bool		isnull;
		char	   *name = TextDatumGetCString(rbac_row_value(data, data->tg_trigtuple, "name", &isnull));

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot move to another tenant", name),
				 errhint("Create a role in the other tenant instead.")));
	}
	return PointerGetDatum(data->tg_newtuple);
}

/*
 * A reader that sees what the statement that fired the trigger has written.
 */
static RbacReader *
read_after_statement(void)
{
	CommandCounterIncrement();
	return rbac_read_begin();
}

static char *
tenant_key(RbacReader *reader, const pg_uuid_t *tenant_id)
{
	char	   *key = NULL;

	if (!rbac_read_tenant(reader, tenant_id, NULL, &key))
		key = rbac_uuid_text(tenant_id);
	return key;
}

Datum
rbac_keep_inheritance(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	int32		senior = rbac_row_int32(data, row, "role_id");
	int32		junior = rbac_row_int32(data, row, "inherits_role_id");
	RbacReader *reader;
	RbacHierarchy *below;
	int			place;
	char	   *senior_name = "";
	char	   *junior_name = "";
	bool		senior_has_tenant = false;
	bool		junior_has_tenant = false;
	pg_uuid_t	senior_tenant = {{0}};
	pg_uuid_t	junior_tenant = {{0}};

	/* One at a time: two edges that are each harmless can close a cycle. */
	rbac_lock_to_inherit(senior);
	reader = read_after_statement();

	rbac_read_role(reader, senior, &senior_has_tenant, &senior_tenant, &senior_name);
	rbac_read_role(reader, junior, &junior_has_tenant, &junior_tenant, &junior_name);

	if (junior_has_tenant &&
		(!senior_has_tenant || memcmp(&senior_tenant, &junior_tenant, UUID_LEN) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot inherit role \"%s\" of tenant \"%s\"",
						senior_name, junior_name, tenant_key(reader, &junior_tenant)),
				 senior_has_tenant
				 ? errdetail("Role \"%s\" belongs to tenant \"%s\"; it can inherit roles of that tenant and shared ones.",
							 senior_name, tenant_key(reader, &senior_tenant))
				 : errdetail("Role \"%s\" is available to every tenant; it can inherit shared roles only.",
							 senior_name)));

	below = rbac_hierarchy_below(reader, junior);
	place = rbac_hierarchy_find(below, senior);
	if (place >= 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot inherit role \"%s\": that would be a cycle",
						senior_name, junior_name),
				 errdetail("The path %s exists already.",
						   rbac_hierarchy_path(reader, below, place)),
				 errhint("Remove one of its steps first.")));

	rbac_read_end(reader);
	return PointerGetDatum(NULL);
}

/* A department's rank below the one that moves. */
typedef struct Descent
{
	RbacReader *reader;
	int			depth;			/* of the visited department's parent */
	int			deepest;
} Descent;

static bool
descend(const RbacDepartment *department, void *arg)
{
	Descent    *descent = arg;

	CHECK_FOR_INTERRUPTS();
	descent->depth++;
	descent->deepest = Max(descent->deepest, descent->depth);
	/* deeper is refused anyhow, and a cycle must not go on for ever */
	if (descent->depth <= RBAC_MAX_DEPARTMENT_DEPTH)
		rbac_visit_subdepartments(descent->reader, &department->id, descend, descent);
	descent->depth--;
	return true;
}

static void
refuse_depth(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("departments cannot lie more than %d deep", RBAC_MAX_DEPARTMENT_DEPTH)));
}

Datum
rbac_keep_department_forest(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	pg_uuid_t	id;
	RbacDepartment at;
	RbacReader *reader;
	char	   *name = NULL;
	StringInfoData path;
	int			depth = 0;

	if (!rbac_row_uuid(data, row, "id", &id) || !rbac_row_uuid(data, row, "parent_id", &at.parent_id))
		return PointerGetDatum(NULL);

	/*
	 * A new row cannot lie above a row of another session, since its foreign
	 * key would not have found it; only a move can meet another move.
	 */
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		LockDatabaseObject(RelationRelationId, RelationGetRelid(data->tg_relation), 1, ExclusiveLock);

	reader = read_after_statement();
	if (!rbac_read_department(reader, &id, &at, &name))
	{
		/* written and gone again within one statement */
		rbac_read_end(reader);
		return PointerGetDatum(NULL);
	}

	initStringInfo(&path);
	appendStringInfo(&path, "\"%s\"", name);
	while (at.has_parent)
	{
		pg_uuid_t	parent = at.parent_id;

		CHECK_FOR_INTERRUPTS();
		if (++depth > RBAC_MAX_DEPARTMENT_DEPTH)
			refuse_depth();
		if (!rbac_read_department(reader, &parent, &at, &name))
			break;
		appendStringInfo(&path, " -> \"%s\"", name);
		if (memcmp(&parent, &id, UUID_LEN) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_GRANT_OPERATION),
					 errmsg("department \"%s\" cannot lie below itself", name),
					 errdetail("The path upwards would be %s.", path.data)));
	}

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		Descent		descent = {.reader = reader};

		rbac_visit_subdepartments(reader, &id, descend, &descent);
		if (depth + descent.deepest > RBAC_MAX_DEPARTMENT_DEPTH)
			refuse_depth();
	}

	rbac_read_end(reader);
	return PointerGetDatum(NULL);
}

Datum
rbac_keep_assignment(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	int32		role_id = rbac_row_int32(data, row, "role_id");
	pg_uuid_t	role_tenant;
	pg_uuid_t	tenant;
	bool		role_has_tenant;
	char	   *role_name;
	RbacReader *reader;

	/*
	 * The foreign key's trigger has run and holds the role's row, and with it
	 * the table, and a role never moves, so what is read here stays true.
	 */
	CommandCounterIncrement();
	reader = rbac_read_begin_lazily();
	if (rbac_read_role(reader, role_id, &role_has_tenant, &role_tenant, &role_name) &&
		role_has_tenant)
	{
		bool		has_tenant = rbac_row_uuid(data, row, "tenant_id", &tenant);

		if (!has_tenant || memcmp(&tenant, &role_tenant, UUID_LEN) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_GRANT_OPERATION),
					 has_tenant
					 ? errmsg("role \"%s\" of tenant \"%s\" cannot be assigned in tenant \"%s\"",
							  role_name, tenant_key(reader, &role_tenant), tenant_key(reader, &tenant))
					 : errmsg("role \"%s\" of tenant \"%s\" cannot be assigned in every tenant",
							  role_name, tenant_key(reader, &role_tenant)),
					 errhint("Assign it in its own tenant, or create a shared role.")));
	}
	rbac_read_end(reader);
	return PointerGetDatum(NULL);
}

Datum
rbac_touch(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	int			columns[2];
	Datum		values[2];
	bool		nulls[2];

	columns[0] = SPI_fnumber(desc, "created_at");
	values[0] = heap_getattr(data->tg_trigtuple, columns[0], desc, &nulls[0]);
	columns[1] = SPI_fnumber(desc, "updated_at");
	values[1] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	nulls[1] = false;
	return PointerGetDatum(heap_modify_tuple_by_cols(data->tg_newtuple, desc, 2, columns, values, nulls));
}
