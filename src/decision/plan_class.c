/*
 * plan_class.c
 *		Plans that suit one kind of asker.
 *
 * A plan made for somebody who holds a role in every tenant may read a whole
 * table, where one for all others looks up the rows of a few tenants.  Either is
 * right whoever runs it, but may take a thousand times longer than need be; and
 * where clients share connections, a plan that is kept is run by both.
 *
 * So plans in which a check shaped what was done depend on a function of ours, as
 * far as PostgreSQL's cache of plans can tell, and when the other kind of
 * asker comes, this backend's cache is told that it has changed.  Nobody else is
 * told, nothing is locked, and what is not kept is not affected.
 */
#include "postgres.h"

#include "nodes/plannodes.h"
#include "optimizer/planmain.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "decision/decision.h"
#include "decision/index_condition.h"
#include "decision/plan_class.h"
#include "identity/identity.h"

/* Have plans been made for who does not (0), or does (1), hold a role everywhere? */
static bool are_made[2];

/* By what the cache of plans knows the function that they depend on. */
static uint32 hash_value;

/*
 * May a plan be made for whoever is asking?  Not while settings of an application
 * say who that is: they change without our being told.  A plan is then made for
 * somebody with a role in one tenant.
 */
bool
rbac_plan_may_suit_asker(void)
{
	return rbac_identity_in_force != NULL;
}

static bool
is_noted(const PlannerInfo *root)
{
	ListCell   *cell;

	foreach(cell, root->glob->invalItems)
	{
		const PlanInvalItem *item = lfirst_node(PlanInvalItem, cell);

		if (item->cacheId == PROCOID && item->hashValue == hash_value)
			return true;
	}
	return false;
}

/*
 * Called as a plan is made in which what the asker holds counts: for each check
 * and each index that may serve it, so what is known of the plan is found first.
 */
void
rbac_plan_suits_asker(PlannerInfo *root)
{
	RbacQuestion question;
	RbacAttempt attempt = {0};
	bool		everywhere = false;
	Oid			funcid;

	if (root == NULL || is_noted(root))
		return;
	funcid = rbac_find_function("current_tenant_id", NIL);
	if (!OidIsValid(funcid))
		return;
	if (rbac_current_question(&question))
	{
		do
		{
			rbac_attempt_begin(&attempt, false);
			everywhere = rbac_question_principal(&question)->holds_everywhere;
		} while (!rbac_attempt_stands(&attempt));
	}
	record_plan_function_dependency(root, funcid);
	hash_value = GetSysCacheHashValue1(PROCOID, ObjectIdGetDatum(funcid));
	are_made[everywhere] = true;
}

/* Called as somebody begins to ask. */
void
rbac_plans_meet(bool holds_everywhere)
{
	if (likely(!are_made[!holds_everywhere]))
		return;
	are_made[!holds_everywhere] = false;
	CallSyscacheCallbacks(PROCOID, hash_value);
}
