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
#include "model/model.h"

PG_FUNCTION_INFO_V1(rbac_check_support);

/* A check costs about as much as this many comparisons of integers. */
#define CHECK_COST 2.0

/*
 * Over rows of many tenants, a user sees those of a few: assume one.
 */
static double
share_of_one_tenant(void)
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

Datum
rbac_check_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestCost))
	{
		SupportRequestCost *cost = (SupportRequestCost *) request;

		cost->startup = 0;
		cost->per_tuple = CHECK_COST * cpu_operator_cost;
		PG_RETURN_POINTER(cost);
	}
	if (IsA(request, SupportRequestSelectivity))
	{
		SupportRequestSelectivity *selectivity = (SupportRequestSelectivity *) request;

		/*
		 * The same for every row: then either no plan matters, or the one
		 * for all rows.
		 */
		if (!contain_var_clause((Node *) selectivity->args))
			selectivity->selectivity = 1.0;
		else
			selectivity->selectivity = share_of_one_tenant();
		PG_RETURN_POINTER(selectivity);
	}
	PG_RETURN_POINTER(NULL);
}
