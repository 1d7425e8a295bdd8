/*
 * dynamic_duty.c
 *		Dynamic separation of duty (INCITS 359, DSD).
 *
 * Nobody acts with both roles of a dynamic conflict in force in one tenant.  A
 * role is in force in a tenant if the user is authorized for it there now (in
 * all of it, in any department of it, or by an assignment in every tenant) and,
 * when the identity lists scopes, carries one of them.  Every tenant counts, not
 * only the identity's own, since a check can name any; and whether it is active
 * does not, since it can be activated.
 *
 * It is judged as an identity is set or moved to another tenant, since that is
 * where roles are activated.  One that settings name is judged once in each
 * transaction that asks by it, and is nobody if it does not pass.
 *
 * That no conflict is dynamic is cached, so that who does not use this pays
 * next to nothing.
 */
#include "postgres.h"

#include "access/xact.h"

#include "admin/admin.h"
#include "admin/held.h"
#include "admin/place.h"
#include "cache/cache.h"
#include "decision/decision.h"
#include "identity/identity.h"

static rbac_identity_admit_hook_type next_admit_hook = NULL;
static rbac_identity_tolerate_hook_type next_tolerate_hook = NULL;

/* An identity that is to come into force, and what stands in its way. */
typedef struct Activation
{
	const RbacIdentity *wanted;
	Bitmapset  *listed;			/* ids of the scopes that it lists */
	bool		is_excluded;
	RbacExclusion exclusion;
} Activation;

/* Does the role carry a scope that the identity lists, if it lists any? */
static bool
is_wanted(const Activation *activation, int32 role_id)
{
	return !activation->wanted->is_narrowed ||
		bms_overlap(activation->listed, rbac_cache_role_scopes(role_id));
}

static char *
role_name(RbacReader *reader, int32 role_id)
{
	char	   *name = NULL;

	if (!rbac_read_role(reader, role_id, NULL, NULL, &name))
		name = psprintf("%d", role_id);
	return name;
}

static void
refuse(const pg_uuid_t *user_id, const RbacExclusion *exclusion)
{
	RbacReader *reader = rbac_read_begin();
	char	   *username = NULL;
	RbacPlace	place = rbac_place(exclusion->everywhere ? NULL : &exclusion->tenant_id, NULL);

	if (!rbac_read_user(reader, user_id, NULL, &username))
		username = rbac_uuid_text(user_id);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_GRANT_OPERATION),
			 errmsg("user \"%s\" cannot act with role \"%s\" and role \"%s\" at once %s",
					username, role_name(reader, exclusion->role_a),
					role_name(reader, exclusion->role_b), rbac_place_text(&place)),
			 errdetail("A dynamic conflict lets nobody have both in force (separation of duty)."),
			 errhint("Name scopes that only one of them carries: rbac.set_identity(..., scopes => ...).")));
}

static bool
look_at_exclusion(const RbacExclusion *exclusion, void *arg)
{
	Activation *activation = arg;

	activation->is_excluded = is_wanted(activation, exclusion->role_a) &&
		is_wanted(activation, exclusion->role_b);
	activation->exclusion = *exclusion;
	return !activation->is_excluded;
}

/* Part of a decision.  A scope that does not exist is carried by no role. */
static void
look_for_exclusion(RbacReader *reader, Activation *activation)
{
	activation->listed = NULL;
	activation->is_excluded = false;
	rbac_foreach_identity_scope(name, activation->wanted)
	{
		int32		id = rbac_cache_scope_id(name, strlen(name));

		if (id > 0)
			activation->listed = bms_add_member(activation->listed, id);
	}
	rbac_visit_exclusions(reader,
						  rbac_held_now(reader, &activation->wanted->user_id,
										GetCurrentStatementStartTimestamp()),
						  "dynamic", look_at_exclusion, activation);
}

/* Most policies have none, and then there is nothing to look for. */
static bool
any_dynamic_conflict(void)
{
	RbacAttempt attempt = {0};
	bool		exists;

	if (rbac_cache_glance_at_duty(&exists))
		return exists;
	do
	{
		rbac_attempt_begin(&attempt, false);
		exists = rbac_cache_has_dynamic_duty();
	} while (!rbac_attempt_stands(&attempt));
	return exists;
}

/* Would this identity have roles in force that exclude each other? */
static bool
is_excluded(const RbacIdentity *wanted, RbacExclusion *exclusion)
{
	Activation	activation = {.wanted = wanted};
	RbacAttempt attempt = {0};

	if (!any_dynamic_conflict())
		return false;

	do
	{
		rbac_attempt_begin(&attempt, true);
		look_for_exclusion(attempt.reader, &activation);
	} while (!rbac_attempt_stands(&attempt));
	*exclusion = activation.exclusion;
	return activation.is_excluded;
}

static void
admit_identity(const RbacIdentity *wanted, bool by_switch)
{
	RbacExclusion exclusion;

	/* that user, tenant and scopes exist is judged below us */
	if (next_admit_hook)
		next_admit_hook(wanted, by_switch);
	if (is_excluded(wanted, &exclusion))
		refuse(&wanted->user_id, &exclusion);
}

static bool
tolerate_identity(const RbacIdentity *named)
{
	RbacExclusion exclusion;

	return (next_tolerate_hook == NULL || next_tolerate_hook(named)) &&
		!is_excluded(named, &exclusion);
}

void
rbac_admin_init(void)
{
	next_admit_hook = rbac_identity_admit_hook;
	rbac_identity_admit_hook = admit_identity;
	next_tolerate_hook = rbac_identity_tolerate_hook;
	rbac_identity_tolerate_hook = tolerate_identity;
}
