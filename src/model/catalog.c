/*
 * catalog.c
 *		Where our tables are.
 *
 * Keeps, for the backend's life, the oids of our tables and of the indexes
 * that decisions walk.  Whatever changes them (DDL, REINDEX CONCURRENTLY,
 * DROP EXTENSION, a lost invalidation queue) arrives as a relcache message and
 * makes the next caller look them up anew.  No locks: who opens a table by one
 * of these oids takes its lock and is told of a change as it does.
 *
 * The version of the SQL objects is compared with the library's here, because
 * every way into our tables comes by: a library that finds itself with another
 * version's tables must not answer at all.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "model/model.h"

#define RBAC_SCHEMA "rbac"

static const char *const table_names[RBAC_NUM_TABLES] = {
	[RBAC_TENANTS] = "tenants",
	[RBAC_USERS] = "users",
	[RBAC_DEPARTMENTS] = "departments",
	[RBAC_PERMISSION_OBJECTS] = "permission_objects",
	[RBAC_PERMISSION_ACTIONS] = "permission_actions",
	[RBAC_SCOPES] = "scopes",
	[RBAC_PERMISSIONS] = "permissions",
	[RBAC_PERMISSION_SCOPES] = "permission_scopes",
	[RBAC_ROLES] = "roles",
	[RBAC_ROLE_PERMISSIONS] = "role_permissions",
	[RBAC_ROLE_INHERITS] = "role_inherits",
	[RBAC_ROLE_CONFLICTS] = "role_conflicts",
	[RBAC_USER_ROLES] = "user_roles",
	[RBAC_WORKFLOW_STATUSES] = "workflow_statuses",
	[RBAC_WORKFLOWS] = "workflows",
	[RBAC_TASK_TYPES] = "task_types",
	[RBAC_WORKFLOW_TRANSITIONS] = "workflow_transitions",
};

static const char *const index_names[RBAC_NUM_PATHS] = {
	[RBAC_TENANT_BY_ID] = "tenants_pkey",
	[RBAC_TENANT_BY_KEY] = "tenant_key_is_unique",
	[RBAC_USER_BY_ID] = "users_pkey",
	[RBAC_DEPARTMENT_BY_ID] = "departments_pkey",
	[RBAC_DEPARTMENTS_BY_TENANT] = "department_name_is_unique_in_its_tenant",
	[RBAC_DEPARTMENTS_BY_PARENT] = "departments_parent_id",
	[RBAC_SCOPE_BY_ID] = "scopes_pkey",
	[RBAC_SCOPE_BY_NAME] = "scope_name_is_unique",
	[RBAC_PERMISSION_BY_ID] = "permissions_pkey",
	[RBAC_SCOPES_BY_PERMISSION] = "permission_scopes_pkey",
	[RBAC_PERMISSIONS_BY_SCOPE] = "permission_scopes_scope_id",
	[RBAC_ROLE_BY_ID] = "roles_pkey",
	[RBAC_ROLES_BY_TENANT] = "role_name_is_unique_in_its_tenant",
	[RBAC_PERMISSIONS_BY_ROLE] = "role_permissions_pkey",
	[RBAC_JUNIORS_BY_ROLE] = "role_inherits_pkey",
	[RBAC_CONFLICTS_BY_KIND] = "role_conflicts_pkey",
	[RBAC_CONFLICTS_BY_ROLE] = "role_conflicts_pkey",
	[RBAC_ASSIGNMENTS_BY_USER] = "role_is_assigned_once_for_a_period",
	[RBAC_ASSIGNMENTS_BY_TENANT] = "user_roles_tenant_id",
	[RBAC_STATUS_BY_ID] = "workflow_statuses_pkey",
	[RBAC_WORKFLOW_BY_ID] = "workflows_pkey",
	[RBAC_WORKFLOW_BY_NAME] = "workflow_name_is_unique_in_its_tenant",
	[RBAC_TASK_TYPE_BY_ID] = "task_types_pkey",
	[RBAC_TRANSITIONS_BY_WORKFLOW] = "workflow_transitions_workflow_id",
};

static RbacCatalog catalog;
static bool catalog_is_valid = false;
static uint64 catalog_serial = 0;

static void catalog_changed(Datum arg, Oid relid);
static void check_version(void);
static Oid	find_relation(Oid namespace, const char *name, bool is_above);

void
rbac_model_init(void)
{
	CacheRegisterRelcacheCallback(catalog_changed, (Datum) 0);
	rbac_foreign_code_init();
	rbac_sync_init();
}

/*
 * The oids as they are now.  The result stays readable for ever, but is only
 * right until the next message is accepted; ask again rather than keep it.
 *
 * Raises 55000 if the extension is missing or of another version.
 */
const RbacCatalog *
rbac_catalog(void)
{
	RbacCatalog found;
	HeapTuple	tuple;
	bool		is_complete = true;

	if (likely(catalog_is_valid))
		return &catalog;

	check_version();

	found.namespace = get_namespace_oid(RBAC_SCHEMA, false);
	for (int i = 0; i < RBAC_NUM_TABLES; i++)
	{
		found.table[i] = find_relation(found.namespace, table_names[i], i >= RBAC_FIRST_TABLE_ABOVE);
		is_complete &= OidIsValid(found.table[i]);
	}
	for (int i = 0; i < RBAC_NUM_PATHS; i++)
	{
		found.index[i] = find_relation(found.namespace, index_names[i], i >= RBAC_FIRST_PATH_ABOVE);
		is_complete &= OidIsValid(found.index[i]);
	}

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(found.table[RBAC_USER_ROLES]));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", found.table[RBAC_USER_ROLES]);
	found.owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);

	/*
	 * A message accepted while we looked may have been about what we had
	 * already found, and its callback could not know.  Publish first, so that
	 * the callback knows our relations from here on, then look once more.
	 */
	if (memcmp(&found, &catalog, sizeof(found)) != 0)
	{
		catalog = found;
		return rbac_catalog();
	}

	/* what is not there yet cannot say that it has come */
	catalog_is_valid = is_complete;
	return &catalog;
}

/* For messages. */
const char *
rbac_table_name(RbacTable table)
{
	return table_names[table];
}

/* Is this one of our tables or indexes, as far as this backend knows? */
bool
rbac_catalog_is_ours(Oid relid)
{
	for (int i = 0; i < RBAC_NUM_TABLES; i++)
	{
		if (catalog.table[i] == relid)
			return true;
	}
	for (int i = 0; i < RBAC_NUM_PATHS; i++)
	{
		if (catalog.index[i] == relid)
			return true;
	}
	return false;
}

/*
 * Moves whenever our tables may have changed, triggers included, for those who
 * keep what follows from them.
 */
uint64
rbac_catalog_serial(void)
{
	return catalog_serial;
}

/* Flags only: it may run in an aborted transaction. */
static void
catalog_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || rbac_catalog_is_ours(relid))
	{
		catalog_is_valid = false;
		catalog_serial++;
	}
}

/*
 * The scripts of the rooms above run after ours, and what ours does already
 * comes by here.
 */
static Oid
find_relation(Oid namespace, const char *name, bool is_above)
{
	Oid			relid = get_relname_relid(name, namespace);

	if (!OidIsValid(relid) && !(is_above && creating_extension))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("relation \"%s.%s\" of extension \"rbac\" is missing", RBAC_SCHEMA, name),
				 errhint("It was dropped or renamed by hand; give it its name back, or restore the extension from a dump.")));
	return relid;
}

/* The version of the SQL objects; NULL if there are none in this database. */
char *
rbac_extension_version(void)
{
	Relation	extensions;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *version = NULL;

	extensions = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_extname,
				BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum("rbac"));
	scan = systable_beginscan(extensions, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		datum = heap_getattr(tuple, Anum_pg_extension_extversion,
										 RelationGetDescr(extensions), &isnull);

		if (!isnull)
			version = TextDatumGetCString(datum);
	}
	systable_endscan(scan);
	table_close(extensions, AccessShareLock);
	return version;
}

/*
 * The library and the tables must be of one version: after a package upgrade
 * the library is new at once, the tables only after ALTER EXTENSION.
 */
static void
check_version(void)
{
	char	   *version = rbac_extension_version();

	if (version == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"rbac\" is not installed in this database"),
				 errhint("Run CREATE EXTENSION rbac.")));
	if (strcmp(version, RBAC_VERSION) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("extension \"rbac\" is of version %s, but its library is of version %s",
						version, RBAC_VERSION),
				 errdetail("Nothing is answered while they differ."),
				 errhint("Run ALTER EXTENSION rbac UPDATE, or restart the server if it was started with an older library.")));
}
