/*
 * model.h
 *		The door of the room "model": the tables, and reading them.
 *
 * No other room knows the tables' columns from C.
 */
#ifndef RBAC_MODEL_H
#define RBAC_MODEL_H

#include "access/relscan.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"
#include "utils/snapshot.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * A scope's id is its place in sets of scopes, so it must stay small.
 */
#define RBAC_MAX_SCOPE_ID 131071

/* A chain of departments longer than this is taken for a cycle. */
#define RBAC_MAX_DEPARTMENT_DEPTH 1000

/* Ids below this one belong to what the extension itself seeds. */
#define RBAC_FIRST_USER_ID 100

/*
 * catalog.c: where our tables are.
 */
typedef enum RbacTable
{
	RBAC_TENANTS,
	RBAC_USERS,
	RBAC_DEPARTMENTS,
	RBAC_PERMISSION_OBJECTS,
	RBAC_PERMISSION_ACTIONS,
	RBAC_SCOPES,
	RBAC_PERMISSIONS,
	RBAC_PERMISSION_SCOPES,
	RBAC_ROLES,
	RBAC_ROLE_PERMISSIONS,
	RBAC_ROLE_INHERITS,
	RBAC_ROLE_CONFLICTS,
	RBAC_USER_ROLES,
	/* of the room "workflow", whose columns are its own affair */
	RBAC_WORKFLOW_STATUSES,
	RBAC_WORKFLOWS,
	RBAC_TASK_TYPES,
	RBAC_WORKFLOW_TRANSITIONS
} RbacTable;

#define RBAC_NUM_TABLES (RBAC_WORKFLOW_TRANSITIONS + 1)
#define RBAC_FIRST_TABLE_ABOVE RBAC_WORKFLOW_STATUSES

/* Each way in which a decision, or a rule, looks into a table. */
typedef enum RbacPath
{
	RBAC_TENANT_BY_ID,
	RBAC_TENANT_BY_KEY,
	RBAC_USER_BY_ID,
	RBAC_DEPARTMENT_BY_ID,
	RBAC_DEPARTMENTS_BY_TENANT,
	RBAC_DEPARTMENTS_BY_PARENT,
	RBAC_SCOPE_BY_ID,
	RBAC_SCOPE_BY_NAME,
	RBAC_PERMISSION_BY_ID,
	RBAC_SCOPES_BY_PERMISSION,
	RBAC_PERMISSIONS_BY_SCOPE,
	RBAC_ROLE_BY_ID,
	RBAC_ROLES_BY_TENANT,
	RBAC_PERMISSIONS_BY_ROLE,
	RBAC_JUNIORS_BY_ROLE,
	RBAC_CONFLICTS_BY_KIND,
	RBAC_CONFLICTS_BY_ROLE,
	RBAC_ASSIGNMENTS_BY_USER,
	RBAC_ASSIGNMENTS_BY_TENANT,
	RBAC_STATUS_BY_ID,
	RBAC_WORKFLOW_BY_ID,
	RBAC_WORKFLOW_BY_NAME,
	RBAC_TASK_TYPE_BY_ID,
	RBAC_TRANSITIONS_BY_WORKFLOW
} RbacPath;

#define RBAC_NUM_PATHS (RBAC_TRANSITIONS_BY_WORKFLOW + 1)
#define RBAC_FIRST_PATH_ABOVE RBAC_STATUS_BY_ID

typedef struct RbacCatalog
{
	Oid			namespace;
	Oid			owner;			/* of the tables */
	/* InvalidOid: of a room that CREATE EXTENSION has not come to yet */
	Oid			table[RBAC_NUM_TABLES];
	Oid			index[RBAC_NUM_PATHS];
} RbacCatalog;

extern void rbac_model_init(void);
extern const RbacCatalog *rbac_catalog(void);
extern const char *rbac_table_name(RbacTable table);
extern char *rbac_extension_version(void);
extern bool rbac_catalog_is_ours(Oid relid);
extern uint64 rbac_catalog_serial(void);

/*
 * sync.c: are the tables whole, if a subscription fills them?
 */
extern void rbac_sync_init(void);
extern bool rbac_model_in_sync(void);
extern bool rbac_model_is_subscribed(void);

/*
 * read.c: reading the tables by index, under one fresh snapshot.
 *
 * Everything is returned in the memory context that is current.
 */
typedef struct RbacReader RbacReader;

typedef struct RbacAssignment
{
	pg_uuid_t	user_id;
	int32		role_id;
	bool		everywhere;		/* tenant_id is NULL */
	bool		whole_tenant;	/* department_id is NULL */
	pg_uuid_t	tenant_id;
	pg_uuid_t	department_id;
	TimestampTz valid_from;		/* DT_NOBEGIN if always */
	TimestampTz valid_until;	/* DT_NOEND if forever */
} RbacAssignment;

typedef struct RbacDepartment
{
	pg_uuid_t	id;
	pg_uuid_t	tenant_id;
	pg_uuid_t	parent_id;
	bool		has_parent;
} RbacDepartment;

/* Called for each row that is found; returns false to see no more. */
typedef bool (*RbacAssignmentVisitor) (const RbacAssignment *assignment, void *arg);
typedef bool (*RbacDepartmentVisitor) (const RbacDepartment *department, void *arg);
typedef bool (*RbacUserVisitor) (const pg_uuid_t *id, void *arg);
typedef bool (*RbacTenantVisitor) (const pg_uuid_t *id, bool is_active, void *arg);
typedef bool (*RbacScopeVisitor) (int32 id, const char *name, void *arg);
typedef bool (*RbacRoleVisitor) (int32 id, const char *name, void *arg);
typedef bool (*RbacIdVisitor) (int32 id, void *arg);
/* tenant_id is NULL for what every tenant shares */
typedef bool (*RbacOwnerVisitor) (const pg_uuid_t *tenant_id, void *arg);

extern RbacReader *rbac_read_begin_lazily(void);
extern RbacReader *rbac_read_begin_at(Snapshot snapshot);
extern RbacReader *rbac_read_begin(void);
extern void rbac_read_end(RbacReader *reader);
extern Snapshot rbac_reader_snapshot(const RbacReader *reader);
extern Snapshot rbac_fresh_snapshot(void);
extern bool rbac_reader_in_sync(const RbacReader *reader);

/* For messages about what has no name, or is not there. */
extern char *rbac_uuid_text(const pg_uuid_t *uuid);

extern bool rbac_read_user(RbacReader *reader, const pg_uuid_t *id,
						   bool *is_active, char **username);
extern bool rbac_read_tenant(RbacReader *reader, const pg_uuid_t *id,
							 bool *is_active, char **key);
extern bool rbac_read_tenant_id(RbacReader *reader, const char *key, int length, pg_uuid_t *id);
extern bool rbac_read_department(RbacReader *reader, const pg_uuid_t *id,
								 RbacDepartment *department, char **name);
extern bool rbac_read_role(RbacReader *reader, int32 id,
						   bool *has_tenant, pg_uuid_t *tenant_id, char **name);
extern bool rbac_read_scope_id(RbacReader *reader, const char *name, int length, int32 *id);
extern char *rbac_read_scope_name(RbacReader *reader, int32 id);
extern char *rbac_read_permission_name(RbacReader *reader, int32 id);

extern void rbac_visit_assignments(RbacReader *reader, const pg_uuid_t *user_id,
								   RbacAssignmentVisitor visit, void *arg);
extern void rbac_visit_assignments_in(RbacReader *reader, const pg_uuid_t *user_id,
									  const pg_uuid_t *tenant_id,
									  RbacAssignmentVisitor visit, void *arg);
extern void rbac_visit_assigned_roles(RbacReader *reader, const pg_uuid_t *tenant_id,
									  RbacIdVisitor visit, void *arg);
extern void rbac_visit_assignments_of_role(RbacReader *reader, const pg_uuid_t *tenant_id,
										   int32 role_id,
										   RbacAssignmentVisitor visit, void *arg);
extern void rbac_visit_tenants(RbacReader *reader, RbacTenantVisitor visit, void *arg);
extern void rbac_visit_users(RbacReader *reader, RbacUserVisitor visit, void *arg);
extern void rbac_visit_departments(RbacReader *reader,
								   RbacDepartmentVisitor visit, void *arg);
extern void rbac_visit_departments_of(RbacReader *reader, const pg_uuid_t *tenant_id,
									  RbacDepartmentVisitor visit, void *arg);
extern void rbac_visit_subdepartments(RbacReader *reader, const pg_uuid_t *parent_id,
									  RbacDepartmentVisitor visit, void *arg);
extern void rbac_visit_scopes(RbacReader *reader, RbacScopeVisitor visit, void *arg);
extern void rbac_visit_roles_of(RbacReader *reader, const pg_uuid_t *tenant_id,
								RbacRoleVisitor visit, void *arg);
extern bool rbac_visit_tenants_ever(RbacPath by_id, int32 id,
									RbacOwnerVisitor visit, void *arg);
extern void rbac_visit_juniors(RbacReader *reader, int32 role_id,
							   RbacIdVisitor visit, void *arg);
extern bool rbac_read_any_conflict(RbacReader *reader, const char *kind);
extern void rbac_visit_conflicts_of(RbacReader *reader, const char *kind, int32 role_a,
									RbacIdVisitor visit, void *arg);
extern void rbac_visit_role_permissions(RbacReader *reader, int32 role_id,
										RbacIdVisitor visit, void *arg);
extern void rbac_visit_permission_scopes(RbacReader *reader,
										 const int32 *sorted_permissions, int n,
										 RbacIdVisitor visit, void *arg);
extern void rbac_visit_permissions_with_scope(RbacReader *reader, int32 scope_id,
											  RbacIdVisitor visit, void *arg);

/*
 * revisions.c: the marks that say how far a replica has come.
 */
extern Oid	rbac_revisions_table(void);
extern bool rbac_revision_is_visible(int64 revision);

/*
 * hierarchy_lock.c: who waits for whom while roles change their meaning.
 */
extern void rbac_lock_to_inherit(int32 senior_id);
extern void rbac_lock_to_exclude(int32 role_a, int32 role_b);
extern void rbac_lock_to_assign(const pg_uuid_t *tenant_id);

/*
 * foreign_code.c: triggers of others on our tables.
 */
extern void rbac_foreign_code_init(void);
extern void rbac_refuse_foreign_triggers(void);
extern void rbac_refuse_foreign_triggers_on(Oid relid);

/*
 * query.c: SQL of our own, as the owner of the tables.
 */
extern uint64 rbac_fresh_query(const char *sql, int nargs, Oid *argtypes,
							   Datum *values, const char *nulls, long limit);
extern uint64 rbac_owner_execute(const char *sql, int nargs, Oid *argtypes,
								 Datum *values, const char *nulls);

#endif							/* RBAC_MODEL_H */
