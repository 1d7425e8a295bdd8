/*
 * reach.c
 *		By which of its permissions does a role carry a scope?
 *
 * From the role downwards, since a scope that everybody has may be carried by
 * the roles of thousands of tenants, while a role reaches only a few others.
 *
 * Everything is read by one reader and is in the current memory context; the
 * cache is not asked, because it knows that a role carries a scope, but not why.
 */
#include "postgres.h"

#include "decision/reach.h"

typedef struct Reach
{
	const RbacCarriers *carriers;
	const RbacHierarchy *below;
	int			place;
	RbacReachVisitor visit;
	void	   *arg;
} Reach;

static bool
add_carrier(int32 permission_id, void *arg)
{
	RbacCarriers *carriers = arg;

	if (carriers->n == carriers->capacity)
	{
		carriers->capacity *= 2;
		carriers->permission = repalloc(carriers->permission, sizeof(int32) * carriers->capacity);
	}
	carriers->permission[carriers->n++] = permission_id;
	return true;
}

RbacCarriers *
rbac_carriers(RbacReader *reader, int32 scope_id)
{
	RbacCarriers *carriers = palloc(sizeof(RbacCarriers));

	carriers->n = 0;
	carriers->capacity = 8;
	carriers->permission = palloc(sizeof(int32) * carriers->capacity);

	/* a damaged id is not in the sets of scopes either */
	if (scope_id > 0 && scope_id <= RBAC_MAX_SCOPE_ID)
		rbac_visit_permissions_with_scope(reader, scope_id, add_carrier, carriers);
	return carriers;
}

static bool
is_carrier(const RbacCarriers *carriers, int32 permission_id)
{
	int			low = 0;
	int			high = carriers->n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (carriers->permission[middle] < permission_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < carriers->n && carriers->permission[low] == permission_id;
}

static bool
visit_permission(int32 permission_id, void *arg)
{
	const Reach *reach = arg;

	if (is_carrier(reach->carriers, permission_id))
		reach->visit(reach->below, reach->place, permission_id, reach->arg);
	return true;
}

/*
 * Each carrier that a role of the hierarchy has of itself, nearest roles
 * first.  The visitor must not visit anything that roles have.
 */
void
rbac_visit_reach(RbacReader *reader, const RbacCarriers *carriers,
				 const RbacHierarchy *below, RbacReachVisitor visit, void *arg)
{
	Reach		reach = {.carriers = carriers,.below = below,.visit = visit,.arg = arg};

	if (carriers->n == 0)
		return;
	for (reach.place = 0; reach.place < below->nroles; reach.place++)
		rbac_visit_role_permissions(reader, below->role[reach.place], visit_permission, &reach);
}

static void
note_reach(const RbacHierarchy *below, int place, int32 permission_id, void *arg)
{
	*(bool *) arg = true;
}

/* Does the role carry the scope, by itself or by what it inherits? */
bool
rbac_role_reaches(RbacReader *reader, const RbacCarriers *carriers, int32 role_id)
{
	bool		reaches = false;

	if (carriers->n > 0)
		rbac_visit_reach(reader, carriers, rbac_hierarchy_below(reader, role_id),
						 note_reach, &reaches);
	return reaches;
}
