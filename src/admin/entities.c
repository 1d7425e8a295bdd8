/*
 * entities.c
 *		Creating tenants, users, departments; scopes, permissions and roles.
 *
 * A name that is taken is refused as 42710 before the row is written; against
 * a session that takes it at the same moment, the unique constraint has the
 * last word (23505).
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"

#include "admin/authority.h"
#include "admin/call.h"
#include "admin/lookup.h"
#include "admin/statement.h"

PG_FUNCTION_INFO_V1(rbac_create_tenant);
PG_FUNCTION_INFO_V1(rbac_create_user);
PG_FUNCTION_INFO_V1(rbac_create_department);
PG_FUNCTION_INFO_V1(rbac_create_scope);
PG_FUNCTION_INFO_V1(rbac_create_permission);
PG_FUNCTION_INFO_V1(rbac_create_role);
PG_FUNCTION_INFO_V1(rbac_set_user_active);
PG_FUNCTION_INFO_V1(rbac_set_tenant_active);

/* The uuid that a RETURNING gave, for after rbac_end_call. */
static pg_uuid_t *
end_with_uuid(void)
{
	pg_uuid_t	id;
	pg_uuid_t  *result;

	rbac_get_uuid(0, 1, &id);
	rbac_end_call();
	result = palloc(sizeof(pg_uuid_t));
	*result = id;
	return result;
}

static void
refuse_if_taken(const char *sql, RbacArgs *args, const char *message)
{
	if (rbac_ask(sql, args) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("%s", message)));
}

/* create_tenant(key, name) */
Datum
rbac_create_tenant(PG_FUNCTION_ARGS)
{
	char	   *key = rbac_required_text(fcinfo, 0, "key");
	char	   *name = rbac_optional_text(fcinfo, 1);
	RbacArgs	taken = {0};
	RbacArgs	args = {0};

	rbac_begin_call("rbac.create_tenant()");
	rbac_authorize_tenants();
	rbac_check_name("tenant key", key);
	if (name)
		rbac_check_name("tenant name", name);

	rbac_arg_text(&taken, key);
	refuse_if_taken("SELECT FROM rbac.tenants t WHERE t.key = $1", &taken,
					psprintf("tenant \"%s\" already exists", key));

	rbac_arg_text(&args, key);
	rbac_arg_text(&args, name ? name : key);
	rbac_write("INSERT INTO rbac.tenants (key, name) VALUES ($1, $2) RETURNING id", &args);
	PG_RETURN_UUID_P(end_with_uuid());
}

/* As the constraint has it: something, one @, something, and no blanks. */
static void
check_email(const char *email)
{
	const char *at = strchr(email, '@');

	rbac_check_name("email address", email);
	if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
		strchr(email, ' ') != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid email address: \"%s\"", email),
				 errdetail("An address has one @, something on both sides of it, and no blanks.")));
}

/* create_user(username, email, first_name, last_name, phone) */
Datum
rbac_create_user(PG_FUNCTION_ARGS)
{
	char	   *username = rbac_required_text(fcinfo, 0, "username");
	char	   *email = rbac_optional_text(fcinfo, 1);
	RbacArgs	taken = {0};
	RbacArgs	args = {0};

	rbac_begin_call("rbac.create_user()");
	rbac_authorize_new_user();
	rbac_check_name("user name", username);
	if (email)
		check_email(email);

	rbac_arg_text(&taken, username);
	refuse_if_taken("SELECT FROM rbac.users u WHERE lower(u.username) = lower($1)", &taken,
					psprintf("user \"%s\" already exists", username));
	if (email)
	{
		taken = (RbacArgs) {0};
		rbac_arg_text(&taken, email);
		refuse_if_taken("SELECT FROM rbac.users u WHERE lower(u.email) = lower($1)", &taken,
						psprintf("a user with email address \"%s\" already exists", email));
	}

	rbac_arg_text(&args, username);
	rbac_arg_text(&args, email);
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 2));
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 3));
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 4));
	rbac_write("INSERT INTO rbac.users (username, email, first_name, last_name, phone)"
			   " VALUES ($1, $2, $3, $4, $5) RETURNING id", &args);
	PG_RETURN_UUID_P(end_with_uuid());
}

/* create_department(tenant_id, name, parent_id) */
Datum
rbac_create_department(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *tenant_id = rbac_required_uuid(fcinfo, 0, "tenant_id");
	char	   *name = rbac_required_text(fcinfo, 1, "name");
	pg_uuid_t  *parent_id = rbac_optional_uuid(fcinfo, 2);
	RbacArgs	taken = {0};
	RbacArgs	args = {0};
	char	   *key;

	rbac_begin_call("rbac.create_department()");
	key = rbac_find_tenant(tenant_id);
	rbac_authorize_departments(tenant_id);
	(void) rbac_find_place(tenant_id, parent_id);
	rbac_check_name("department name", name);

	rbac_arg_uuid(&taken, tenant_id);
	rbac_arg_text(&taken, name);
	refuse_if_taken("SELECT FROM rbac.departments d WHERE d.tenant_id = $1 AND d.name = $2", &taken,
					psprintf("department \"%s\" already exists in tenant \"%s\"", name, key));

	rbac_arg_uuid(&args, tenant_id);
	rbac_arg_text(&args, name);
	rbac_arg_uuid(&args, parent_id);
	rbac_write("INSERT INTO rbac.departments (tenant_id, name, parent_id)"
			   " VALUES ($1, $2, $3) RETURNING id", &args);
	PG_RETURN_UUID_P(end_with_uuid());
}

/* create_scope(name, description) */
Datum
rbac_create_scope(PG_FUNCTION_ARGS)
{
	char	   *name = rbac_required_text(fcinfo, 0, "name");
	RbacArgs	taken = {0};
	RbacArgs	args = {0};
	int32		id;

	rbac_begin_call("rbac.create_scope()");
	rbac_authorize_permissions();
	rbac_check_scope_name(name);

	rbac_arg_text(&taken, name);
	refuse_if_taken("SELECT FROM rbac.scopes s WHERE s.name = $1", &taken,
					psprintf("scope \"%s\" already exists", name));

	rbac_arg_text(&args, name);
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 1));
	rbac_write("INSERT INTO rbac.scopes (name, description) VALUES ($1, $2) RETURNING id", &args);
	rbac_get_int32(0, 1, &id);
	rbac_end_call();
	PG_RETURN_INT32(id);
}

/* The id of the row with that name, made if there is none; 0 for no name. */
static int32
find_or_make(const char *what, const char *name, const char *find, const char *make)
{
	RbacArgs	args = {0};
	int32		id = 0;

	if (name == NULL)
		return 0;
	rbac_check_name(what, name);
	rbac_arg_text(&args, name);
	if (rbac_ask(find, &args) == 0)
		rbac_write(make, &args);
	rbac_get_int32(0, 1, &id);
	return id;
}

/* create_permission(name, object, action, scopes, description) */
Datum
rbac_create_permission(PG_FUNCTION_ARGS)
{
	char	   *name = rbac_required_text(fcinfo, 0, "name");
	char	   *object = rbac_optional_text(fcinfo, 1);
	char	   *action = rbac_optional_text(fcinfo, 2);
	List	   *scopes = rbac_required_texts(fcinfo, 3, "scopes");
	int32	   *scope_ids = palloc(sizeof(int32) * Max(list_length(scopes), 1));
	int			nscopes = 0;
	ListCell   *cell;
	RbacArgs	taken = {0};
	RbacArgs	args = {0};
	RbacArgs	carried = {0};
	int32		id;

	rbac_begin_call("rbac.create_permission()");
	rbac_authorize_permissions();
	rbac_check_name("permission name", name);

	rbac_arg_text(&taken, name);
	refuse_if_taken("SELECT FROM rbac.permissions p WHERE p.name = $1", &taken,
					psprintf("permission \"%s\" already exists", name));
	foreach(cell, scopes)
	{
		scope_ids[nscopes] = rbac_find_scope(lfirst(cell));
		rbac_authorize_permission_scope(scope_ids[nscopes]);
		nscopes++;
	}

	rbac_arg_text(&args, name);
	rbac_arg_int32(&args, find_or_make("object name", object,
									   "SELECT o.id FROM rbac.permission_objects o WHERE o.name = $1",
									   "INSERT INTO rbac.permission_objects (name) VALUES ($1) RETURNING id"));
	rbac_arg_int32(&args, find_or_make("action name", action,
									   "SELECT a.id FROM rbac.permission_actions a WHERE a.name = $1",
									   "INSERT INTO rbac.permission_actions (name) VALUES ($1) RETURNING id"));
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 4));
	rbac_write("INSERT INTO rbac.permissions (name, object_id, action_id, description)"
			   " VALUES ($1, nullif($2, 0), nullif($3, 0), $4) RETURNING id", &args);
	rbac_get_int32(0, 1, &id);

	if (nscopes > 0)
	{
		rbac_arg_int32(&carried, id);
		rbac_arg_int32s(&carried, scope_ids, nscopes);
		rbac_write("INSERT INTO rbac.permission_scopes (permission_id, scope_id)"
				   " SELECT $1, s FROM unnest($2) AS s", &carried);
	}
	rbac_end_call();
	PG_RETURN_INT32(id);
}

/* create_role(name, tenant_id, description, permissions, inherits) */
Datum
rbac_create_role(PG_FUNCTION_ARGS)
{
	char	   *name = rbac_required_text(fcinfo, 0, "name");
	pg_uuid_t  *tenant_id = rbac_optional_uuid(fcinfo, 1);
	List	   *permissions = rbac_required_texts(fcinfo, 3, "permissions");
	List	   *inherits = rbac_required_texts(fcinfo, 4, "inherits");
	int32	   *permission_ids = palloc(sizeof(int32) * Max(list_length(permissions), 1));
	int32	   *junior_ids = palloc(sizeof(int32) * Max(list_length(inherits), 1));
	int			npermissions = 0;
	int			njuniors = 0;
	ListCell   *cell;
	RbacPlace	place;
	RbacArgs	taken = {0};
	RbacArgs	args = {0};
	RbacArgs	links = {0};
	int32		id;

	rbac_begin_call("rbac.create_role()");
	place = rbac_find_place(tenant_id, NULL);
	rbac_authorize_roles_at(&place);
	rbac_check_name("role name", name);

	rbac_arg_text(&taken, name);
	rbac_arg_uuid(&taken, tenant_id);
	refuse_if_taken("SELECT FROM rbac.roles r WHERE r.name = $1 AND r.tenant_id IS NOT DISTINCT FROM $2",
					&taken, tenant_id
					? psprintf("role \"%s\" already exists %s", name, rbac_place_text(&place))
					: psprintf("role \"%s\" already exists for every tenant", name));

	/* the role cannot be seen yet, so what it will hand on is judged here */
	foreach(cell, permissions)
	{
		permission_ids[npermissions] = rbac_find_permission(lfirst(cell));
		rbac_require_permission_handed_on(permission_ids[npermissions], &place);
		npermissions++;
	}
	foreach(cell, inherits)
	{
		junior_ids[njuniors] = rbac_find_role(lfirst(cell), tenant_id).id;
		rbac_require_role_handed_on(junior_ids[njuniors], &place, DT_NOEND);
		njuniors++;
	}

	rbac_arg_text(&args, name);
	rbac_arg_uuid(&args, tenant_id);
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 2));
	rbac_write("INSERT INTO rbac.roles (name, tenant_id, description)"
			   " VALUES ($1, $2, $3) RETURNING id", &args);
	rbac_get_int32(0, 1, &id);

	rbac_arg_int32(&links, id);
	rbac_arg_int32s(&links, permission_ids, npermissions);
	if (npermissions > 0)
		rbac_write("INSERT INTO rbac.role_permissions (role_id, permission_id)"
				   " SELECT $1, p FROM unnest($2) AS p", &links);
	links = (RbacArgs) {0};
	rbac_arg_int32(&links, id);
	rbac_arg_int32s(&links, junior_ids, njuniors);
	if (njuniors > 0)
		rbac_write("INSERT INTO rbac.role_inherits (role_id, inherits_role_id)"
				   " SELECT $1, j FROM unnest($2) AS j", &links);
	rbac_end_call();
	PG_RETURN_INT32(id);
}

/* set_user_active(user_id, active) */
Datum
rbac_set_user_active(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *user_id = rbac_required_uuid(fcinfo, 0, "user_id");
	bool		active = rbac_required_bool(fcinfo, 1, "active");
	RbacArgs	args = {0};

	rbac_begin_call("rbac.set_user_active()");
	rbac_authorize_user_change(user_id, active ? RBAC_USER_SIGN_IN : RBAC_USER_EXISTENCE);
	(void) rbac_find_user(user_id);

	rbac_arg_uuid(&args, user_id);
	rbac_arg_bool(&args, active);
	rbac_write("UPDATE rbac.users SET is_active = $2 WHERE id = $1", &args);
	rbac_end_call();
	PG_RETURN_VOID();
}

/* set_tenant_active(tenant_id, active) */
Datum
rbac_set_tenant_active(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *tenant_id = rbac_required_uuid(fcinfo, 0, "tenant_id");
	bool		active = rbac_required_bool(fcinfo, 1, "active");
	RbacArgs	args = {0};

	rbac_begin_call("rbac.set_tenant_active()");
	rbac_authorize_tenants();
	(void) rbac_find_tenant(tenant_id);

	rbac_arg_uuid(&args, tenant_id);
	rbac_arg_bool(&args, active);
	rbac_write("UPDATE rbac.tenants SET is_active = $2 WHERE id = $1", &args);
	rbac_end_call();
	PG_RETURN_VOID();
}
