/*
 * read.c
 *		Reading the tables by index, under one fresh snapshot.
 *
 * A reader sees what is committed at the moment at which it began, and what
 * its own transaction has done so far, whatever the isolation level: the
 * query's own snapshot may be old, and an answer kept from it would outlive
 * the truth.  The catalog snapshot is the only one that is fresh always and
 * allowed everywhere (in parallel workers, on standbys, in every isolation
 * level).  One snapshot serves all tables of a load.
 *
 * While the tables are not in sync (sync.c), users are read as not active: no
 * question about a scope can be answered without reading one, so none can be
 * forgotten.
 *
 * Neither permissions nor row-level security nor search_path are consulted:
 * who may ask what is decided at the functions.
 *
 * A reader's locks, scans and snapshot belong to the current resource owner,
 * so an error releases them.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_collation.h"
#include "executor/tuptable.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "model/model.h"
#include "model/walk.h"

/* Column numbers: the only place in C where they stand. */
enum
{
	Anum_tenants_id = 1, Anum_tenants_key, Anum_tenants_name, Anum_tenants_is_active
};
enum
{
	Anum_users_id = 1, Anum_users_username, Anum_users_email, Anum_users_first_name,
	Anum_users_last_name, Anum_users_phone, Anum_users_avatar_url, Anum_users_is_active
};
enum
{
	Anum_departments_id = 1, Anum_departments_tenant_id, Anum_departments_parent_id,
	Anum_departments_name
};
enum
{
	Anum_scopes_id = 1, Anum_scopes_name
};
enum
{
	Anum_permissions_id = 1, Anum_permissions_name
};
enum
{
	Anum_permission_scopes_permission_id = 1, Anum_permission_scopes_scope_id
};
enum
{
	Anum_roles_id = 1, Anum_roles_tenant_id, Anum_roles_name
};
enum
{
	Anum_role_permissions_role_id = 1, Anum_role_permissions_permission_id
};
enum
{
	Anum_role_inherits_role_id = 1, Anum_role_inherits_inherits_role_id
};
enum
{
	Anum_role_conflicts_kind = 1, Anum_role_conflicts_role_a, Anum_role_conflicts_role_b
};
enum
{
	Anum_user_roles_id = 1, Anum_user_roles_user_id, Anum_user_roles_role_id,
	Anum_user_roles_tenant_id, Anum_user_roles_department_id,
	Anum_user_roles_valid_from, Anum_user_roles_valid_until
};

static const RbacTable path_table[RBAC_NUM_PATHS] = {
	[RBAC_TENANT_BY_ID] = RBAC_TENANTS,
	[RBAC_TENANT_BY_KEY] = RBAC_TENANTS,
	[RBAC_USER_BY_ID] = RBAC_USERS,
	[RBAC_DEPARTMENT_BY_ID] = RBAC_DEPARTMENTS,
	[RBAC_DEPARTMENTS_BY_TENANT] = RBAC_DEPARTMENTS,
	[RBAC_DEPARTMENTS_BY_PARENT] = RBAC_DEPARTMENTS,
	[RBAC_SCOPE_BY_ID] = RBAC_SCOPES,
	[RBAC_SCOPE_BY_NAME] = RBAC_SCOPES,
	[RBAC_PERMISSION_BY_ID] = RBAC_PERMISSIONS,
	[RBAC_SCOPES_BY_PERMISSION] = RBAC_PERMISSION_SCOPES,
	[RBAC_PERMISSIONS_BY_SCOPE] = RBAC_PERMISSION_SCOPES,
	[RBAC_ROLE_BY_ID] = RBAC_ROLES,
	[RBAC_ROLES_BY_TENANT] = RBAC_ROLES,
	[RBAC_PERMISSIONS_BY_ROLE] = RBAC_ROLE_PERMISSIONS,
	[RBAC_JUNIORS_BY_ROLE] = RBAC_ROLE_INHERITS,
	[RBAC_CONFLICTS_BY_KIND] = RBAC_ROLE_CONFLICTS,
	[RBAC_CONFLICTS_BY_ROLE] = RBAC_ROLE_CONFLICTS,
	[RBAC_ASSIGNMENTS_BY_USER] = RBAC_USER_ROLES,
	[RBAC_ASSIGNMENTS_BY_TENANT] = RBAC_USER_ROLES,
	[RBAC_STATUS_BY_ID] = RBAC_WORKFLOW_STATUSES,
	[RBAC_WORKFLOW_BY_ID] = RBAC_WORKFLOWS,
	[RBAC_WORKFLOW_BY_NAME] = RBAC_WORKFLOWS,
	[RBAC_TASK_TYPE_BY_ID] = RBAC_TASK_TYPES,
	[RBAC_TRANSITIONS_BY_WORKFLOW] = RBAC_WORKFLOW_TRANSITIONS,
};

#define MAX_KEYS 2

struct RbacReader
{
	Snapshot	snapshot;
	bool		in_sync;		/* the tables, as the snapshot sees them */
	Relation	table[RBAC_NUM_TABLES];
	TupleTableSlot *slot[RBAC_NUM_TABLES];
	Relation	index[RBAC_NUM_PATHS];
	IndexScanDesc scan[RBAC_NUM_PATHS];
};

/* Of the reader that last took a snapshot of its own. */
static bool last_in_sync = true;

/*
 * A snapshot that sees everything committed by now and what this transaction
 * has done, at any isolation level.  Registered; the caller unregisters it.
 */
Snapshot
rbac_fresh_snapshot(void)
{
	return RegisterSnapshot(GetNonHistoricCatalogSnapshot(rbac_catalog()->table[RBAC_USER_ROLES]));
}

/* The snapshot under which a reader reads, for as long as it does. */
Snapshot
rbac_reader_snapshot(const RbacReader *reader)
{
	return reader->snapshot;
}

/*
 * Take the reader's snapshot.  The tables are in sync in it if they were
 * before it was taken (what became ready only later is not whole in it) and
 * after (what a refresh has emptied may be half copied in it).
 */
static void
take_snapshot(RbacReader *reader)
{
	bool		was_in_sync = rbac_model_in_sync();

	reader->snapshot = rbac_fresh_snapshot();
	AcceptInvalidationMessages();
	reader->in_sync = last_in_sync = was_in_sync && rbac_model_in_sync();
}

/* Do the tables, as the reader sees them, belong to one moment? */
bool
rbac_reader_in_sync(const RbacReader *reader)
{
	return reader->in_sync;
}

/*
 * Begin reading.  Every table is locked before the snapshot is taken, so that
 * not even a TRUNCATE or a rewrite comes between.
 */
RbacReader *
rbac_read_begin(void)
{
	RbacReader *reader = palloc0(sizeof(RbacReader));

	for (int i = 0; i < RBAC_NUM_TABLES; i++)
	{
		if (OidIsValid(rbac_catalog()->table[i]))
			reader->table[i] = table_open(rbac_catalog()->table[i], AccessShareLock);
	}
	take_snapshot(reader);
	return reader;
}

/*
 * The same for the cache, which reads little: tables are locked as they are
 * first needed.  A change of them that is learned on the way is the caller's to
 * notice, and a reason to read again, since what was read by then belongs to
 * two states.
 */
RbacReader *
rbac_read_begin_lazily(void)
{
	RbacReader *reader = palloc0(sizeof(RbacReader));

	/* A lock that all decisions need comes first: it accepts what is pending. */
	reader->table[RBAC_USER_ROLES] =
		table_open(rbac_catalog()->table[RBAC_USER_ROLES], AccessShareLock);
	take_snapshot(reader);
	return reader;
}

/* Read by the snapshot of another reader, which may end before this one. */
RbacReader *
rbac_read_begin_at(Snapshot snapshot)
{
	RbacReader *reader = palloc0(sizeof(RbacReader));

	reader->snapshot = RegisterSnapshot(snapshot);
	reader->in_sync = last_in_sync && rbac_model_in_sync();
	return reader;
}

void
rbac_read_end(RbacReader *reader)
{
	for (int i = 0; i < RBAC_NUM_PATHS; i++)
	{
		if (reader->scan[i])
			index_endscan(reader->scan[i]);
		if (reader->index[i])
			index_close(reader->index[i], AccessShareLock);
	}
	for (int i = 0; i < RBAC_NUM_TABLES; i++)
	{
		if (reader->slot[i])
			ExecDropSingleTupleTableSlot(reader->slot[i]);
		if (reader->table[i])
			table_close(reader->table[i], AccessShareLock);
	}
	UnregisterSnapshot(reader->snapshot);
	pfree(reader);
}

static Relation
open_table(RbacReader *reader, RbacTable table)
{
	if (reader->table[table] == NULL)
		reader->table[table] = table_open(rbac_catalog()->table[table], AccessShareLock);
	if (reader->slot[table] == NULL)
		reader->slot[table] = table_slot_create(reader->table[table], NULL);
	return reader->table[table];
}

/*
 * Open a path's index.  Its oid is looked up only now that its table is locked:
 * REINDEX CONCURRENTLY drops no index while somebody holds the table.
 */
static Relation
open_index(RbacPath path)
{
	return index_open(rbac_catalog()->index[path], AccessShareLock);
}

/*
 * Start a walk along a path.  The scan is kept for the next walk along the
 * same path, so walks along one path do not nest.
 */
static void
start_walk(RbacReader *reader, RbacPath path, ScanKey keys, int nkeys)
{
	if (reader->scan[path] == NULL)
	{
		Relation	table = open_table(reader, path_table[path]);

		reader->index[path] = open_index(path);
		reader->scan[path] = rbac_index_beginscan(table, reader->index[path],
												  reader->snapshot, nkeys);
	}
	Assert(reader->scan[path]->numberOfKeys == nkeys);
	index_rescan(reader->scan[path], keys, nkeys, NULL, 0);
}

/* The walk's next row, or NULL.  The slot is overwritten by the next call. */
static TupleTableSlot *
next_row(RbacReader *reader, RbacPath path)
{
	TupleTableSlot *slot = reader->slot[path_table[path]];

	if (index_getnext_slot(reader->scan[path], ForwardScanDirection, slot))
		return slot;
	return NULL;
}

static void
text_key(ScanKey key, AttrNumber index_column, const char *value, int length)
{
	ScanKeyEntryInitialize(key, 0, index_column, BTEqualStrategyNumber, InvalidOid,
						   DEFAULT_COLLATION_OID, F_TEXTEQ,
						   PointerGetDatum(cstring_to_text_with_len(value, length)));
}

static void
uuid_key(ScanKey key, AttrNumber index_column, const pg_uuid_t *value)
{
	if (value == NULL)
		ScanKeyEntryInitialize(key, SK_ISNULL | SK_SEARCHNULL, index_column,
							   InvalidStrategy, InvalidOid, InvalidOid,
							   InvalidOid, (Datum) 0);
	else
		ScanKeyInit(key, index_column, BTEqualStrategyNumber, F_UUID_EQ,
					UUIDPGetDatum(value));
}

static pg_uuid_t
slot_uuid(TupleTableSlot *slot, AttrNumber column, bool *isnull)
{
	pg_uuid_t	result = {{0}};
	Datum		datum = slot_getattr(slot, column, isnull);

	if (!*isnull)
		result = *DatumGetUUIDP(datum);
	return result;
}

static bool
slot_bool(TupleTableSlot *slot, AttrNumber column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return !isnull && DatumGetBool(datum);
}

static int32
slot_int32(TupleTableSlot *slot, AttrNumber column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return isnull ? 0 : DatumGetInt32(datum);
}

static char *
slot_text(TupleTableSlot *slot, AttrNumber column)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}

static TimestampTz
slot_timestamp(TupleTableSlot *slot, AttrNumber column, TimestampTz if_null)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	return isnull ? if_null : DatumGetTimestampTz(datum);
}

char *
rbac_uuid_text(const pg_uuid_t *uuid)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)));
}

/*
 * One user, tenant, department, role or scope.  False if there is none.  Each
 * out parameter may be NULL.
 */
bool
rbac_read_user(RbacReader *reader, const pg_uuid_t *id, bool *is_active, char **username)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	uuid_key(&key, 1, id);
	start_walk(reader, RBAC_USER_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_USER_BY_ID);
	if (slot == NULL)
		return false;
	if (is_active)
		*is_active = reader->in_sync && slot_bool(slot, Anum_users_is_active);
	if (username)
		*username = slot_text(slot, Anum_users_username);
	return true;
}

bool
rbac_read_tenant(RbacReader *reader, const pg_uuid_t *id, bool *is_active, char **key_name)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	uuid_key(&key, 1, id);
	start_walk(reader, RBAC_TENANT_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_TENANT_BY_ID);
	if (slot == NULL)
		return false;
	if (is_active)
		*is_active = slot_bool(slot, Anum_tenants_is_active);
	if (key_name)
		*key_name = slot_text(slot, Anum_tenants_key);
	return true;
}

bool
rbac_read_tenant_id(RbacReader *reader, const char *key, int length, pg_uuid_t *id)
{
	ScanKeyData scan_key;
	TupleTableSlot *slot;
	bool		isnull;

	text_key(&scan_key, 1, key, length);
	start_walk(reader, RBAC_TENANT_BY_KEY, &scan_key, 1);
	slot = next_row(reader, RBAC_TENANT_BY_KEY);
	if (slot == NULL)
		return false;
	*id = slot_uuid(slot, Anum_tenants_id, &isnull);
	return true;
}

static void
fill_department(TupleTableSlot *slot, RbacDepartment *department)
{
	bool		isnull;

	department->id = slot_uuid(slot, Anum_departments_id, &isnull);
	department->tenant_id = slot_uuid(slot, Anum_departments_tenant_id, &isnull);
	department->parent_id = slot_uuid(slot, Anum_departments_parent_id, &isnull);
	department->has_parent = !isnull;
}

bool
rbac_read_department(RbacReader *reader, const pg_uuid_t *id,
					 RbacDepartment *department, char **name)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	uuid_key(&key, 1, id);
	start_walk(reader, RBAC_DEPARTMENT_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_DEPARTMENT_BY_ID);
	if (slot == NULL)
		return false;
	if (department)
		fill_department(slot, department);
	if (name)
		*name = slot_text(slot, Anum_departments_name);
	return true;
}

bool
rbac_read_role(RbacReader *reader, int32 id,
			   bool *has_tenant, pg_uuid_t *tenant_id, char **name)
{
	ScanKeyData key;
	TupleTableSlot *slot;
	bool		isnull;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	start_walk(reader, RBAC_ROLE_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_ROLE_BY_ID);
	if (slot == NULL)
		return false;
	if (tenant_id)
	{
		*tenant_id = slot_uuid(slot, Anum_roles_tenant_id, &isnull);
		*has_tenant = !isnull;
	}
	if (name)
		*name = slot_text(slot, Anum_roles_name);
	return true;
}

bool
rbac_read_scope_id(RbacReader *reader, const char *name, int length, int32 *id)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	text_key(&key, 1, name, length);
	start_walk(reader, RBAC_SCOPE_BY_NAME, &key, 1);
	slot = next_row(reader, RBAC_SCOPE_BY_NAME);
	if (slot == NULL)
		return false;
	*id = slot_int32(slot, Anum_scopes_id);
	return true;
}

/* NULL if there is none. */
char *
rbac_read_scope_name(RbacReader *reader, int32 id)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	start_walk(reader, RBAC_SCOPE_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_SCOPE_BY_ID);
	return slot ? slot_text(slot, Anum_scopes_name) : NULL;
}

/* NULL if there is none. */
char *
rbac_read_permission_name(RbacReader *reader, int32 id)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	start_walk(reader, RBAC_PERMISSION_BY_ID, &key, 1);
	slot = next_row(reader, RBAC_PERMISSION_BY_ID);
	return slot ? slot_text(slot, Anum_permissions_name) : NULL;
}

static bool
visit_assignment(TupleTableSlot *slot, RbacAssignmentVisitor visit, void *arg)
{
	RbacAssignment assignment;
	bool		isnull;

	assignment.user_id = slot_uuid(slot, Anum_user_roles_user_id, &isnull);
	assignment.role_id = slot_int32(slot, Anum_user_roles_role_id);
	assignment.tenant_id = slot_uuid(slot, Anum_user_roles_tenant_id, &isnull);
	assignment.everywhere = isnull;
	assignment.department_id = slot_uuid(slot, Anum_user_roles_department_id, &isnull);
	assignment.whole_tenant = isnull;
	assignment.valid_from = slot_timestamp(slot, Anum_user_roles_valid_from, DT_NOBEGIN);
	assignment.valid_until = slot_timestamp(slot, Anum_user_roles_valid_until, DT_NOEND);
	return visit(&assignment, arg);
}

/* All assignments of a user, valid now or not, in no promised order. */
void
rbac_visit_assignments(RbacReader *reader, const pg_uuid_t *user_id,
					   RbacAssignmentVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;
	Relation	table = open_table(reader, RBAC_USER_ROLES);
	Relation	index = open_index(RBAC_ASSIGNMENTS_BY_USER);
	IndexScanDesc scan = rbac_index_beginscan(table, index, reader->snapshot, 1);

	/* A scan of its own: the kept one has two keys. */
	uuid_key(&key, 1, user_id);
	index_rescan(scan, &key, 1, NULL, 0);
	slot = reader->slot[RBAC_USER_ROLES];
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		if (!visit_assignment(slot, visit, arg))
			break;
	}
	index_endscan(scan);
	index_close(index, AccessShareLock);
}

/*
 * A user's assignments that name this tenant (tenant_id NULL: those for every
 * tenant), valid now or not.
 */
void
rbac_visit_assignments_in(RbacReader *reader, const pg_uuid_t *user_id,
						  const pg_uuid_t *tenant_id,
						  RbacAssignmentVisitor visit, void *arg)
{
	ScanKeyData keys[MAX_KEYS];
	TupleTableSlot *slot;

	uuid_key(&keys[0], 1, user_id);
	uuid_key(&keys[1], 2, tenant_id);
	start_walk(reader, RBAC_ASSIGNMENTS_BY_USER, keys, 2);
	while ((slot = next_row(reader, RBAC_ASSIGNMENTS_BY_USER)) != NULL)
	{
		if (!visit_assignment(slot, visit, arg))
			break;
	}
}

/*
 * The roles that are assigned in a tenant (tenant_id NULL: in every tenant), to
 * whomever, valid now or not; each once, ascending.  The visitor may walk
 * assignments.
 */
void
rbac_visit_assigned_roles(RbacReader *reader, const pg_uuid_t *tenant_id,
						  RbacIdVisitor visit, void *arg)
{
	ScanKeyData keys[MAX_KEYS];
	TupleTableSlot *slot;
	int32		role_id = PG_INT32_MIN;

	uuid_key(&keys[0], 1, tenant_id);
	for (;;)
	{
		/* past all assignments of the last role at once */
		ScanKeyInit(&keys[1], 2, BTGreaterStrategyNumber, F_INT4GT, Int32GetDatum(role_id));
		start_walk(reader, RBAC_ASSIGNMENTS_BY_TENANT, keys, 2);
		slot = next_row(reader, RBAC_ASSIGNMENTS_BY_TENANT);
		if (slot == NULL)
			break;
		role_id = slot_int32(slot, Anum_user_roles_role_id);
		if (!visit(role_id, arg))
			break;
	}
}

/*
 * All assignments of a role in a tenant (tenant_id NULL: in every tenant),
 * valid now or not, in no promised order.
 */
void
rbac_visit_assignments_of_role(RbacReader *reader, const pg_uuid_t *tenant_id, int32 role_id,
							   RbacAssignmentVisitor visit, void *arg)
{
	ScanKeyData keys[MAX_KEYS];
	TupleTableSlot *slot;

	uuid_key(&keys[0], 1, tenant_id);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(role_id));
	start_walk(reader, RBAC_ASSIGNMENTS_BY_TENANT, keys, 2);
	while ((slot = next_row(reader, RBAC_ASSIGNMENTS_BY_TENANT)) != NULL)
	{
		if (!visit_assignment(slot, visit, arg))
			break;
	}
}

/* Every tenant, active or not, in no promised order. */
void
rbac_visit_tenants(RbacReader *reader, RbacTenantVisitor visit, void *arg)
{
	Relation	table = open_table(reader, RBAC_TENANTS);
	TupleTableSlot *slot = reader->slot[RBAC_TENANTS];
	TableScanDesc scan = table_beginscan(table, reader->snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		pg_uuid_t	id = slot_uuid(slot, Anum_tenants_id, &isnull);

		if (!visit(&id, slot_bool(slot, Anum_tenants_is_active), arg))
			break;
	}
	table_endscan(scan);
}

/* Every user, active or not, in no promised order. */
void
rbac_visit_users(RbacReader *reader, RbacUserVisitor visit, void *arg)
{
	Relation	table = open_table(reader, RBAC_USERS);
	TupleTableSlot *slot = reader->slot[RBAC_USERS];
	TableScanDesc scan = table_beginscan(table, reader->snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		pg_uuid_t	id = slot_uuid(slot, Anum_users_id, &isnull);

		if (!visit(&id, arg))
			break;
	}
	table_endscan(scan);
}

/* Every department, in no promised order. */
void
rbac_visit_departments(RbacReader *reader, RbacDepartmentVisitor visit, void *arg)
{
	Relation	table = open_table(reader, RBAC_DEPARTMENTS);
	TupleTableSlot *slot = reader->slot[RBAC_DEPARTMENTS];
	TableScanDesc scan = table_beginscan(table, reader->snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		RbacDepartment department;

		fill_department(slot, &department);
		if (!visit(&department, arg))
			break;
	}
	table_endscan(scan);
}

/* Collects first, so that the visitor may walk the same path again. */
static void
visit_departments_along(RbacReader *reader, RbacPath path, const pg_uuid_t *value,
						RbacDepartmentVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;
	List	   *found = NIL;
	ListCell   *cell;

	uuid_key(&key, 1, value);
	start_walk(reader, path, &key, 1);
	while ((slot = next_row(reader, path)) != NULL)
	{
		RbacDepartment *department = palloc(sizeof(RbacDepartment));

		fill_department(slot, department);
		found = lappend(found, department);
	}
	foreach(cell, found)
	{
		if (!visit(lfirst(cell), arg))
			break;
	}
	list_free_deep(found);
}

/* The departments of a tenant. */
void
rbac_visit_departments_of(RbacReader *reader, const pg_uuid_t *tenant_id,
						  RbacDepartmentVisitor visit, void *arg)
{
	visit_departments_along(reader, RBAC_DEPARTMENTS_BY_TENANT, tenant_id, visit, arg);
}

/* The departments directly below one; the visitor may descend. */
void
rbac_visit_subdepartments(RbacReader *reader, const pg_uuid_t *parent_id,
						  RbacDepartmentVisitor visit, void *arg)
{
	visit_departments_along(reader, RBAC_DEPARTMENTS_BY_PARENT, parent_id, visit, arg);
}

/* Every scope; name is good until the visitor returns. */
void
rbac_visit_scopes(RbacReader *reader, RbacScopeVisitor visit, void *arg)
{
	Relation	table = open_table(reader, RBAC_SCOPES);
	TupleTableSlot *slot = reader->slot[RBAC_SCOPES];
	TableScanDesc scan = table_beginscan(table, reader->snapshot, 0, NULL);

	while (table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		char	   *name = slot_text(slot, Anum_scopes_name);
		bool		go_on = visit(slot_int32(slot, Anum_scopes_id), name, arg);

		pfree(name);
		if (!go_on)
			break;
	}
	table_endscan(scan);
}

/*
 * The roles of a tenant (tenant_id NULL: those that every tenant shares), by
 * name; name is good until the visitor returns.  The visitor may read roles.
 */
void
rbac_visit_roles_of(RbacReader *reader, const pg_uuid_t *tenant_id,
					RbacRoleVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	uuid_key(&key, 1, tenant_id);
	start_walk(reader, RBAC_ROLES_BY_TENANT, &key, 1);
	while ((slot = next_row(reader, RBAC_ROLES_BY_TENANT)) != NULL)
	{
		char	   *name = slot_text(slot, Anum_roles_name);
		bool		go_on = visit(slot_int32(slot, Anum_roles_id), name, arg);

		pfree(name);
		if (!go_on)
			break;
	}
}

/*
 * The tenants that a row belongs to now, or did: of every version of it that is
 * still there, whoever may see it, one that this transaction has deleted
 * included.  False if there is none.  by_id: of a table whose rows have a
 * tenant_id.
 */
bool
rbac_visit_tenants_ever(RbacPath by_id, int32 id, RbacOwnerVisitor visit, void *arg)
{
	Relation	table = table_open(rbac_catalog()->table[path_table[by_id]], AccessShareLock);
	AttrNumber	column = get_attnum(RelationGetRelid(table), "tenant_id");
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	if (column == InvalidAttrNumber)
	{
		table_close(table, AccessShareLock);
		return false;
	}
	/* such tables have their id in front */
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(id));
	scan = systable_beginscan(table, rbac_catalog()->index[by_id], true, SnapshotAny, 1, &key);
	while ((tuple = systable_getnext(scan)) != NULL)
	{
		bool		isnull;
		Datum		tenant_id = heap_getattr(tuple, column, RelationGetDescr(table), &isnull);

		found = true;
		if (!visit(isnull ? NULL : DatumGetUUIDP(tenant_id), arg))
			break;
	}
	systable_endscan(scan);
	table_close(table, AccessShareLock);
	return found;
}

/* The roles that a role inherits directly. */
void
rbac_visit_juniors(RbacReader *reader, int32 role_id, RbacIdVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(role_id));
	start_walk(reader, RBAC_JUNIORS_BY_ROLE, &key, 1);
	while ((slot = next_row(reader, RBAC_JUNIORS_BY_ROLE)) != NULL)
	{
		if (!visit(slot_int32(slot, Anum_role_inherits_inherits_role_id), arg))
			break;
	}
}

static void
conflict_kind_key(ScanKey key, const char *kind)
{
	ScanKeyEntryInitialize(key, 0, 1, BTEqualStrategyNumber, InvalidOid,
						   DEFAULT_COLLATION_OID, F_TEXTEQ,
						   CStringGetTextDatum(kind));
}

/* Do any two roles exclude each other in this way ("static" or "dynamic")? */
bool
rbac_read_any_conflict(RbacReader *reader, const char *kind)
{
	ScanKeyData key;

	conflict_kind_key(&key, kind);
	start_walk(reader, RBAC_CONFLICTS_BY_KIND, &key, 1);
	return next_row(reader, RBAC_CONFLICTS_BY_KIND) != NULL;
}

/*
 * The roles of larger ids that a role excludes in one way ("static" or
 * "dynamic").  Who looks from every role of a set finds all pairs within it.
 * The visitor must not look for conflicts itself.
 */
void
rbac_visit_conflicts_of(RbacReader *reader, const char *kind, int32 role_a,
						RbacIdVisitor visit, void *arg)
{
	ScanKeyData keys[MAX_KEYS];
	TupleTableSlot *slot;

	conflict_kind_key(&keys[0], kind);
	ScanKeyInit(&keys[1], 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(role_a));
	start_walk(reader, RBAC_CONFLICTS_BY_ROLE, keys, 2);
	while ((slot = next_row(reader, RBAC_CONFLICTS_BY_ROLE)) != NULL)
	{
		if (!visit(slot_int32(slot, Anum_role_conflicts_role_b), arg))
			break;
	}
}

/* The permissions that a role has of itself, ascending. */
void
rbac_visit_role_permissions(RbacReader *reader, int32 role_id, RbacIdVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(role_id));
	start_walk(reader, RBAC_PERMISSIONS_BY_ROLE, &key, 1);
	while ((slot = next_row(reader, RBAC_PERMISSIONS_BY_ROLE)) != NULL)
	{
		if (!visit(slot_int32(slot, Anum_role_permissions_permission_id), arg))
			break;
	}
}

/*
 * The scopes of many permissions, given in ascending order.
 *
 * Finding a place in the index costs as much as reading several rows, and the
 * permissions of a role tend to have been made together.  So neighbours are
 * read in one range, along with the few rows between them, which are skipped.
 */
void
rbac_visit_permission_scopes(RbacReader *reader, const int32 *sorted_permissions, int n,
							 RbacIdVisitor visit, void *arg)
{
	const int	worth_a_new_start = 6;
	int			i = 0;

	while (i < n)
	{
		ScanKeyData keys[MAX_KEYS];
		TupleTableSlot *slot;
		int			first = i;
		int			at = i;

		while (i + 1 < n && sorted_permissions[i + 1] - sorted_permissions[i] <= worth_a_new_start)
			i++;

		ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_INT4GE,
					Int32GetDatum(sorted_permissions[first]));
		ScanKeyInit(&keys[1], 1, BTLessEqualStrategyNumber, F_INT4LE,
					Int32GetDatum(sorted_permissions[i]));
		start_walk(reader, RBAC_SCOPES_BY_PERMISSION, keys, 2);
		while ((slot = next_row(reader, RBAC_SCOPES_BY_PERMISSION)) != NULL)
		{
			int32		permission = slot_int32(slot, Anum_permission_scopes_permission_id);

			while (sorted_permissions[at] < permission)
				at++;
			if (sorted_permissions[at] != permission)
				continue;
			if (!visit(slot_int32(slot, Anum_permission_scopes_scope_id), arg))
				return;
		}
		i++;
	}
}

/* The permissions that carry a scope, ascending. */
void
rbac_visit_permissions_with_scope(RbacReader *reader, int32 scope_id,
								  RbacIdVisitor visit, void *arg)
{
	ScanKeyData key;
	TupleTableSlot *slot;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(scope_id));
	start_walk(reader, RBAC_PERMISSIONS_BY_SCOPE, &key, 1);
	while ((slot = next_row(reader, RBAC_PERMISSIONS_BY_SCOPE)) != NULL)
	{
		if (!visit(slot_int32(slot, Anum_permission_scopes_permission_id), arg))
			break;
	}
}

/*
 * For the readers of rooms above, which know the columns of their own tables
 * (walk.h).
 */
void
rbac_walk_start(RbacReader *reader, RbacPath path, ScanKey keys, int nkeys)
{
	start_walk(reader, path, keys, nkeys);
}

TupleTableSlot *
rbac_walk_next(RbacReader *reader, RbacPath path)
{
	return next_row(reader, path);
}

void
rbac_key_text(ScanKey key, AttrNumber index_column, const char *value)
{
	text_key(key, index_column, value, strlen(value));
}

void
rbac_key_uuid(ScanKey key, AttrNumber index_column, const pg_uuid_t *value)
{
	uuid_key(key, index_column, value);
}

void
rbac_key_int32(ScanKey key, AttrNumber index_column, int32 value)
{
	ScanKeyInit(key, index_column, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(value));
}

bool
rbac_slot_uuid(TupleTableSlot *slot, AttrNumber column, pg_uuid_t *value)
{
	bool		isnull;

	*value = slot_uuid(slot, column, &isnull);
	return !isnull;
}

bool
rbac_slot_int32(TupleTableSlot *slot, AttrNumber column, int32 *value)
{
	bool		isnull;
	Datum		datum = slot_getattr(slot, column, &isnull);

	*value = isnull ? 0 : DatumGetInt32(datum);
	return !isnull;
}

bool
rbac_slot_bool(TupleTableSlot *slot, AttrNumber column)
{
	return slot_bool(slot, column);
}

char *
rbac_slot_text(TupleTableSlot *slot, AttrNumber column)
{
	return slot_text(slot, column);
}
