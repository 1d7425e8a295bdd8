/*
 * lookup.c
 *		What is meant by an id or a name.
 *
 * For who has connected to SPI, and has the right to know: the hints name what
 * exists.
 */
#include "postgres.h"

#include "admin/authority.h"
#include "admin/lookup.h"
#include "admin/statement.h"
#include "model/nearest.h"

/* The user's name. */
char *
rbac_find_user(const pg_uuid_t *user_id)
{
	RbacReader *reader = rbac_read_begin();
	char	   *name = NULL;
	bool		found = rbac_read_user(reader, user_id, NULL, &name);

	rbac_read_end(reader);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("user %s does not exist", rbac_uuid_text(user_id)),
				 errhint("Create it with rbac.create_user(), or look for its id in rbac.users.")));
	return name;
}

/* The tenant's key. */
char *
rbac_find_tenant(const pg_uuid_t *tenant_id)
{
	RbacReader *reader = rbac_read_begin();
	char	   *key = NULL;
	bool		found = rbac_read_tenant(reader, tenant_id, NULL, &key);

	rbac_read_end(reader);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tenant %s does not exist", rbac_uuid_text(tenant_id)),
				 errhint("Create it with rbac.create_tenant(), or look for its id in rbac.tenants.")));
	return key;
}

/* A place that exists: every tenant, a tenant, or a department of it. */
RbacPlace
rbac_find_place(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id)
{
	RbacReader *reader;
	RbacDepartment department;
	bool		found;

	if (tenant_id == NULL)
	{
		if (department_id != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("tenant_id cannot be null if department_id is given"),
					 errhint("Name the tenant that the department belongs to.")));
		return rbac_everywhere();
	}

	(void) rbac_find_tenant(tenant_id);
	if (department_id != NULL)
	{
		reader = rbac_read_begin();
		found = rbac_read_department(reader, department_id, &department, NULL);
		rbac_read_end(reader);
		if (!found || memcmp(&department.tenant_id, tenant_id, UUID_LEN) != 0)
		{
			RbacPlace	tenant = rbac_place(tenant_id, NULL);

			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("department %s does not exist %s",
							rbac_uuid_text(department_id), rbac_place_text(&tenant)),
					 errhint("Create it with rbac.create_department(), or look for its id in rbac.departments.")));
		}
	}
	return rbac_place(tenant_id, department_id);
}

/* A HINT: the names among the statement's results that are most like one. */
static char *
nearest_of(const char *wanted, const char *sql, RbacArgs *args, const char *otherwise)
{
	RbacNearest nearest;
	uint64		n = rbac_ask(sql, args);

	rbac_nearest_init(&nearest, wanted);
	for (uint64 i = 0; i < n; i++)
		rbac_nearest_offer(&nearest, rbac_get_text(i, 1));
	return rbac_nearest_hint(&nearest, otherwise);
}

/*
 * The tenant's own role of that name, or else the shared one; only shared ones
 * without a tenant.
 */
RbacRole
rbac_find_role(const char *name, const pg_uuid_t *tenant_id)
{
	RbacRole	role = {0};
	RbacArgs	args = {0};
	RbacArgs	visible = {0};
	char	   *hint;

	rbac_arg_text(&args, name);
	rbac_arg_uuid(&args, tenant_id);
	if (rbac_ask("SELECT r.id, r.tenant_id FROM rbac.roles r"
				 " WHERE r.name = $1 AND (r.tenant_id = $2 OR r.tenant_id IS NULL)"
				 " ORDER BY r.tenant_id NULLS LAST LIMIT 1", &args) == 1)
	{
		rbac_get_int32(0, 1, &role.id);
		role.has_tenant = rbac_get_uuid(0, 2, &role.tenant_id);
		role.name = pstrdup(name);
		return role;
	}

	rbac_arg_uuid(&visible, tenant_id);
	hint = nearest_of(name, "SELECT r.name FROM rbac.roles r"
					  " WHERE r.tenant_id = $1 OR r.tenant_id IS NULL ORDER BY r.name", &visible,
					  "Create it with rbac.create_role().");
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 tenant_id
			 ? errmsg("role \"%s\" does not exist in tenant \"%s\"", name, rbac_find_tenant(tenant_id))
			 : errmsg("role \"%s\" does not exist", name),
			 tenant_id
			 ? errdetail("Neither is there a shared role of that name.")
			 : errdetail("Without a tenant_id, only roles available to every tenant are meant."),
			 errhint("%s", hint)));
	return role;
}

/* Other tenants' roles do not exist for who holds nothing there. */
RbacRole
rbac_find_role_by_id(int32 role_id)
{
	RbacReader *reader;
	RbacRole	role = {.id = role_id};
	bool		found;

	rbac_require_role_known(role_id);
	reader = rbac_read_begin();
	found = rbac_read_role(reader, role_id, &role.has_tenant, &role.tenant_id, &role.name);
	rbac_read_end(reader);
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role %d does not exist", role_id),
				 errhint("Create it with rbac.create_role(), or look for its id in rbac.roles.")));
	return role;
}

int32
rbac_find_permission(const char *name)
{
	RbacArgs	args = {0};
	RbacArgs	all = {0};
	int32		id = 0;

	rbac_arg_text(&args, name);
	if (rbac_ask("SELECT p.id FROM rbac.permissions p WHERE p.name = $1", &args) == 1)
		rbac_get_int32(0, 1, &id);
	else
	{
		char	   *hint = nearest_of(name, "SELECT p.name FROM rbac.permissions p ORDER BY p.name", &all,
									  "Create it with rbac.create_permission().");

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("permission \"%s\" does not exist", name),
				 errhint("%s", hint)));
	}
	return id;
}

/* Whatever rbac.unknown_scope says: that is about checks. */
int32
rbac_find_scope(const char *name)
{
	RbacArgs	args = {0};
	RbacArgs	all = {0};
	int32		id = 0;

	rbac_arg_text(&args, name);
	if (rbac_ask("SELECT s.id FROM rbac.scopes s WHERE s.name = $1", &args) == 1)
		rbac_get_int32(0, 1, &id);
	else
	{
		char	   *hint = nearest_of(name, "SELECT s.name FROM rbac.scopes s ORDER BY s.name", &all,
									  "Create it with rbac.create_scope().");

		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("scope \"%s\" does not exist", name),
				 errhint("%s", hint)));
	}
	return id;
}
