/*
 * sight_support.c
 *		What the planner should know of visible.c: _sees_user(id) is true of the
 *		same rows as id = ANY (rbac._visible_users()), and so are its siblings.
 */
#include "postgres.h"

#include "catalog/pg_am.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/lsyscache.h"

#include "decision/decision.h"
#include "decision/plan_class.h"

PG_FUNCTION_INFO_V1(rbac_sight_support);

typedef struct Sight
{
	const char *question;
	const char *set;
	const char *scopes[4];		/* whose holders in every tenant see (nearly) all */
} Sight;

static const Sight sights[] =
{
	{"_sees_tenant", "_visible_tenants", {"rbac:manage_tenants"}},
	{"_sees_user", "_visible_users", {"rbac:manage_users", "rbac:review", "rbac:grant"}},
	{"_sees_role", "_visible_roles", {"rbac:manage_roles", "rbac:review", "rbac:grant"}},
};

static const Sight *
sight_of(Oid funcid)
{
	char	   *name = get_func_name(funcid);

	for (int i = 0; name != NULL && i < (int) lengthof(sights); i++)
	{
		if (strcmp(name, sights[i].question) == 0)
			return &sights[i];
	}
	return NULL;
}

/* As far as can be told while planning, and then the plan depends on it. */
static bool
sees_all(const Sight *sight, PlannerInfo *root)
{
	rbac_plan_suits_asker(root);
	if (!rbac_plan_may_suit_asker())
		return false;
	for (int i = 0; i < (int) lengthof(sight->scopes) && sight->scopes[i] != NULL; i++)
	{
		if (rbac_holds_everywhere(sight->scopes[i], strlen(sight->scopes[i])))
			return true;
	}
	return false;
}

/*
 * Does the query look for few rows by this column anyway: by a constant, or one
 * for each row of another table?  Then to ask about those is cheaper than to
 * list all, for each of those rows in the worst case.
 */
static bool
is_looked_for(const SupportRequestIndexCondition *request, const Node *column)
{
	ListCell   *cell;

	/* outer joins; others are among the classes */
	foreach(cell, request->index->rel->joininfo)
	{
		Expr	   *clause = lfirst_node(RestrictInfo, cell)->clause;

		if (join_clause_is_movable_to(lfirst(cell), request->index->rel) &&
			is_opclause(clause) && list_length(((OpExpr *) clause)->args) == 2 &&
			(equal(get_leftop(clause), column) || equal(get_rightop(clause), column)))
			return true;
	}
	foreach(cell, request->root->eq_classes)
	{
		EquivalenceClass *class = lfirst(cell);
		ListCell   *member;

		if (class->ec_merged != NULL || list_length(class->ec_members) < 2)
			continue;
		foreach(member, class->ec_members)
		{
			if (equal(((EquivalenceMember *) lfirst(member))->em_expr, column))
				return true;
		}
	}
	return false;
}

/*
 * column = ANY (rbac._visible_users()), which is true of the same rows, by the
 * first column of a btree (decision/index_condition.c says why) and for those
 * who do not see all rows.
 */
static List *
index_condition(SupportRequestIndexCondition *request)
{
	const Sight *sight;
	Node	   *column;
	Expr	   *condition;

	if (!IsA(request->node, FuncExpr) ||
		request->index->relam != BTREE_AM_OID || request->indexcol > 0)
		return NIL;
	sight = sight_of(request->funcid);
	column = linitial(((FuncExpr *) request->node)->args);
	if (sight == NULL || sees_all(sight, request->root) || is_looked_for(request, column))
		return NIL;

	condition = rbac_member_of_set(column, sight->set, NIL, exprType(column),
								   request->opfamily, request->indexcollation);
	if (condition == NULL)
		return NIL;
	request->lossy = false;
	return list_make1(condition);
}

/* For _sees_tenant, _sees_user and _sees_role. */
Datum
rbac_sight_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *selectivity = (SupportRequestSelectivity *) request;
		const Sight *sight = sight_of(selectivity->funcid);

		selectivity->selectivity = sight != NULL && sees_all(sight, selectivity->root) ? 1.0 : rbac_share_of_one_tenant();
		PG_RETURN_POINTER(request);
	}
	if (IsA(request, SupportRequestIndexCondition))
		PG_RETURN_POINTER(index_condition((SupportRequestIndexCondition *) request));
	PG_RETURN_POINTER(NULL);
}
