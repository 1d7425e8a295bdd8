/*
 * meaning.c
 *		What roles and permissions mean: which permission carries which scopes,
 *		which role has which permissions, inherits and excludes which roles.
 *
 * Each change is a link between two rows.  A link that is there already is
 * refused as 42710, one that is not there cannot be removed (42704): who
 * believes to have changed something must not be mistaken.
 */
#include "postgres.h"

#include "fmgr.h"

#include "admin/authority.h"
#include "admin/call.h"
#include "admin/lookup.h"
#include "admin/statement.h"

PG_FUNCTION_INFO_V1(rbac_add_permission_scope);
PG_FUNCTION_INFO_V1(rbac_remove_permission_scope);
PG_FUNCTION_INFO_V1(rbac_grant_permission_by_name);
PG_FUNCTION_INFO_V1(rbac_grant_permission_by_id);
PG_FUNCTION_INFO_V1(rbac_revoke_permission_by_name);
PG_FUNCTION_INFO_V1(rbac_revoke_permission_by_id);
PG_FUNCTION_INFO_V1(rbac_add_role_inheritance_by_name);
PG_FUNCTION_INFO_V1(rbac_add_role_inheritance_by_id);
PG_FUNCTION_INFO_V1(rbac_remove_role_inheritance_by_name);
PG_FUNCTION_INFO_V1(rbac_remove_role_inheritance_by_id);
PG_FUNCTION_INFO_V1(rbac_add_role_conflict);
PG_FUNCTION_INFO_V1(rbac_remove_role_conflict);

static void
add_link(const char *find, const char *add, RbacArgs link, const char *refusal)
{
	if (rbac_ask(find, &link) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s", refusal)));
	rbac_write(add, &link);
}

static void
remove_link(const char *remove, RbacArgs link, const char *refusal, const char *detail)
{
	if (rbac_write(remove, &link) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%s", refusal),
				 detail ? errdetail("%s", detail) : 0));
}

/* A link between two rows, as $1 and $2 of a statement. */
static RbacArgs
link_of(int32 a, int32 b)
{
	RbacArgs	link = {0};

	rbac_arg_int32(&link, a);
	rbac_arg_int32(&link, b);
	return link;
}

/* add_permission_scope(permission, scope) */
Datum
rbac_add_permission_scope(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 0, "permission");
	char	   *scope = rbac_required_text(fcinfo, 1, "scope");
	int32		permission_id;
	int32		scope_id;

	rbac_begin_call("rbac.add_permission_scope()");
	rbac_authorize_permissions();
	permission_id = rbac_find_permission(permission);
	scope_id = rbac_find_scope(scope);
	rbac_authorize_permission_scope(scope_id);
	add_link("SELECT FROM rbac.permission_scopes WHERE permission_id = $1 AND scope_id = $2",
			 "INSERT INTO rbac.permission_scopes (permission_id, scope_id) VALUES ($1, $2)",
			 link_of(permission_id, scope_id),
			 psprintf("permission \"%s\" already carries scope \"%s\"", permission, scope));
	rbac_end_call();
	PG_RETURN_VOID();
}

/* remove_permission_scope(permission, scope) */
Datum
rbac_remove_permission_scope(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 0, "permission");
	char	   *scope = rbac_required_text(fcinfo, 1, "scope");

	rbac_begin_call("rbac.remove_permission_scope()");
	rbac_authorize_permissions();
	remove_link("DELETE FROM rbac.permission_scopes WHERE permission_id = $1 AND scope_id = $2",
				link_of(rbac_find_permission(permission), rbac_find_scope(scope)),
				psprintf("permission \"%s\" does not carry scope \"%s\"", permission, scope), NULL);
	rbac_end_call();
	PG_RETURN_VOID();
}

static void
grant_permission(RbacRole role, const char *permission)
{
	int32		permission_id;

	rbac_authorize_role_change(role.id);
	permission_id = rbac_find_permission(permission);
	rbac_authorize_role_permission(role.id, permission_id);
	add_link("SELECT FROM rbac.role_permissions WHERE role_id = $1 AND permission_id = $2",
			 "INSERT INTO rbac.role_permissions (role_id, permission_id) VALUES ($1, $2)",
			 link_of(role.id, permission_id),
			 psprintf("role \"%s\" already has permission \"%s\"", role.name, permission));
}

/* The role that lends the permission to this one, for DETAIL; NULL if none does. */
static char *
inherited_from(int32 role_id, int32 permission_id)
{
	RbacArgs	args = {0};

	rbac_arg_int32(&args, role_id);
	rbac_arg_int32(&args, permission_id);
	if (rbac_ask("WITH RECURSIVE below (id) AS ("
				 "SELECT i.inherits_role_id FROM rbac.role_inherits i WHERE i.role_id = $1"
				 " UNION SELECT i.inherits_role_id FROM rbac.role_inherits i JOIN below b ON i.role_id = b.id) "
				 "SELECT r.name FROM below b JOIN rbac.role_permissions p ON p.role_id = b.id"
				 " JOIN rbac.roles r ON r.id = b.id WHERE p.permission_id = $2"
				 " ORDER BY r.name LIMIT 1", &args) == 0)
		return NULL;
	return psprintf("It inherits the permission from role \"%s\".", rbac_get_text(0, 1));
}

static void
revoke_permission(RbacRole role, const char *permission)
{
	int32		permission_id;

	rbac_authorize_role_change(role.id);
	permission_id = rbac_find_permission(permission);
	remove_link("DELETE FROM rbac.role_permissions WHERE role_id = $1 AND permission_id = $2",
				link_of(role.id, permission_id),
				psprintf("role \"%s\" does not have permission \"%s\"", role.name, permission),
				inherited_from(role.id, permission_id));
}

/*
 * Begin a call that names a role and perhaps a tenant.  To be told which roles
 * a tenant has, one must at least manage roles there.
 */
static RbacRole
begin_with_role(const char *function, const char *name, const pg_uuid_t *tenant_id)
{
	RbacPlace	place;

	rbac_begin_call(function);
	place = rbac_find_place(tenant_id, NULL);
	rbac_authorize_roles_at(&place);
	return rbac_find_role(name, tenant_id);
}

/* (role, something, tenant_id) */
static RbacRole
begin_with_role_name(FunctionCallInfo fcinfo, const char *function)
{
	return begin_with_role(function, rbac_required_text(fcinfo, 0, "role"),
						   rbac_optional_uuid(fcinfo, 2));
}

/* (role, something) */
static RbacRole
begin_with_role_id(FunctionCallInfo fcinfo, const char *function)
{
	int32		id = rbac_required_int32(fcinfo, 0, "role");

	rbac_begin_call(function);
	return rbac_find_role_by_id(id);
}

/* grant_permission(role, permission [, tenant_id]) */
Datum
rbac_grant_permission_by_name(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 1, "permission");

	grant_permission(begin_with_role_name(fcinfo, "rbac.grant_permission()"), permission);
	rbac_end_call();
	PG_RETURN_VOID();
}

Datum
rbac_grant_permission_by_id(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 1, "permission");

	grant_permission(begin_with_role_id(fcinfo, "rbac.grant_permission()"), permission);
	rbac_end_call();
	PG_RETURN_VOID();
}

/* revoke_permission(role, permission [, tenant_id]) */
Datum
rbac_revoke_permission_by_name(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 1, "permission");

	revoke_permission(begin_with_role_name(fcinfo, "rbac.revoke_permission()"), permission);
	rbac_end_call();
	PG_RETURN_VOID();
}

Datum
rbac_revoke_permission_by_id(PG_FUNCTION_ARGS)
{
	char	   *permission = rbac_required_text(fcinfo, 1, "permission");

	revoke_permission(begin_with_role_id(fcinfo, "rbac.revoke_permission()"), permission);
	rbac_end_call();
	PG_RETURN_VOID();
}

static void
add_inheritance(RbacRole senior, RbacRole junior)
{
	rbac_authorize_inheritance(senior.id, junior.id);
	if (senior.id == junior.id)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot inherit itself", senior.name)));
	add_link("SELECT FROM rbac.role_inherits WHERE role_id = $1 AND inherits_role_id = $2",
			 "INSERT INTO rbac.role_inherits (role_id, inherits_role_id) VALUES ($1, $2)",
			 link_of(senior.id, junior.id),
			 psprintf("role \"%s\" already inherits role \"%s\"", senior.name, junior.name));
}

static void
remove_inheritance(RbacRole senior, RbacRole junior)
{
	rbac_authorize_role_change(senior.id);
	remove_link("DELETE FROM rbac.role_inherits WHERE role_id = $1 AND inherits_role_id = $2",
				link_of(senior.id, junior.id),
				psprintf("role \"%s\" does not itself inherit role \"%s\"", senior.name, junior.name),
				NULL);
}

/* add_role_inheritance(role, inherits [, tenant_id]) */
Datum
rbac_add_role_inheritance_by_name(PG_FUNCTION_ARGS)
{
	char	   *inherits = rbac_required_text(fcinfo, 1, "inherits");
	RbacRole	senior = begin_with_role_name(fcinfo, "rbac.add_role_inheritance()");

	add_inheritance(senior, rbac_find_role(inherits, rbac_optional_uuid(fcinfo, 2)));
	rbac_end_call();
	PG_RETURN_VOID();
}

Datum
rbac_add_role_inheritance_by_id(PG_FUNCTION_ARGS)
{
	int32		inherits = rbac_required_int32(fcinfo, 1, "inherits");
	RbacRole	senior = begin_with_role_id(fcinfo, "rbac.add_role_inheritance()");

	rbac_authorize_role_change(senior.id);
	add_inheritance(senior, rbac_find_role_by_id(inherits));
	rbac_end_call();
	PG_RETURN_VOID();
}

/* remove_role_inheritance(role, inherits [, tenant_id]) */
Datum
rbac_remove_role_inheritance_by_name(PG_FUNCTION_ARGS)
{
	char	   *inherits = rbac_required_text(fcinfo, 1, "inherits");
	RbacRole	senior = begin_with_role_name(fcinfo, "rbac.remove_role_inheritance()");

	remove_inheritance(senior, rbac_find_role(inherits, rbac_optional_uuid(fcinfo, 2)));
	rbac_end_call();
	PG_RETURN_VOID();
}

Datum
rbac_remove_role_inheritance_by_id(PG_FUNCTION_ARGS)
{
	int32		inherits = rbac_required_int32(fcinfo, 1, "inherits");
	RbacRole	senior = begin_with_role_id(fcinfo, "rbac.remove_role_inheritance()");

	rbac_authorize_role_change(senior.id);
	remove_inheritance(senior, rbac_find_role_by_id(inherits));
	rbac_end_call();
	PG_RETURN_VOID();
}

typedef struct Conflict
{
	RbacRole	a;
	RbacRole	b;
	RbacArgs	row;			/* $1 kind, $2 and $3 the ids, the smaller first */
} Conflict;

/* (role_a, role_b, kind, tenant_id), which adding and removing have alike. */
static Conflict
begin_conflict(FunctionCallInfo fcinfo, const char *function)
{
	char	   *name_a = rbac_required_text(fcinfo, 0, "role_a");
	char	   *name_b = rbac_required_text(fcinfo, 1, "role_b");
	char	   *kind = rbac_required_text(fcinfo, 2, "kind");
	pg_uuid_t  *tenant_id = rbac_optional_uuid(fcinfo, 3);
	Conflict	conflict = {0};

	conflict.a = begin_with_role(function, name_a, tenant_id);
	conflict.b = rbac_find_role(name_b, tenant_id);
	rbac_authorize_conflict(conflict.a.id, conflict.b.id);

	if (strcmp(kind, "static") != 0 && strcmp(kind, "dynamic") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("kind of conflict \"%s\" does not exist", kind),
				 errhint("Use \"static\" (nobody holds both) or \"dynamic\" (nobody acts with both at once).")));
	if (conflict.a.id == conflict.b.id)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("role \"%s\" cannot exclude itself", conflict.a.name)));

	rbac_arg_text(&conflict.row, kind);
	rbac_arg_int32(&conflict.row, Min(conflict.a.id, conflict.b.id));
	rbac_arg_int32(&conflict.row, Max(conflict.a.id, conflict.b.id));
	return conflict;
}

Datum
rbac_add_role_conflict(PG_FUNCTION_ARGS)
{
	Conflict	c = begin_conflict(fcinfo, "rbac.add_role_conflict()");

	add_link("SELECT FROM rbac.role_conflicts WHERE kind = $1 AND role_a = $2 AND role_b = $3",
			 "INSERT INTO rbac.role_conflicts (kind, role_a, role_b) VALUES ($1, $2, $3)",
			 c.row,
			 psprintf("roles \"%s\" and \"%s\" already exclude each other", c.a.name, c.b.name));
	rbac_end_call();
	PG_RETURN_VOID();
}

Datum
rbac_remove_role_conflict(PG_FUNCTION_ARGS)
{
	Conflict	c = begin_conflict(fcinfo, "rbac.remove_role_conflict()");

	remove_link("DELETE FROM rbac.role_conflicts WHERE kind = $1 AND role_a = $2 AND role_b = $3",
				c.row,
				psprintf("roles \"%s\" and \"%s\" do not exclude each other", c.a.name, c.b.name),
				NULL);
	rbac_end_call();
	PG_RETURN_VOID();
}
