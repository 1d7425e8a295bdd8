/*
 * index_condition.c
 *		From has_scope(scope, tenant_id) to an index condition.
 *
 * has_scope asks about one row at a time, so by itself it makes a query read
 * all of them.  But the tenants, or departments, where the current user holds a
 * scope can be listed before the first row is read, and
 *
 *		tenant_id = ANY (rbac.tenants_with_scope(scope))
 *
 * is true of the same rows.  (So are lists of keys for has_scope_by_key, and of
 * departments.)  The planner asks for such a form by
 * SupportRequestIndexCondition where an index serves it, and weighs it against
 * the plan that asks about each row.  The list is made as a scan begins, for
 * whoever is asking then, so that a plan may be kept and run by others.
 *
 * For somebody who holds a scope in every tenant the list would be of all
 * tenants and select nothing, so that plans made for them do without
 * (plan_class.c says what becomes of those that are kept).  Nor is it of use
 * where the query itself says which tenant, as by tenant_id = $1: then asking
 * about each of its rows is cheaper than a list that may be long.
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/pathnodes.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"
#include "optimizer/restrictinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

#include "compat.h"
#include "decision/decision.h"
#include "decision/index_condition.h"
#include "decision/plan_class.h"
#include "model/model.h"

/* Where the arguments of has_scope stand. */
#define SCOPE_ARGUMENT 0
#define DEPARTMENT_ARGUMENT 2

/* A function of ours; InvalidOid if it is not there, as during an upgrade. */
Oid
rbac_find_function(const char *name, List *args)
{
	Oid			argtypes[FUNC_MAX_ARGS];
	int			nargs = 0;
	ListCell   *cell;

	foreach(cell, args)
		argtypes[nargs++] = exprType(lfirst(cell));
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(buildoidvector(argtypes, nargs)),
						   ObjectIdGetDatum(rbac_catalog()->namespace));
}

/*
 * column = ANY (function(args)), where the function is one of ours that makes an
 * array of this type, by the equality of this family.  NULL if that cannot be
 * said, or the function may not be called.
 */
Expr *
rbac_member_of_set(Node *column, const char *function, List *args, Oid type, Oid opfamily, Oid collation)
{
	Oid			funcid = rbac_find_function(function, args);
	Oid			operator = get_opfamily_member(opfamily, getBaseType(exprType(column)), type,
											   BTEqualStrategyNumber);
	ScalarArrayOpExpr *member;

	if (!OidIsValid(funcid) || !OidIsValid(operator) || !rbac_may_execute(funcid, GetUserId()))
		return NULL;
	member = makeNode(ScalarArrayOpExpr);
	member->opno = operator;
	member->opfuncid = get_opcode(operator);
	member->useOr = true;
	member->inputcollid = collation;
	member->args = list_make2(copyObject(column),
							  makeFuncExpr(funcid, get_array_type(type), copyObject(args),
										   get_typcollation(type), DEFAULT_COLLATION_OID,
										   COERCE_EXPLICIT_CALL));
	member->location = -1;
	return (Expr *) member;
}

/*
 * The set of ours that an argument of has_scope or has_scope_by_key must be a
 * member of, and the type of its members.  NULL if there is none.
 */
static const char *
set_asked_about(const List *args, int argument, Oid *type)
{
	Oid			argtype = getBaseType(exprType(list_nth(args, argument)));
	bool		in_department = list_length(args) > DEPARTMENT_ARGUMENT;

	*type = argtype == INT4OID ? INT8OID : argtype;
	if (argument == DEPARTMENT_ARGUMENT)
		return "departments_with_scope";
	if (argtype == UUIDOID)
		return in_department ? "_tenants_touched_by_scope" : "tenants_with_scope";
	if (in_department)
		return NULL;
	return *type == INT8OID ? "_tenant_numbers_with_scope" : "tenant_keys_with_scope";
}

/*
 * What is true of the same rows as the check with these arguments, or of those
 * and some more, said of one of them.  NULL if it cannot be said.
 */
static Expr *
said_of(const List *args, int argument, Oid opfamily, Oid collation)
{
	Oid			type;
	const char *function = set_asked_about(args, argument, &type);

	if (function == NULL)
		return NULL;
	return rbac_member_of_set(list_nth(args, argument), function,
							  list_make1(list_nth(args, SCOPE_ARGUMENT)), type, opfamily, collation);
}

/*
 * Can this index look for the members of a list, in its own order?  A btree,
 * and before PostgreSQL 17 by its first column only: lists for later ones are
 * run through one after the other, and the planner, which sees a function where
 * there is a list, would take the result for sorted.  Nor one that takes
 * different keys for equal.
 */
static bool
index_serves(const SupportRequestIndexCondition *request)
{
	return request->index->relam == BTREE_AM_OID &&
		(request->indexcol == 0 || RBAC_LISTS_KEEP_ORDER) &&
		(!OidIsValid(request->indexcollation) || get_collation_isdeterministic(request->indexcollation));
}

static Node *
without_relabel(Node *node)
{
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/*
 * Does another condition, of the query or of a policy, say that this column is
 * equal to something that is known as a scan begins?  One that an index on the
 * column serves.
 */
bool
rbac_is_named_by_query(const PlannerInfo *root, Node *column)
{
	const Var  *var;
	RelOptInfo *rel;
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
		RestrictInfo *condition = lfirst_node(RestrictInfo, cell);
		const OpExpr *equation = (const OpExpr *) condition->clause;
		Node	   *left;
		Node	   *right;
		Node	   *other;

		if (!IsA(equation, OpExpr) || list_length(equation->args) != 2 ||
			!restriction_is_securely_promotable(condition, rel))
			continue;
		left = without_relabel(linitial(equation->args));
		right = without_relabel(lsecond(equation->args));
		if (equal(left, column))
			other = right;
		else if (equal(right, column))
			other = left;
		else
			continue;
		if (op_mergejoinable(equation->opno, exprType(left)) &&
			!contain_var_clause(other) && !contain_volatile_functions(other))
			return true;
	}
	return false;
}

/*
 * Does the current user hold this scope in every tenant, as far as can be told
 * while planning?
 */
bool
rbac_is_held_everywhere(const Node *scope)
{
	const Const *constant = (const Const *) scope;
	text	   *name;

	if (!IsA(scope, Const) || constant->constisnull || !rbac_plan_may_suit_asker())
		return false;
	name = DatumGetTextPP(constant->constvalue);
	return rbac_holds_everywhere(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));
}

/* A list of conditions, or NIL. */
List *
rbac_index_condition(SupportRequestIndexCondition *request)
{
	List	   *args;
	Node	   *scope;
	Expr	   *condition;

	if (!IsA(request->node, FuncExpr) || request->indexarg == SCOPE_ARGUMENT ||
		!index_serves(request))
		return NIL;
	args = ((FuncExpr *) request->node)->args;
	scope = list_nth(args, SCOPE_ARGUMENT);
	if (!is_pseudo_constant_for_index(request->root, scope, request->index) ||
		rbac_is_named_by_query(request->root, list_nth(args, request->indexarg)))
		return NIL;
	rbac_plan_suits_asker(request->root);
	if (rbac_is_held_everywhere(scope))
		return NIL;

	condition = said_of(args, request->indexarg, request->opfamily, request->indexcollation);
	if (condition == NULL)
		return NIL;

	/*
	 * A department in the list may stand beside a tenant that is not its own;
	 * a tenant in the list may only be touched.
	 */
	request->lossy = list_length(args) > DEPARTMENT_ARGUMENT;
	return list_make1(condition);
}

/*
 * The condition by which to guess how many rows a check lets pass, by the
 * statistics of one of its columns.  NULL if none of them is a column, or the
 * scope is not known while planning.
 */
Expr *
rbac_estimable_condition(const List *args)
{
	if (!IsA(list_nth(args, SCOPE_ARGUMENT), Const))
		return NULL;
	for (int argument = list_length(args) - 1; argument > SCOPE_ARGUMENT; argument--)
	{
		Node	   *column = list_nth(args, argument);
		TypeCacheEntry *type;

		if (!contain_var_clause(column))
			continue;
		type = lookup_type_cache(exprType(column), TYPECACHE_BTREE_OPFAMILY);
		return OidIsValid(type->btree_opf)
			? said_of(args, argument, type->btree_opf, exprCollation(column)) : NULL;
	}
	return NULL;
}
