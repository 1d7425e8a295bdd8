/*
 * authorize.c
 *		Who may change what: one rule for each kind of change.
 *
 * To take away asks for the right to administer; to add asks in addition for
 * holding what is added (authority.c says why).  A role of a tenant that is not
 * the asker's to know does not exist for them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"

#include "admin/authority.h"
#include "admin/lookup.h"
#include "admin/statement.h"
#include "identity/identity.h"

#define SCOPE_GRANT "rbac:grant"
#define SCOPE_ROLES "rbac:manage_roles"
#define SCOPE_USERS "rbac:manage_users"
#define SCOPE_DEPARTMENTS "rbac:manage_departments"
#define SCOPE_TENANTS "rbac:manage_tenants"
#define SCOPE_PERMISSIONS "rbac:manage_permissions"
#define SCOPE_ESCALATE "rbac:escalate"

/* Touch assignments there at all; enough to end one. */
void
rbac_authorize_assigning_at(const RbacPlace *place)
{
	rbac_require_held(SCOPE_GRANT, place);
}

/* Assign this role there, until then. */
void
rbac_authorize_assignment(int32 role_id, const RbacPlace *place, TimestampTz until)
{
	rbac_require_held(SCOPE_GRANT, place);
	rbac_require_role_known(role_id);
	rbac_require_held_until(SCOPE_GRANT, place, until);
	rbac_require_role_handed_on(role_id, place, until);
}

/* Create, change or delete roles that belong there. */
void
rbac_authorize_roles_at(const RbacPlace *place)
{
	rbac_require_held(SCOPE_ROLES, place);
}

/* Change this role, or take something from it. */
void
rbac_authorize_role_change(int32 role_id)
{
	RbacPlace	place = rbac_role_place(role_id);

	rbac_require_role_known(role_id);
	rbac_authorize_roles_at(&place);
}

/* Put this permission into this role. */
void
rbac_authorize_role_permission(int32 role_id, int32 permission_id)
{
	RbacPlace	place = rbac_role_place(role_id);

	rbac_require_role_known(role_id);
	rbac_authorize_roles_at(&place);
	rbac_require_permission_handed_on(permission_id, &place);
}

/* Let the senior role inherit the junior one. */
void
rbac_authorize_inheritance(int32 senior_id, int32 junior_id)
{
	RbacPlace	place = rbac_role_place(senior_id);

	rbac_require_role_known(senior_id);
	rbac_authorize_roles_at(&place);
	rbac_require_role_known(junior_id);
	rbac_require_role_handed_on(junior_id, &place, DT_NOEND);
}

/*
 * Say, or unsay, that two roles exclude each other.  It is felt where both can
 * be held: if one of them is a tenant's, in that tenant.
 */
void
rbac_authorize_conflict(int32 role_a, int32 role_b)
{
	RbacPlace	a = rbac_role_place(role_a);
	RbacPlace	b = rbac_role_place(role_b);

	rbac_require_role_known(role_a);
	rbac_require_role_known(role_b);
	if (a.has_tenant || !b.has_tenant)
		rbac_authorize_roles_at(&a);
	if (b.has_tenant)
		rbac_authorize_roles_at(&b);
}

/* Create, change or delete scopes, permissions, objects and actions. */
void
rbac_authorize_permissions(void)
{
	RbacPlace	place = rbac_everywhere();

	rbac_require_held(SCOPE_PERMISSIONS, &place);
}

/* Put this scope into a permission, and so into every role that has it. */
void
rbac_authorize_permission_scope(int32 scope_id)
{
	RbacPlace	place = rbac_everywhere();

	rbac_authorize_permissions();
	rbac_require_scope_handed_on(scope_id, &place);
}

/*
 * Give a scope another name.  Whoever holds it would hold what the new name
 * stands for in the application, which nobody can be said to hold yet.
 */
void
rbac_authorize_scope_rename(void)
{
	RbacPlace	place = rbac_everywhere();

	rbac_authorize_permissions();
	rbac_require_held(SCOPE_ESCALATE, &place);
}

/* Create, change or delete tenants. */
void
rbac_authorize_tenants(void)
{
	RbacPlace	place = rbac_everywhere();

	rbac_require_held(SCOPE_TENANTS, &place);
}

/* Create users: in the current tenant, or everywhere. */
void
rbac_authorize_new_user(void)
{
	const RbacIdentity *identity = rbac_identity();
	RbacPlace	everywhere = rbac_everywhere();
	RbacPlace	here;

	if (identity == NULL || rbac_asker_holds(SCOPE_USERS, &everywhere))
		return;
	here = rbac_place(identity->has_tenant ? &identity->tenant_id : NULL, NULL);
	rbac_require_held(SCOPE_USERS, &here);
}

/* A user's assignments: those that are over, and those that are not. */
typedef struct HeldRoles
{
	TimestampTz now;
	List	   *over;
	List	   *live;
} HeldRoles;

static bool
collect_assignment(const RbacAssignment *assignment, void *arg)
{
	HeldRoles  *held = arg;
	RbacAssignment *copy = palloc(sizeof(RbacAssignment));

	*copy = *assignment;
	if (assignment->valid_until > held->now)
		held->live = lappend(held->live, copy);
	else
		held->over = lappend(held->over, copy);
	return true;
}

static void
refuse_user_change(const pg_uuid_t *user_id, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied to change user \"%s\"", rbac_find_user(user_id)),
			 errdetail("%s", detail),
			 errhint("Somebody who holds \"%s\" in every tenant can do this.", SCOPE_USERS)));
}

/*
 * Change how a user is called or looks: the asker manages users wherever the
 * user holds a role, or held one if that is all there was.
 */
static void
authorize_profile(const pg_uuid_t *user_id, const HeldRoles *held)
{
	RbacPlace	everywhere = rbac_everywhere();
	ListCell   *cell;

	if (held->live == NIL && held->over == NIL && !rbac_asker_holds(SCOPE_USERS, &everywhere))
		refuse_user_change(user_id, "The user has never held a role, so no tenant can claim it.");

	foreach(cell, held->live ? held->live : held->over)
	{
		const RbacAssignment *assignment = lfirst(cell);
		RbacPlace	tenant = rbac_place(assignment->everywhere ? NULL : &assignment->tenant_id, NULL);

		/* where else somebody holds a role is not the asker's to know */
		if (!rbac_asker_holds(SCOPE_USERS, &tenant))
			refuse_user_change(user_id, "The user holds a role where you do not manage users.");
	}
}

/*
 * Change or delete this user.
 *
 * Users are shared by all tenants, and any tenant can give any user a role.  So
 * roles do not tell whose a user is, and whether users exist, are suspended and
 * what they sign in with is for whoever manages users in every tenant.
 *
 * Who can set the name or address that somebody signs in with, or bring back
 * somebody who was suspended, can act as them.  That lends all they hold, so
 * the asker must hold it too, for as long.
 */
void
rbac_authorize_user_change(const pg_uuid_t *user_id, RbacUserChange change)
{
	HeldRoles	held = {GetCurrentStatementStartTimestamp(), NIL, NIL};
	RbacPlace	everywhere = rbac_everywhere();
	RbacReader *reader;
	ListCell   *cell;

	if (rbac_identity() == NULL)
		return;

	if (change != RBAC_USER_PROFILE)
		rbac_require_held_advised(SCOPE_USERS, &everywhere,
								  "To keep somebody out of one tenant, take away the roles that they hold there.");

	reader = rbac_read_begin();
	rbac_visit_assignments(reader, user_id, collect_assignment, &held);
	rbac_read_end(reader);

	if (change == RBAC_USER_PROFILE)
		authorize_profile(user_id, &held);
	if (change != RBAC_USER_SIGN_IN)
		return;
	foreach(cell, held.live)
	{
		const RbacAssignment *assignment = lfirst(cell);
		RbacPlace	place = rbac_place(assignment->everywhere ? NULL : &assignment->tenant_id,
									   assignment->whole_tenant ? NULL : &assignment->department_id);

		rbac_require_role_handed_on(assignment->role_id, &place, assignment->valid_until);
	}
}

/* Create, change or delete departments of this tenant. */
void
rbac_authorize_departments(const pg_uuid_t *tenant_id)
{
	RbacPlace	place = rbac_place(tenant_id, NULL);

	rbac_require_held(SCOPE_DEPARTMENTS, &place);
}

/*
 * Move a department below another one: whoever holds a role in the new parent,
 * or above it, then holds it in the department too.
 *
 * What is above a parent that cannot be seen (the very statement that asks makes
 * it) cannot be judged, and what is another tenant's is not the asker's to know:
 * it is no parent here.  Each other step of one statement is judged by what was
 * there before, and hands on no more than its steps do.
 */
void
rbac_authorize_department_move(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id,
							   const pg_uuid_t *parent_id)
{
	static const char *const roles_above =
		"WITH RECURSIVE above (id) AS ("
		"SELECT $1::uuid"
		" UNION SELECT d.parent_id FROM rbac.departments d JOIN above a ON d.id = a.id"
		" WHERE d.parent_id IS NOT NULL) "
		"SELECT DISTINCT u.role_id FROM above a JOIN rbac.user_roles u ON u.department_id = a.id"
		" WHERE u.valid_until IS NULL OR u.valid_until > pg_catalog.statement_timestamp()"
		" ORDER BY u.role_id";
	RbacPlace	tenant = rbac_place(tenant_id, NULL);
	RbacPlace	place = rbac_place(tenant_id, department_id);
	RbacArgs	args = {0};
	RbacReader *reader;
	RbacDepartment parent;
	bool		found;
	uint64		n;

	if (rbac_identity() == NULL)
		return;

	reader = rbac_read_begin();
	found = rbac_read_department(reader, parent_id, &parent, NULL) &&
		tenant_id != NULL && memcmp(&parent.tenant_id, tenant_id, UUID_LEN) == 0;
	rbac_read_end(reader);
	if (!found && !rbac_asker_holds(SCOPE_ESCALATE, &tenant))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to move a department below department %s",
						rbac_uuid_text(parent_id)),
				 errdetail("There is no such department in the tenant, or the same statement makes it."),
				 errhint("Create it by a statement of its own first.")));

	/* another tenant's will be refused by the foreign key */
	if (!found)
		return;

	SPI_connect();
	rbac_arg_uuid(&args, parent_id);
	n = rbac_ask(roles_above, &args);
	for (uint64 i = 0; i < n; i++)
	{
		int32		role_id;

		rbac_get_int32(i, 1, &role_id);
		rbac_require_role_handed_on(role_id, &place, DT_NOEND);
	}
	SPI_finish();
}
