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
#include "nodes/pathnodes.h"
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

static bool
is_current_tenant(const Node *node)
{
	const FuncExpr *call = (const FuncExpr *) node;
	char	   *name;

	if (!IsA(node, FuncExpr) || get_func_namespace(call->funcid) != rbac_catalog()->namespace)
		return false;
	name = get_func_name(call->funcid);
	return name != NULL && strncmp(name, "current_tenant_", strlen("current_tenant_")) == 0;
}

/*
 * Are only rows of the current tenant asked about, by another condition on the
 * same column?
 */
static bool
is_of_current_tenant(const PlannerInfo *root, Node *column)
{
	const Var  *var;
	const RelOptInfo *rel;
	ListCell   *cell;

	column = strip_implicit_coercions(column);
	if (!IsA(column, Var) || root == NULL)
		return false;
	var = (const Var *) column;
	if (var->varlevelsup != 0 || IS_SPECIAL_VARNO(var->varno) ||
		(int) var->varno >= root->simple_rel_array_size)
		return false;
	rel = root->simple_rel_array[var->varno];
	if (rel == NULL)
		return false;

	foreach(cell, rel->baserestrictinfo)
	{
		const OpExpr *equation = (const OpExpr *) lfirst_node(RestrictInfo, cell)->clause;
		Node	   *left;
		Node	   *right;

		if (!IsA(equation, OpExpr) || list_length(equation->args) != 2)
			continue;
		left = strip_implicit_coercions(linitial(equation->args));
		right = strip_implicit_coercions(lsecond(equation->args));
		if ((equal(left, column) && is_current_tenant(right)) ||
			(equal(right, column) && is_current_tenant(left)))
			return true;
	}
	return false;
}

/*
 * How many of the rows does has_scope let pass, by the statistics of the
 * columns that it asks about?
 */
static Selectivity
share_of_current_user(const SupportRequestSelectivity *request)
{
	Expr	   *condition;

	if (is_of_current_tenant(request->root, lsecond(request->args)))
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
