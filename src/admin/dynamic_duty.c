/*
 * dynamic_duty.c
 *		Dynamic separation of duty (INCITS 359, DSD).
 *
 * Nobody acts with both roles of a dynamic conflict in force.  A role is in
 * force if the user is authorized for it now in the identity's tenant (all of
 * it, any department of it, or by an assignment in every tenant; without a
 * tenant only the latter) and, when the identity lists scopes, carries one of
 * them.  It is judged as an identity is set or moved to another tenant, since
 * that is where roles are activated.
 *
 * That no conflict is dynamic is remembered for as long as nothing changes, so
 * that who does not use this pays a comparison.
 */
#include "postgres.h"

#include "access/xact.h"

#include "admin/admin.h"
#include "admin/place.h"
#include "cache/cache.h"
#include "decision/decision.h"
#include "identity/identity.h"
#include "model/hierarchy.h"

typedef struct Pair
{
	int32		role_a;
	int32		role_b;
} Pair;

/* As of no_conflict_epoch there is no dynamic conflict. */
static bool no_conflict_is_known = false;
static uint64 no_conflict_epoch;

static rbac_identity_admit_hook_type next_admit_hook = NULL;

static bool
collect_pair(int32 role_a, int32 role_b, void *arg)
{
	List	  **pairs = arg;
	Pair	   *pair = palloc(sizeof(Pair));

	pair->role_a = role_a;
	pair->role_b = role_b;
	*pairs = lappend(*pairs, pair);
	return true;
}

typedef struct Activation
{
	const RbacIdentity *wanted;
	TimestampTz now;
	List	   *role_ids;		/* assigned, as a list of integers */
} Activation;

static bool
collect_role(const RbacAssignment *assignment, void *arg)
{
	Activation *activation = arg;
	const RbacIdentity *wanted = activation->wanted;

	if ((assignment->everywhere ||
		 (wanted->has_tenant &&
		  memcmp(&assignment->tenant_id, &wanted->tenant_id, UUID_LEN) == 0)) &&
		assignment->valid_from <= activation->now && activation->now < assignment->valid_until)
		activation->role_ids = list_append_unique_int(activation->role_ids, assignment->role_id);
	return true;
}

static bool
reaches(const List *hierarchies, int32 role_id)
{
	const ListCell *cell;

	foreach(cell, hierarchies)
	{
		if (rbac_hierarchy_find(lfirst(cell), role_id) >= 0)
			return true;
	}
	return false;
}

/* Does the role carry a scope that the identity lists, if it lists any? */
static bool
is_wanted(const RbacIdentity *wanted, const Bitmapset *listed, int32 role_id)
{
	return !wanted->is_narrowed || bms_overlap(listed, rbac_cache_role_scopes(role_id));
}

static void
refuse(RbacReader *reader, const RbacIdentity *wanted, const Pair *pair)
{
	char	   *username = NULL;
	char	   *name_a = NULL;
	char	   *name_b = NULL;
	RbacPlace	place = rbac_place(wanted->has_tenant ? &wanted->tenant_id : NULL, NULL);

	if (!rbac_read_user(reader, &wanted->user_id, NULL, &username))
		username = rbac_uuid_text(&wanted->user_id);
	if (!rbac_read_role(reader, pair->role_a, NULL, NULL, &name_a))
		name_a = psprintf("%d", pair->role_a);
	if (!rbac_read_role(reader, pair->role_b, NULL, NULL, &name_b))
		name_b = psprintf("%d", pair->role_b);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_GRANT_OPERATION),
			 errmsg("user \"%s\" cannot act with role \"%s\" and role \"%s\" at once %s",
					username, name_a, name_b, rbac_place_text(&place)),
			 errdetail("A dynamic conflict lets nobody have both in force (separation of duty)."),
			 errhint("Name scopes that only one of them carries: rbac.set_identity(..., scopes => ...).")));
}

static void
admit_identity(const RbacIdentity *wanted, bool by_switch)
{
	uint64		epoch;
	RbacReader *reader;
	List	   *pairs = NIL;
	List	   *hierarchies = NIL;
	Activation	activation = {wanted, GetCurrentStatementStartTimestamp(), NIL};
	Bitmapset  *listed = NULL;
	ListCell   *cell;

	/* that user, tenant and scopes exist is judged below us */
	if (next_admit_hook)
		next_admit_hook(wanted, by_switch);

	epoch = rbac_cache_begin();
	if (no_conflict_is_known && no_conflict_epoch == epoch)
		return;

	reader = rbac_read_begin();
	rbac_visit_conflicts(reader, "dynamic", collect_pair, &pairs);
	no_conflict_is_known = pairs == NIL;
	no_conflict_epoch = epoch;
	if (pairs == NIL)
	{
		rbac_read_end(reader);
		return;
	}

	rbac_visit_assignments(reader, &wanted->user_id, collect_role, &activation);
	foreach(cell, activation.role_ids)
		hierarchies = lappend(hierarchies, rbac_hierarchy_below(reader, lfirst_int(cell)));

	rbac_foreach_identity_scope(name, wanted)
	{
		int32		id = rbac_resolve_scope(name, strlen(name));

		if (id > 0)
			listed = bms_add_member(listed, id);
	}

	foreach(cell, pairs)
	{
		const Pair *pair = lfirst(cell);

		if (reaches(hierarchies, pair->role_a) && reaches(hierarchies, pair->role_b) &&
			is_wanted(wanted, listed, pair->role_a) && is_wanted(wanted, listed, pair->role_b))
			refuse(reader, wanted, pair);
	}
	rbac_read_end(reader);
}

void
rbac_admin_init(void)
{
	next_admit_hook = rbac_identity_admit_hook;
	rbac_identity_admit_hook = admit_identity;
}
