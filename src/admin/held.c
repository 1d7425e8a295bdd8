/*
 * held.c
 *		What a user holds that excludes each other.
 *
 * Conflicts are looked up from the roles that the user reaches, so that those
 * among other roles, or of other tenants, cost nothing.
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "admin/held.h"
#include "model/hierarchy.h"

/* A role that is assigned to the user: what it reaches, and where it is held. */
typedef struct HeldRole
{
	int32		role_id;
	RbacHierarchy *below;
	List	   *assignments;
} HeldRole;

typedef struct Collection
{
	TimestampTz now;
	bool		later_too;
	List	   *held;
} Collection;

static bool
collect_assignment(const RbacAssignment *assignment, void *arg)
{
	Collection *collection = arg;
	HeldRole   *role = NULL;
	RbacAssignment *copy;
	ListCell   *cell;

	if (assignment->valid_until <= collection->now ||
		(assignment->valid_from > collection->now && !collection->later_too))
		return true;

	foreach(cell, collection->held)
	{
		role = lfirst(cell);
		if (role->role_id == assignment->role_id)
			break;
		role = NULL;
	}
	if (role == NULL)
	{
		role = palloc0(sizeof(HeldRole));
		role->role_id = assignment->role_id;
		collection->held = lappend(collection->held, role);
	}
	copy = palloc(sizeof(RbacAssignment));
	*copy = *assignment;
	role->assignments = lappend(role->assignments, copy);
	return true;
}

static List *
collect(RbacReader *reader, const pg_uuid_t *user_id, TimestampTz now, bool later_too)
{
	Collection	collection = {now, later_too, NIL};
	ListCell   *cell;

	rbac_visit_assignments(reader, user_id, collect_assignment, &collection);
	foreach(cell, collection.held)
	{
		HeldRole   *role = lfirst(cell);

		role->below = rbac_hierarchy_below(reader, role->role_id);
	}
	return collection.held;
}

/* The roles that a user is assigned, in whatever tenant, at this moment. */
List *
rbac_held_now(RbacReader *reader, const pg_uuid_t *user_id, TimestampTz now)
{
	return collect(reader, user_id, now, false);
}

/* The same, with those that are to come. */
List *
rbac_held_from(RbacReader *reader, const pg_uuid_t *user_id, TimestampTz now)
{
	return collect(reader, user_id, now, true);
}

/* A role that the user reaches, and the assigned roles that lead to it. */
typedef struct ReachedRole
{
	int32		role_id;		/* key */
	List	   *through;
} ReachedRole;

static HTAB *
index_by_reached_role(const List *held)
{
	HASHCTL		ctl = {.keysize = sizeof(int32), .entrysize = sizeof(ReachedRole),
		.hcxt = CurrentMemoryContext};
	HTAB	   *reached = hash_create("rbac roles reached", 32, &ctl,
									  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	const ListCell *cell;

	foreach(cell, held)
	{
		HeldRole   *role = lfirst(cell);

		for (int i = 0; i < role->below->nroles; i++)
		{
			bool		found;
			ReachedRole *entry = hash_search(reached, &role->below->role[i], HASH_ENTER, &found);

			if (!found)
				entry->through = NIL;
			entry->through = lappend(entry->through, role);
		}
	}
	return reached;
}

/* Are two assignments in force in one tenant at one time? */
static bool
meet(const RbacAssignment *x, const RbacAssignment *y)
{
	return (x->everywhere || y->everywhere ||
			memcmp(&x->tenant_id, &y->tenant_id, UUID_LEN) == 0) &&
		Max(x->valid_from, y->valid_from) < Min(x->valid_until, y->valid_until);
}

static bool
held_roles_meet(const HeldRole *a, const HeldRole *b, RbacExclusion *exclusion)
{
	const ListCell *cell_x;
	const ListCell *cell_y;

	foreach(cell_x, a->assignments)
	{
		const RbacAssignment *x = lfirst(cell_x);

		foreach(cell_y, b->assignments)
		{
			const RbacAssignment *y = lfirst(cell_y);

			if (!meet(x, y))
				continue;
			exclusion->through_a = a->role_id;
			exclusion->through_b = b->role_id;
			exclusion->everywhere = x->everywhere && y->everywhere;
			exclusion->tenant_id = x->everywhere ? y->tenant_id : x->tenant_id;
			return true;
		}
	}
	return false;
}

static bool
reached_roles_meet(const ReachedRole *a, const ReachedRole *b, RbacExclusion *exclusion)
{
	const ListCell *cell_a;
	const ListCell *cell_b;

	exclusion->role_a = a->role_id;
	exclusion->role_b = b->role_id;
	foreach(cell_a, a->through)
	{
		foreach(cell_b, b->through)
		{
			if (held_roles_meet(lfirst(cell_a), lfirst(cell_b), exclusion))
				return true;
		}
	}
	return false;
}

typedef struct Search
{
	HTAB	   *reached;
	const ReachedRole *role_a;
	RbacExclusionVisitor visit;
	void	   *arg;
	bool		go_on;
} Search;

static bool
look_at_conflict(int32 role_b, void *arg)
{
	Search	   *search = arg;
	const ReachedRole *b = hash_search(search->reached, &role_b, HASH_FIND, NULL);
	RbacExclusion exclusion;

	if (b != NULL && reached_roles_meet(search->role_a, b, &exclusion))
		search->go_on = search->visit(&exclusion, search->arg);
	return search->go_on;
}

/*
 * Each conflict of one kind ("static" or "dynamic") whose two roles are held in
 * one tenant at one time, once, in an order that depends on the roles alone.
 * The visitor must not look for conflicts itself.
 */
void
rbac_visit_exclusions(RbacReader *reader, const List *held, const char *kind,
					  RbacExclusionVisitor visit, void *arg)
{
	Search		search = {index_by_reached_role(held), NULL, visit, arg, true};
	const ListCell *cell;

	foreach(cell, held)
	{
		const HeldRole *role = lfirst(cell);

		for (int i = 0; search.go_on && i < role->below->nroles; i++)
		{
			search.role_a = hash_search(search.reached, &role->below->role[i], HASH_FIND, NULL);

			/* once for each role that is reached, however many lead to it */
			if (linitial(search.role_a->through) == role)
				rbac_visit_conflicts_of(reader, kind, search.role_a->role_id,
										look_at_conflict, &search);
		}
	}
	hash_destroy(search.reached);
}
