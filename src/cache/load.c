/*
 * load.c
 *		Computing an entry from the tables: the one-sentence meaning of the
 *		model (model/tables.sql), in C.
 *
 * Nothing is kept here.  Results are in the current memory context.
 */
#include "postgres.h"

#include "lib/qunique.h"
#include "miscadmin.h"

#include "cache/load.h"
#include "model/hierarchy.h"

/* A role hierarchy deeper than this is walked rather than climbed. */
#define MAX_ROLE_DEPTH 100

typedef struct PrincipalLoad
{
	RbacPrincipal *principal;
	TimestampTz now;
	int			capacity;		/* of principal->departments */
	int			nroles;			/* roles held in the whole tenant */
	int			role_capacity;
	int32	   *roles;
	int		   *department_role;	/* beside principal->departments */
} PrincipalLoad;

typedef struct IdList
{
	int			n;
	int			capacity;
	int32	   *id;
} IdList;

static int
compare_int32(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/* The answer changes at this moment: it lasts from the one before to the one after now. */
static void
note_bound(TimestampTz *valid_from, TimestampTz *valid_until, TimestampTz bound, TimestampTz now)
{
	if (bound <= now)
		*valid_from = Max(*valid_from, bound);
	else
		*valid_until = Min(*valid_until, bound);
}

static bool
add_assignment(const RbacAssignment *assignment, void *arg)
{
	PrincipalLoad *load = arg;
	RbacPrincipal *principal = load->principal;

	note_bound(&principal->valid_from, &principal->valid_until, assignment->valid_from, load->now);
	note_bound(&principal->valid_from, &principal->valid_until, assignment->valid_until, load->now);
	if (load->now < assignment->valid_from || load->now >= assignment->valid_until)
		return true;

	if (assignment->whole_tenant)
	{
		if (load->nroles == load->role_capacity)
		{
			load->role_capacity *= 2;
			load->roles = repalloc(load->roles, sizeof(int32) * load->role_capacity);
		}
		load->roles[load->nroles++] = assignment->role_id;
	}
	else
	{
		if (principal->ndepartments == load->capacity)
		{
			load->capacity = load->capacity ? load->capacity * 2 : 4;
			if (principal->departments == NULL)
			{
				principal->departments = palloc(sizeof(RbacDepartmentGrant) * load->capacity);
				load->department_role = palloc(sizeof(int) * load->capacity);
			}
			else
			{
				principal->departments = repalloc(principal->departments,
												  sizeof(RbacDepartmentGrant) * load->capacity);
				load->department_role = repalloc(load->department_role,
												 sizeof(int) * load->capacity);
			}
		}
		principal->departments[principal->ndepartments].department_id = assignment->department_id;
		load->department_role[principal->ndepartments] = assignment->role_id;
		principal->ndepartments++;
	}
	return true;
}

/*
 * The scopes of one of a principal's roles.  A role of another tenant (only
 * tables restored or replicated past our rules have that) changes when nobody
 * tells those who watch this principal.
 */
static const Bitmapset *
scopes_for(RbacPrincipal *principal, RbacReader *reader, int32 role_id, const RbacClosureStore *store)
{
	RbacClosure closure;

	rbac_load_closure(reader, role_id, store, &closure);
	if (!closure.is_traceable ||
		(closure.has_tenant &&
		 (!principal->key.has_tenant ||
		  memcmp(&closure.tenant_id, &principal->key.tenant_id, UUID_LEN) != 0)))
		principal->is_traceable = false;
	return closure.scopes;
}

/*
 * What a user holds in a tenant at a moment, and for how long that is true.
 * The sets of roles are looked up only after both walks, because the lookup
 * may walk as well.
 */
RbacPrincipal *
rbac_load_principal(RbacReader *reader, const RbacPrincipalKey *key,
					TimestampTz now, const RbacClosureStore *store)
{
	RbacPrincipal *principal = palloc0(sizeof(RbacPrincipal));
	PrincipalLoad load = {.principal = principal,.now = now,.role_capacity = 8};
	bool		user_is_active = false;
	bool		tenant_is_active = true;

	principal->key = *key;
	principal->is_traceable = true;
	principal->valid_from = DT_NOBEGIN;
	principal->valid_until = DT_NOEND;

	principal->user_exists = rbac_read_user(reader, &key->user_id, &user_is_active, NULL);
	principal->tenant_exists = !key->has_tenant ||
		rbac_read_tenant(reader, &key->tenant_id, &tenant_is_active, NULL);
	if (!principal->user_exists || !principal->tenant_exists ||
		!user_is_active || !tenant_is_active)
		return principal;

	load.roles = palloc(sizeof(int32) * load.role_capacity);
	rbac_visit_assignments_in(reader, &key->user_id, NULL, add_assignment, &load);
	principal->holds_everywhere = load.nroles > 0;
	if (key->has_tenant)
		rbac_visit_assignments_in(reader, &key->user_id, &key->tenant_id, add_assignment, &load);

	principal->holds_a_role = load.nroles > 0 || principal->ndepartments > 0;

	/* One role's set is shared, not copied: most people have one. */
	if (load.nroles == 1)
		principal->scopes = unconstify(Bitmapset *, scopes_for(principal, reader, load.roles[0], store));
	else
	{
		for (int i = 0; i < load.nroles; i++)
			principal->scopes = bms_add_members(principal->scopes,
												 scopes_for(principal, reader, load.roles[i], store));
	}
	principal->scopes_are_shared = load.nroles == 1;

	for (int i = 0; i < principal->ndepartments; i++)
		principal->departments[i].scopes =
			unconstify(Bitmapset *, scopes_for(principal, reader, load.department_role[i], store));
	return principal;
}

static IdList
new_id_list(void)
{
	IdList		list = {.capacity = 32};

	list.id = palloc(sizeof(int32) * list.capacity);
	return list;
}

static bool
add_id(int32 id, void *arg)
{
	IdList	   *list = arg;

	if (list->n == list->capacity)
	{
		list->capacity *= 2;
		list->id = repalloc(list->id, sizeof(int32) * list->capacity);
	}
	list->id[list->n++] = id;
	return true;
}

static bool
add_scope(int32 id, void *arg)
{
	Bitmapset **scopes = arg;

	/* a damaged id must not ask for gigabytes */
	if (id > 0 && id <= RBAC_MAX_SCOPE_ID)
		*scopes = bms_add_member(*scopes, id);
	return true;
}

/* The scopes of some permissions, given in any order. */
static Bitmapset *
scopes_of_permissions(RbacReader *reader, IdList *permissions)
{
	Bitmapset  *scopes = NULL;

	qsort(permissions->id, permissions->n, sizeof(int32), compare_int32);
	permissions->n = qunique(permissions->id, permissions->n, sizeof(int32), compare_int32);
	rbac_visit_permission_scopes(reader, permissions->id, permissions->n, add_scope, &scopes);
	return scopes;
}

/* What follows from this role follows from changes in its tenant. */
static void
note_owner(RbacReader *reader, int32 role_id, RbacClosure *closure)
{
	bool		has_tenant;
	pg_uuid_t	tenant_id;

	if (!rbac_read_role(reader, role_id, &has_tenant, &tenant_id, NULL))
		closure->is_traceable = false;
	else if (has_tenant && closure->has_tenant &&
			 memcmp(&tenant_id, &closure->tenant_id, UUID_LEN) != 0)
		closure->is_traceable = false;
	else if (has_tenant)
	{
		closure->has_tenant = true;
		closure->tenant_id = tenant_id;
	}
}

typedef struct RolesLoad
{
	RbacAuthorizedRoles *roles;
	TimestampTz now;
	IdList		assigned;
} RolesLoad;

static bool
add_assigned_role(const RbacAssignment *assignment, void *arg)
{
	RolesLoad  *load = arg;
	RbacAuthorizedRoles *roles = load->roles;

	if (!assignment->whole_tenant)
		return true;
	note_bound(&roles->valid_from, &roles->valid_until, assignment->valid_from, load->now);
	note_bound(&roles->valid_from, &roles->valid_until, assignment->valid_until, load->now);
	if (load->now >= assignment->valid_from && load->now < assignment->valid_until)
		add_id(assignment->role_id, &load->assigned);
	return true;
}

/* What roles a user is authorized for in a tenant at a moment, and for how long that is true. */
RbacAuthorizedRoles *
rbac_load_authorized_roles(RbacReader *reader, const RbacPrincipalKey *key, TimestampTz now)
{
	RbacAuthorizedRoles *roles = palloc0(sizeof(RbacAuthorizedRoles));
	RolesLoad	load = {roles, now, new_id_list()};
	RbacClosure owner = {0};
	IdList		authorized = new_id_list();
	bool		user_is_active = false;
	bool		tenant_is_active = true;

	roles->key = *key;
	roles->is_traceable = true;
	roles->valid_from = DT_NOBEGIN;
	roles->valid_until = DT_NOEND;
	roles->is_active = rbac_read_user(reader, &key->user_id, &user_is_active, NULL) && user_is_active &&
		(!key->has_tenant ||
		 (rbac_read_tenant(reader, &key->tenant_id, &tenant_is_active, NULL) && tenant_is_active));
	if (!roles->is_active)
		return roles;

	rbac_visit_assignments_in(reader, &key->user_id, NULL, add_assigned_role, &load);
	if (key->has_tenant)
		rbac_visit_assignments_in(reader, &key->user_id, &key->tenant_id, add_assigned_role, &load);

	/* a role of another tenant: see scopes_for */
	owner.is_traceable = true;
	owner.has_tenant = key->has_tenant;
	owner.tenant_id = key->tenant_id;
	for (int i = 0; i < load.assigned.n; i++)
	{
		RbacHierarchy *below = rbac_hierarchy_below(reader, load.assigned.id[i]);

		for (int j = 0; j < below->nroles; j++)
		{
			note_owner(reader, below->role[j], &owner);
			add_id(below->role[j], &authorized);
		}
	}
	roles->is_traceable = owner.is_traceable && owner.has_tenant == (bool) key->has_tenant;
	qsort(authorized.id, authorized.n, sizeof(int32), compare_int32);
	roles->nroles = qunique(authorized.id, authorized.n, sizeof(int32), compare_int32);
	roles->role = authorized.id;
	return roles;
}

/* By walking all that the role reaches.  Right whatever the tables hold. */
static void
closure_by_walk(RbacReader *reader, int32 role_id, RbacClosure *closure)
{
	RbacHierarchy *below = rbac_hierarchy_below(reader, role_id);
	IdList		permissions = new_id_list();

	for (int i = 0; i < below->nroles; i++)
	{
		note_owner(reader, below->role[i], closure);
		rbac_visit_role_permissions(reader, below->role[i], add_id, &permissions);
	}
	closure->scopes = scopes_of_permissions(reader, &permissions);
}

/*
 * A role's own scopes and those of the roles that it inherits, each role read
 * once and left in the store.  False on a cycle (tables restored or replicated
 * past our rules), where the order of roles that this needs does not exist, and
 * on a hierarchy too deep to be anything but an attempt on our stack.
 */
static bool
closure_by_role(RbacReader *reader, int32 role_id, const RbacClosureStore *store,
				List *above, RbacClosure *closure)
{
	IdList		juniors = new_id_list();
	IdList		permissions = new_id_list();
	Bitmapset  *scopes;

	if (store->find(role_id, closure, store->arg))
		return true;
	if (list_length(above) == MAX_ROLE_DEPTH || list_member_int(above, role_id))
		return false;

	CHECK_FOR_INTERRUPTS();
	above = lappend_int(list_copy(above), role_id);

	memset(closure, 0, sizeof(*closure));
	closure->is_traceable = true;
	note_owner(reader, role_id, closure);
	rbac_visit_role_permissions(reader, role_id, add_id, &permissions);
	scopes = scopes_of_permissions(reader, &permissions);
	rbac_visit_juniors(reader, role_id, add_id, &juniors);
	for (int i = 0; i < juniors.n; i++)
	{
		RbacClosure inherited;

		if (!closure_by_role(reader, juniors.id[i], store, above, &inherited))
			return false;
		scopes = bms_add_members(scopes, inherited.scopes);

		/* a role of a tenant inherits its tenant's and shared ones only */
		if (!inherited.is_traceable ||
			(inherited.has_tenant &&
			 (!closure->has_tenant ||
			  memcmp(&inherited.tenant_id, &closure->tenant_id, UUID_LEN) != 0)))
			closure->is_traceable = false;
	}
	closure->scopes = scopes;
	store->keep(role_id, closure, store->arg);
	return true;
}

/* The scopes of a role and of all that it inherits.  They belong to the store. */
void
rbac_load_closure(RbacReader *reader, int32 role_id,
				  const RbacClosureStore *store, RbacClosure *closure)
{
	if (closure_by_role(reader, role_id, store, NIL, closure))
		return;
	memset(closure, 0, sizeof(*closure));
	closure->is_traceable = true;
	closure_by_walk(reader, role_id, closure);
	store->keep(role_id, closure, store->arg);
}

static bool
is_department_of(const RbacDepartment *department, const pg_uuid_t *tenant_id)
{
	return memcmp(&department->tenant_id, tenant_id, UUID_LEN) == 0;
}

/*
 * The way up from path->department_id, a department of path->tenant_id.
 */
void
rbac_load_department_path(RbacReader *reader, RbacDepartmentPath *path)
{
	RbacDepartment at;
	int			capacity = 4;

	path->npath = 0;
	path->is_traceable = true;
	path->path = palloc(sizeof(pg_uuid_t) * capacity);
	if (!rbac_read_department(reader, &path->department_id, &at, NULL) ||
		!is_department_of(&at, &path->tenant_id))
		return;

	for (;;)
	{
		pg_uuid_t	parent = at.parent_id;

		if (path->npath == capacity)
		{
			capacity *= 2;
			path->path = repalloc(path->path, sizeof(pg_uuid_t) * capacity);
		}
		path->path[path->npath++] = at.id;
		if (!at.has_parent)
			return;
		/* no rule of ours lets them lie deeper: what is above is a cycle */
		if (path->npath > RBAC_MAX_DEPARTMENT_DEPTH)
			return;
		CHECK_FOR_INTERRUPTS();
		if (!rbac_read_department(reader, &parent, &at, NULL))
			break;
		/* another tenant's change would not tell us */
		if (!is_department_of(&at, &path->tenant_id))
			path->is_traceable = false;
	}
	/* a parent that is not there may come as another tenant's */
	path->is_traceable = false;
}
