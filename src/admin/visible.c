/*
 * visible.c
 *		What the asker sees of the tables, where a row does not say whose it is.
 *
 * Row-level security (delegation.sql) asks has_scope about rows that name their
 * tenant.  Users belong to tenants by the roles that they hold there, and what a
 * role carries is the role's tenant's: that is looked up here.
 *
 * Each question about a row (_sees_user) has a set beside it (_visible_users)
 * that lists all for which the answer is yes, for index conditions.  Both read
 * with the rights of the extension, so that who was granted one table needs no
 * other; both tell of what the current identity may see, and nothing else.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "admin/authority.h"
#include "compat.h"
#include "decision/collection.h"
#include "decision/decision.h"
#include "decision/for_statement.h"
#include "identity/identity.h"

PG_FUNCTION_INFO_V1(rbac_sees_tenant);
PG_FUNCTION_INFO_V1(rbac_sees_user);
PG_FUNCTION_INFO_V1(rbac_sees_role);
PG_FUNCTION_INFO_V1(rbac_manages_user);
PG_FUNCTION_INFO_V1(rbac_manages_role);
PG_FUNCTION_INFO_V1(rbac_visible_tenants);
PG_FUNCTION_INFO_V1(rbac_visible_users);
PG_FUNCTION_INFO_V1(rbac_visible_roles);
PG_FUNCTION_INFO_V1(rbac_own_roles);

#define SCOPE_GRANT "rbac:grant"
#define SCOPE_ROLES "rbac:manage_roles"
#define SCOPE_USERS "rbac:manage_users"
#define SCOPE_TENANTS "rbac:manage_tenants"
#define SCOPE_REVIEW "rbac:review"

static bool
holds_everywhere(const char *scope)
{
	RbacPlace	everywhere = rbac_everywhere();

	return rbac_asker_holds(scope, &everywhere);
}

static bool
is_asker(const pg_uuid_t *user_id)
{
	return memcmp(user_id, &rbac_identity()->user_id, UUID_LEN) == 0;
}

static RbacPlace
tenant_of(const RbacAssignment *assignment)
{
	return rbac_place(assignment->everywhere ? NULL : &assignment->tenant_id, NULL);
}

/*
 * Is everything of this tenant that concerns users the asker's to see?  (Of what
 * is assigned in every tenant, if the place is everywhere.)
 */
static bool
sees_users_at(const RbacPlace *place)
{
	return rbac_asker_holds(SCOPE_REVIEW, place) ||
		rbac_asker_holds(SCOPE_USERS, place) ||
		rbac_asker_holds(SCOPE_GRANT, place);
}

/* As the policies of user_roles have it. */
static bool
sees_assignment(const RbacAssignment *assignment)
{
	RbacPlace	tenant = tenant_of(assignment);
	RbacPlace	place;

	if (is_asker(&assignment->user_id) || sees_users_at(&tenant))
		return true;
	if (assignment->everywhere || assignment->whole_tenant)
		return false;
	place = rbac_place(&assignment->tenant_id, &assignment->department_id);
	return rbac_asker_holds(SCOPE_GRANT, &place);
}

static bool
manages_assigned(const RbacAssignment *assignment)
{
	RbacPlace	tenant = tenant_of(assignment);

	return rbac_asker_holds(SCOPE_USERS, &tenant);
}

typedef struct Finder
{
	bool		(*is_wanted) (const RbacAssignment *assignment);
	bool		found;
} Finder;

static bool
find_wanted(const RbacAssignment *assignment, void *arg)
{
	Finder	   *finder = arg;

	CHECK_FOR_INTERRUPTS();
	finder->found = finder->is_wanted(assignment);
	return !finder->found;
}

/* Has the user an assignment, valid now or not, of this kind? */
static bool
has_assignment(const pg_uuid_t *user_id, bool (*is_wanted) (const RbacAssignment *assignment))
{
	Finder		finder = {is_wanted, false};
	RbacReader *reader = rbac_read_begin();

	rbac_visit_assignments(reader, user_id, find_wanted, &finder);
	rbac_read_end(reader);
	return finder.found;
}

static bool
user_exists(const pg_uuid_t *user_id)
{
	RbacReader *reader = rbac_read_begin();
	bool		exists = rbac_read_user(reader, user_id, NULL, NULL);

	rbac_read_end(reader);
	return exists;
}

/* May the asker create users? */
static bool
makes_users(void)
{
	const RbacIdentity *identity = rbac_identity();
	RbacPlace	here = rbac_place(identity->has_tenant ? &identity->tenant_id : NULL, NULL);

	return rbac_asker_holds(SCOPE_USERS, &here);
}

static bool
add_tenant(const pg_uuid_t *id, bool is_active, void *arg)
{
	rbac_collect(arg, id);
	return true;
}

static bool
add_active_tenant(const pg_uuid_t *id, bool is_active, void *arg)
{
	if (is_active)
		rbac_collect(arg, id);
	return true;
}

static bool
add_tenant_of_assignment(const RbacAssignment *assignment, void *arg)
{
	if (!assignment->everywhere)
		rbac_collect(arg, &assignment->tenant_id);
	return true;
}

static bool
is_everywhere_now(const RbacAssignment *assignment)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();

	return assignment->everywhere && now >= assignment->valid_from && now < assignment->valid_until;
}

static void
list_visible_tenants(RbacCollection *visible)
{
	RbacCollection	own = RBAC_UUIDS;
	RbacReader *reader;

	if (holds_everywhere(SCOPE_TENANTS))
	{
		reader = rbac_read_begin();
		rbac_visit_tenants(reader, add_tenant, visible);
		rbac_read_end(reader);
		return;
	}

	if (has_assignment(&rbac_identity()->user_id, is_everywhere_now))
	{
		reader = rbac_read_begin();
		rbac_visit_tenants(reader, add_active_tenant, &own);
	}
	else
	{
		reader = rbac_read_begin();
		rbac_visit_assignments(reader, &rbac_identity()->user_id, add_tenant_of_assignment, &own);
	}
	rbac_read_end(reader);
	rbac_sort_collection(&own);
	for (int i = 0; i < own.n; i++)
	{
		const pg_uuid_t *tenant_id = rbac_collected_uuid(&own, i);

		if (rbac_asker_belongs_to(tenant_id))
			rbac_collect(visible, tenant_id);
	}
}

static bool
add_user(const pg_uuid_t *id, void *arg)
{
	rbac_collect(arg, id);
	return true;
}

/* The users of those assignments in one place that the asker sees. */
typedef struct PlaceWalk
{
	RbacReader *reader;
	const pg_uuid_t *tenant_id; /* NULL: in every tenant */
	bool		sees_all;
	RbacCollection *users;
} PlaceWalk;

static bool
add_user_of_assignment(const RbacAssignment *assignment, void *arg)
{
	PlaceWalk  *walk = arg;

	CHECK_FOR_INTERRUPTS();
	if (walk->sees_all || sees_assignment(assignment))
		rbac_collect(walk->users, &assignment->user_id);
	return true;
}

static bool
add_users_of_role(int32 role_id, void *arg)
{
	PlaceWalk  *walk = arg;

	rbac_visit_assignments_of_role(walk->reader, walk->tenant_id, role_id,
								   add_user_of_assignment, walk);
	return true;
}

static void
add_users_at(RbacCollection *users, const pg_uuid_t *tenant_id)
{
	RbacPlace	place = rbac_place(tenant_id, NULL);
	PlaceWalk	walk = {.tenant_id = tenant_id,.users = users};

	walk.sees_all = sees_users_at(&place);
	if (tenant_id == NULL && !walk.sees_all)
		return;
	walk.reader = rbac_read_begin();
	rbac_visit_assigned_roles(walk.reader, tenant_id, add_users_of_role, &walk);
	rbac_read_end(walk.reader);
}

static void
list_visible_users(RbacCollection *users)
{
	RbacCollection	tenants = RBAC_UUIDS;

	if (holds_everywhere(SCOPE_USERS))
	{
		RbacReader *reader = rbac_read_begin();

		rbac_visit_users(reader, add_user, users);
		rbac_read_end(reader);
		return;
	}

	rbac_collect_all(&tenants, rbac_set_of_tenants(SCOPE_REVIEW));
	rbac_collect_all(&tenants, rbac_set_of_tenants(SCOPE_USERS));
	rbac_collect_all(&tenants, rbac_set_of_touched_tenants(SCOPE_GRANT));
	rbac_sort_collection(&tenants);
	rbac_collect(users, &rbac_identity()->user_id);
	add_users_at(users, NULL);
	for (int i = 0; i < tenants.n; i++)
		add_users_at(users, rbac_collected_uuid(&tenants, i));
}

static bool
add_role(int32 id, const char *name, void *arg)
{
	rbac_collect(arg, &id);
	return true;
}

static bool
add_role_of_assignment(const RbacAssignment *assignment, void *arg)
{
	if (assignment->everywhere || rbac_asker_belongs_to(&assignment->tenant_id))
		rbac_collect(arg, &assignment->role_id);
	return true;
}

static void
add_own_roles(RbacCollection *roles)
{
	RbacReader *reader = rbac_read_begin();

	rbac_visit_assignments(reader, &rbac_identity()->user_id, add_role_of_assignment, roles);
	rbac_read_end(reader);
}

static void
list_visible_roles(RbacCollection *roles)
{
	RbacCollection	tenants = RBAC_UUIDS;
	RbacReader *reader;

	rbac_collect_all(&tenants, rbac_set_of_tenants(SCOPE_REVIEW));
	rbac_collect_all(&tenants, rbac_set_of_tenants(SCOPE_ROLES));
	rbac_collect_all(&tenants, rbac_set_of_touched_tenants(SCOPE_GRANT));
	rbac_sort_collection(&tenants);
	add_own_roles(roles);

	reader = rbac_read_begin();
	rbac_visit_roles_of(reader, NULL, add_role, roles);
	for (int i = 0; i < tenants.n; i++)
		rbac_visit_roles_of(reader, rbac_collected_uuid(&tenants, i), add_role, roles);
	rbac_read_end(reader);
}

/*
 * The questions, their sets, and what is remembered of them.
 *
 * A query that looks at many rows would ask about each, so whoever asks for the
 * hundredth time in one statement gets the list made, and it is looked up there
 * for the rest of the statement, until the identity changes or the transaction
 * writes: as the sets behind index conditions are (decision/sets.c).
 */
#define CALLS_TO_LIST 100

typedef struct Sight
{
	Size		size;			/* of an id */
	void		(*list) (RbacCollection *visible);
	/* what is remembered */
	RbacForStatement asked;
	int			calls;
	bool		is_listed;
	RbacCollection	visible;		/* in memory of its own */
	MemoryContext memory;
} Sight;

typedef enum SightOf
{
	SIGHT_OF_TENANTS,
	SIGHT_OF_USERS,
	SIGHT_OF_ROLES
} SightOf;

static Sight sights[] =
{
	[SIGHT_OF_TENANTS] = {UUID_LEN, list_visible_tenants},
	[SIGHT_OF_USERS] = {UUID_LEN, list_visible_users},
	[SIGHT_OF_ROLES] = {sizeof(int32), list_visible_roles},
};

static Datum
list_to_array(SightOf what)
{
	Sight	   *sight = &sights[what];
	RbacCollection	visible = {.size = sight->size};

	if (rbac_identity() != NULL)
		sight->list(&visible);
	rbac_sort_collection(&visible);
	return PointerGetDatum(rbac_collection_to_array(&visible));
}

/* _visible_tenants() */
Datum
rbac_visible_tenants(PG_FUNCTION_ARGS)
{
	return list_to_array(SIGHT_OF_TENANTS);
}

/* _visible_users() */
Datum
rbac_visible_users(PG_FUNCTION_ARGS)
{
	return list_to_array(SIGHT_OF_USERS);
}

/* _visible_roles() */
Datum
rbac_visible_roles(PG_FUNCTION_ARGS)
{
	return list_to_array(SIGHT_OF_ROLES);
}

/* _own_roles(): those that the asker was ever assigned, in tenants where they still hold one */
Datum
rbac_own_roles(PG_FUNCTION_ARGS)
{
	RbacCollection	roles = RBAC_INTEGERS;

	if (rbac_identity() != NULL)
		add_own_roles(&roles);
	rbac_sort_collection(&roles);
	PG_RETURN_ARRAYTYPE_P(rbac_collection_to_array(&roles));
}

static void
make_list(Sight *sight)
{
	MemoryContext before;

	if (sight->memory == NULL)
		sight->memory = AllocSetContextCreate(TopMemoryContext, "what the current user sees",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(sight->memory);
	sight->visible = (RbacCollection) {.size = sight->size};
	before = MemoryContextSwitchTo(sight->memory);
	sight->list(&sight->visible);
	rbac_sort_collection(&sight->visible);
	MemoryContextSwitchTo(before);
	sight->is_listed = true;
}

/* Is there a list of what is visible to this statement?  If so, is this in it? */
static bool
look_up(SightOf what, const void *id, bool *is_visible)
{
	Sight	   *sight = &sights[what];

	if (!rbac_for_statement_holds(&sight->asked))
	{
		if (sight->is_listed)
			MemoryContextReset(sight->memory);
		sight->is_listed = false;
		sight->calls = 0;
		if (!rbac_for_statement_note(&sight->asked))
			return false;
	}
	if (!sight->is_listed)
	{
		if (++sight->calls < CALLS_TO_LIST)
			return false;
		make_list(sight);
	}
	*is_visible = rbac_collection_has(&sight->visible, id);
	return true;
}

/* _sees_tenant(tenant_id): the asker holds a role there, or manages tenants. */
Datum
rbac_sees_tenant(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *tenant_id = PG_GETARG_UUID_P(0);

	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(holds_everywhere(SCOPE_TENANTS) || rbac_asker_belongs_to(tenant_id));
}

/*
 * _sees_user(user_id): the asker sees an assignment of theirs, or is them, or
 * manages users in every tenant.
 *
 * Who is not there yet is no secret from those who may create them: INSERT ...
 * RETURNING asks before there is a row.
 */
Datum
rbac_sees_user(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *user_id = PG_GETARG_UUID_P(0);
	bool		is_visible;

	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	if (is_asker(user_id) || holds_everywhere(SCOPE_USERS))
		PG_RETURN_BOOL(true);
	if (!look_up(SIGHT_OF_USERS, user_id, &is_visible))
		is_visible = has_assignment(user_id, sees_assignment);
	PG_RETURN_BOOL(is_visible || (makes_users() && !user_exists(user_id)));
}

/* _manages_user(user_id): the asker manages users in every tenant, or in one where they hold a role. */
Datum
rbac_manages_user(PG_FUNCTION_ARGS)
{
	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(holds_everywhere(SCOPE_USERS) ||
				   has_assignment(PG_GETARG_UUID_P(0), manages_assigned));
}

typedef struct HeldRole
{
	int32		role_id;
	bool		found;
} HeldRole;

static bool
find_role(const RbacAssignment *assignment, void *arg)
{
	HeldRole   *held = arg;

	held->found = assignment->role_id == held->role_id;
	return !held->found;
}

/* Was the asker ever assigned this role? */
static bool
is_own_role(int32 role_id)
{
	HeldRole	held = {role_id, false};
	RbacReader *reader = rbac_read_begin();

	rbac_visit_assignments(reader, &rbac_identity()->user_id, find_role, &held);
	rbac_read_end(reader);
	return held.found;
}

static bool
touches_tenant(const char *scope, const pg_uuid_t *tenant_id)
{
	ArrayType  *tenants = rbac_set_of_touched_tenants(scope);
	pg_uuid_t  *member = (pg_uuid_t *) ARR_DATA_PTR(tenants);
	int			n = ArrayGetNItems(ARR_NDIM(tenants), ARR_DIMS(tenants));

	for (int i = 0; i < n; i++)
	{
		if (memcmp(&member[i], tenant_id, UUID_LEN) == 0)
			return true;
	}
	return false;
}

/*
 * _sees_role(role_id): as the policies of roles have it.  One that is being made
 * by the very statement that asks counts as everybody's, as when it is changed.
 */
Datum
rbac_sees_role(PG_FUNCTION_ARGS)
{
	int32		role_id = PG_GETARG_INT32(0);
	RbacReader *reader;
	bool		found;
	bool		has_tenant = false;
	pg_uuid_t	tenant_id;
	RbacPlace	tenant;
	bool		is_visible;

	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	if (look_up(SIGHT_OF_ROLES, &role_id, &is_visible) &&
		(is_visible || !holds_everywhere(SCOPE_ROLES)))
		PG_RETURN_BOOL(is_visible);

	reader = rbac_read_begin();
	found = rbac_read_role(reader, role_id, &has_tenant, &tenant_id, NULL);
	rbac_read_end(reader);
	if (!found)
		PG_RETURN_BOOL(holds_everywhere(SCOPE_ROLES));
	if (!has_tenant)
		PG_RETURN_BOOL(true);

	tenant = rbac_place(&tenant_id, NULL);
	PG_RETURN_BOOL(rbac_asker_holds(SCOPE_REVIEW, &tenant) ||
				   rbac_asker_holds(SCOPE_ROLES, &tenant) ||
				   rbac_asker_holds(SCOPE_GRANT, &tenant) ||
				   (rbac_asker_belongs_to(&tenant_id) &&
					(touches_tenant(SCOPE_GRANT, &tenant_id) || is_own_role(role_id))));
}

/* _manages_role(role_id): the asker manages roles in its tenant, or everywhere for a shared one. */
Datum
rbac_manages_role(PG_FUNCTION_ARGS)
{
	RbacPlace	place;

	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	place = rbac_role_place(PG_GETARG_INT32(0));
	PG_RETURN_BOOL(rbac_asker_holds(SCOPE_ROLES, &place));
}
