/*
 * assignments.c
 *		Giving roles to users, and taking them back.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "admin/authority.h"
#include "admin/call.h"
#include "admin/lookup.h"
#include "admin/statement.h"
#include "identity/identity.h"

PG_FUNCTION_INFO_V1(rbac_grant_role_by_name);
PG_FUNCTION_INFO_V1(rbac_grant_role_by_id);
PG_FUNCTION_INFO_V1(rbac_revoke_role_by_name);
PG_FUNCTION_INFO_V1(rbac_revoke_role_by_id);

/* What both kinds of call say besides the role. */
typedef struct Assignment
{
	pg_uuid_t  *user_id;
	pg_uuid_t  *tenant_id;
	pg_uuid_t  *department_id;
	char	   *username;
	RbacPlace	place;
} Assignment;

/*
 * Read the arguments that both functions have at the same places, and judge
 * whether the asker may touch assignments there at all, before anything is
 * told of users and roles.
 */
static Assignment
begin_assignment(FunctionCallInfo fcinfo, const char *function)
{
	Assignment	a;

	a.user_id = rbac_required_uuid(fcinfo, 0, "user_id");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("role cannot be null")));
	a.tenant_id = rbac_optional_uuid(fcinfo, 2);
	a.department_id = rbac_optional_uuid(fcinfo, 3);

	rbac_begin_call(function);
	a.place = rbac_find_place(a.tenant_id, a.department_id);
	rbac_authorize_assigning_at(&a.place);
	a.username = rbac_find_user(a.user_id);
	return a;
}

static Datum
grant(FunctionCallInfo fcinfo, Assignment a, RbacRole role)
{
	TimestampTz *valid_from = rbac_optional_timestamp(fcinfo, 4);
	TimestampTz *valid_until = rbac_optional_timestamp(fcinfo, 5);
	const RbacIdentity *identity = rbac_identity();
	RbacArgs	held = {0};
	RbacArgs	args = {0};
	int64		id;

	if (valid_from && valid_until && *valid_from >= *valid_until)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("valid_from must lie before valid_until"),
				 errdetail("An assignment is valid from valid_from, included, to valid_until, excluded.")));
	rbac_authorize_assignment(role.id, &a.place, valid_until ? *valid_until : DT_NOEND);

	rbac_arg_uuid(&held, a.user_id);
	rbac_arg_int32(&held, role.id);
	rbac_arg_uuid(&held, a.tenant_id);
	rbac_arg_uuid(&held, a.department_id);
	rbac_arg_timestamp(&held, valid_from);
	if (rbac_ask("SELECT FROM rbac.user_roles u WHERE u.user_id = $1 AND u.role_id = $2"
				 " AND u.tenant_id IS NOT DISTINCT FROM $3"
				 " AND u.department_id IS NOT DISTINCT FROM $4"
				 " AND u.valid_from IS NOT DISTINCT FROM $5", &held) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("role \"%s\" is already assigned to user \"%s\" %s",
						role.name, a.username, rbac_place_text(&a.place)),
				 errdetail("There is an assignment with the same valid_from."),
				 errhint("Revoke it first, or choose another period.")));

	rbac_arg_uuid(&args, a.user_id);
	rbac_arg_int32(&args, role.id);
	rbac_arg_uuid(&args, a.tenant_id);
	rbac_arg_uuid(&args, a.department_id);
	rbac_arg_timestamp(&args, valid_from);
	rbac_arg_timestamp(&args, valid_until);
	rbac_arg_uuid(&args, identity ? &identity->user_id : NULL);
	rbac_arg_text(&args, rbac_optional_text(fcinfo, 6));
	rbac_write("INSERT INTO rbac.user_roles"
			   " (user_id, role_id, tenant_id, department_id, valid_from, valid_until, granted_by, reason)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id", &args);
	rbac_get_int64(0, 1, &id);
	rbac_end_call();
	PG_RETURN_INT64(id);
}

/* grant_role(user_id, role, tenant_id, department_id, valid_from, valid_until, reason) */
Datum
rbac_grant_role_by_name(PG_FUNCTION_ARGS)
{
	Assignment	a = begin_assignment(fcinfo, "rbac.grant_role()");

	return grant(fcinfo, a, rbac_find_role(rbac_required_text(fcinfo, 1, "role"), a.tenant_id));
}

Datum
rbac_grant_role_by_id(PG_FUNCTION_ARGS)
{
	Assignment	a = begin_assignment(fcinfo, "rbac.grant_role()");

	return grant(fcinfo, a, rbac_find_role_by_id(rbac_required_int32(fcinfo, 1, "role")));
}

/*
 * Where the user does hold a role of that name, for DETAIL.  Only where the
 * asker could revoke it: the rest is not theirs to know.
 */
static char *
places_held(const Assignment *a, const RbacRole *role)
{
	RbacArgs	args = {0};
	StringInfoData text;
	uint64		n;
	int			shown = 0;

	rbac_arg_uuid(&args, a->user_id);
	rbac_arg_text(&args, role->name);
	n = rbac_ask("SELECT DISTINCT u.tenant_id, u.department_id, u.role_id"
				 " FROM rbac.user_roles u JOIN rbac.roles r ON r.id = u.role_id"
				 " WHERE u.user_id = $1 AND r.name = $2"
				 " ORDER BY u.tenant_id NULLS FIRST, u.department_id NULLS FIRST, u.role_id", &args);

	initStringInfo(&text);
	for (uint64 i = 0; i < n; i++)
	{
		pg_uuid_t	tenant_id;
		pg_uuid_t	department_id;
		bool		has_tenant = rbac_get_uuid(i, 1, &tenant_id);
		bool		has_department = rbac_get_uuid(i, 2, &department_id);
		RbacPlace	place = rbac_place(has_tenant ? &tenant_id : NULL,
									   has_department ? &department_id : NULL);
		int32		role_id;

		if (rbac_identity() != NULL && !rbac_asker_holds("rbac:grant", &place))
			continue;
		rbac_get_int32(i, 3, &role_id);
		appendStringInfo(&text, "%s%s", shown++ == 0 ? "" : ", ", rbac_place_text(&place));
		if (role_id != role->id)
			appendStringInfo(&text, " (another role of that name, with id %d)", role_id);
	}
	if (shown > 0)
		return psprintf("The user holds it %s.", text.data);
	return rbac_identity() == NULL
		? pstrdup("The user does not hold it anywhere.")
		: pstrdup("The user does not hold it anywhere where you can revoke it.");
}

static Datum
revoke(FunctionCallInfo fcinfo, Assignment a, RbacRole role)
{
	RbacArgs	args = {0};
	uint64		removed;

	rbac_arg_uuid(&args, a.user_id);
	rbac_arg_int32(&args, role.id);
	rbac_arg_uuid(&args, a.tenant_id);
	rbac_arg_uuid(&args, a.department_id);
	removed = rbac_write("DELETE FROM rbac.user_roles WHERE user_id = $1 AND role_id = $2"
						 " AND tenant_id IS NOT DISTINCT FROM $3"
						 " AND department_id IS NOT DISTINCT FROM $4", &args);

	/* Who believes to have taken something away must not be mistaken. */
	if (removed == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role \"%s\" is not assigned to user \"%s\" %s",
						role.name, a.username, rbac_place_text(&a.place)),
				 errdetail("%s", places_held(&a, &role)),
				 errhint("Name the tenant and the department of the assignment as they were granted.")));
	rbac_end_call();
	PG_RETURN_INT32((int32) removed);
}

/* revoke_role(user_id, role, tenant_id, department_id) */
Datum
rbac_revoke_role_by_name(PG_FUNCTION_ARGS)
{
	Assignment	a = begin_assignment(fcinfo, "rbac.revoke_role()");

	return revoke(fcinfo, a, rbac_find_role(rbac_required_text(fcinfo, 1, "role"), a.tenant_id));
}

Datum
rbac_revoke_role_by_id(PG_FUNCTION_ARGS)
{
	Assignment	a = begin_assignment(fcinfo, "rbac.revoke_role()");

	return revoke(fcinfo, a, rbac_find_role_by_id(rbac_required_int32(fcinfo, 1, "role")));
}
