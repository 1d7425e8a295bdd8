/*
 * policies_first.c
 *		Nothing that can be noticed happens before the policies have judged a row.
 *
 * PostgreSQL evaluates a condition of the query's own before the policies if it
 * is cheap and takes it for leakproof: if it hands no column to a function that
 * could tell.  But whether a function is called at all tells as well:
 *
 *		WHERE CASE WHEN note = 'secret' THEN shout('found') END
 *		WHERE note = 'secret' AND shout('found')
 *		WHERE CASE WHEN note = 'secret' THEN (SELECT shout('found')) END
 *
 * shout is given no column, and yet is heard for each row, of whatever tenant,
 * that has the note.  So we call leakproof only what calls no other functions
 * than leakproof ones, columns or not, and evaluates no sub-select.  Whatever
 * else there is waits for the policies.
 *
 * That changes in which order a scan looks at its conditions, and nothing else:
 * it is done after all plans have been thought of, so that each can be had as
 * before.  It is for all tables with policies, ours or not, from when the
 * library is there; and planning a query that has a policy with a function of
 * ours brings it.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "optimizer/planner.h"
#include "utils/lsyscache.h"

#include "isolation/isolation.h"

static create_upper_paths_hook_type next_hook = NULL;

static bool
is_not_leakproof(Oid funcid, void *context)
{
	return !get_func_leakproof(funcid);
}

/* Would anybody notice whether this is evaluated? */
static bool
is_noticeable(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_not_leakproof, context) || IsA(node, NextValueExpr))
		return true;
	/* a sub-select is evaluated when somebody first wants to know */
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		return true;
	return expression_tree_walker(node, is_noticeable, context);
}

static void
distrust(List *conditions)
{
	ListCell   *cell;

	foreach(cell, conditions)
	{
		RestrictInfo *condition = lfirst_node(RestrictInfo, cell);

		if (condition->leakproof && is_noticeable((Node *) condition->clause, NULL))
			condition->leakproof = false;
	}
}

static void
judge_policies_first(PlannerInfo *root)
{
	ListCell   *cell;

	if (root->qual_security_level == 0)
		return;					/* no table of this query has policies */

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *rel = root->simple_rel_array[i];

		if (rel == NULL)
			continue;
		distrust(rel->baserestrictinfo);
		foreach(cell, rel->ppilist)
			distrust(lfirst_node(ParamPathInfo, cell)->ppi_clauses);
	}

	/* min() and max() by an index are planned apart */
	foreach(cell, root->minmax_aggs)
		judge_policies_first(lfirst_node(MinMaxAggInfo, cell)->subroot);
}

static void
all_paths_are_known(PlannerInfo *root, UpperRelationKind stage,
					RelOptInfo *input_rel, RelOptInfo *output_rel, void *extra)
{
	if (next_hook)
		next_hook(root, stage, input_rel, output_rel, extra);
	if (stage == UPPERREL_FINAL)
		judge_policies_first(root);
}

void
rbac_isolation_init(void)
{
	next_hook = create_upper_paths_hook;
	create_upper_paths_hook = all_paths_are_known;
}
