/*
 * support.c
 *		What the planner should know of a check: its cost and its selectivity.
 *
 * Never the answer: plans are cached and outlive grants.
 */
#include "postgres.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "decision/decision.h"
#include "decision/index_condition.h"
#include "decision/plan_class.h"
#include "identity/identity.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(rbac_check_support);
PG_FUNCTION_INFO_V1(rbac_has_scope_support);

/*
 * A check costs about as much as this many comparisons of integers; about a
 * department, which is looked for among those above it, more.
 */
#define CHECK_COST 2.0
#define DEPARTMENT_CHECK_COST 15.0

/*
 * Over rows of many tenants, a user sees those of a few: assume one.
 */
double
rbac_share_of_one_tenant(void)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(rbac_catalog()->table[RBAC_TENANTS]));
	double		tenants = 0;

	if (HeapTupleIsValid(tuple))
	{
		tenants = ((Form_pg_class) GETSTRUCT(tuple))->reltuples;
		ReleaseSysCache(tuple);
	}
	return tenants > 1 ? 1.0 / tenants : 0.5;
}

/*
 * How many of the rows does has_scope let pass, by the statistics of the
 * columns that it asks about?
 */
static Selectivity
share_of_current_user(const SupportRequestSelectivity *request)
{
	Expr	   *condition;

	if (rbac_is_named_by_query(request->root, lsecond(request->args)))
		return 1.0;				/* all of them, or none */
	if (!rbac_plan_may_suit_asker() || request->is_join)
		return rbac_share_of_one_tenant();
	rbac_plan_suits_asker(request->root);
	if (rbac_is_held_everywhere(linitial(request->args)))
		return 1.0;
	condition = rbac_estimable_condition(request->args);
	if (condition == NULL)
		return rbac_share_of_one_tenant();
	return clause_selectivity(request->root, (Node *) condition, request->varRelid,
							  request->jointype, request->sjinfo);
}

static void
answer_cost(SupportRequestCost *request, double comparisons)
{
	request->startup = 0;
	request->per_tuple = comparisons * cpu_operator_cost;
}

/*
 * A check that is the same for every row: then either no plan matters, or the
 * one for all rows.
 */
static bool
is_about_no_row(const SupportRequestSelectivity *request)
{
	return !contain_var_clause((Node *) request->args);
}

/* For has_scope. */
Datum
rbac_has_scope_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		answer_cost(cost, get_func_nargs(cost->funcid) > 2 ? DEPARTMENT_CHECK_COST : CHECK_COST);
		PG_RETURN_POINTER(request);
	}
	if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *selectivity = (SupportRequestSelectivity *) request;

		selectivity->selectivity = is_about_no_row(selectivity) ? 1.0 : share_of_current_user(selectivity);
		PG_RETURN_POINTER(request);
	}
	if (IsA(request, SupportRequestIndexCondition))
		PG_RETURN_POINTER(rbac_index_condition((SupportRequestIndexCondition *) request));
	PG_RETURN_POINTER(NULL);
}

/* For the other checks. */
Datum
rbac_check_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost))
	{
		answer_cost((SupportRequestCost *) request, CHECK_COST);
		PG_RETURN_POINTER(request);
	}
	if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *selectivity = (SupportRequestSelectivity *) request;

		selectivity->selectivity = is_about_no_row(selectivity) ? 1.0 : rbac_share_of_one_tenant();
		PG_RETURN_POINTER(request);
	}
	PG_RETURN_POINTER(NULL);
}
