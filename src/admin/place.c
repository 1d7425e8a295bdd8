/*
 * place.c
 *		Where something is held or done, and how to say so.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "admin/authority.h"

RbacPlace
rbac_everywhere(void)
{
	return rbac_place(NULL, NULL);
}

/* tenant_id NULL: every tenant; department_id NULL: the whole tenant. */
RbacPlace
rbac_place(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id)
{
	RbacPlace	place;

	memset(&place, 0, sizeof(place));
	place.has_tenant = tenant_id != NULL;
	if (tenant_id)
		place.tenant_id = *tenant_id;
	place.has_department = department_id != NULL;
	if (department_id)
		place.department_id = *department_id;
	return place;
}

/*
 * Where a change of this role is felt: in its tenant, or in every tenant.  A
 * role that cannot be seen (it is being made by the very statement that asks)
 * may be anybody's, so it counts as everybody's.
 */
RbacPlace
rbac_role_place(int32 role_id)
{
	RbacReader *reader = rbac_read_begin();
	bool		has_tenant = false;
	pg_uuid_t	tenant_id;
	bool		found = rbac_read_role(reader, role_id, &has_tenant, &tenant_id, NULL);

	rbac_read_end(reader);
	return rbac_place(found && has_tenant ? &tenant_id : NULL, NULL);
}

/*
 * For messages: in department "d" of tenant "t", in tenant "t", in every tenant.
 * What others call their tenants and departments is not the asker's to know:
 * where they hold nothing, they read the ids, and so they do of a department
 * that is not the tenant's.
 */
char *
rbac_place_text(const RbacPlace *place)
{
	RbacReader *reader;
	RbacDepartment found;
	char	   *key = NULL;
	char	   *department = NULL;
	char	   *text;
	bool		is_known;

	if (!place->has_tenant)
		return pstrdup("in every tenant");

	is_known = rbac_asker_belongs_to(&place->tenant_id);
	reader = rbac_read_begin();
	if (!is_known || !rbac_read_tenant(reader, &place->tenant_id, NULL, &key))
		key = rbac_uuid_text(&place->tenant_id);
	if (place->has_department &&
		(!is_known || !rbac_read_department(reader, &place->department_id, &found, &department) ||
		 memcmp(&found.tenant_id, &place->tenant_id, UUID_LEN) != 0))
		department = rbac_uuid_text(&place->department_id);
	rbac_read_end(reader);

	text = department
		? psprintf("in department \"%s\" of tenant \"%s\"", department, key)
		: psprintf("in tenant \"%s\"", key);
	return text;
}
