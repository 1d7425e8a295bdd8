/*
 * condition.c
 *		What a policy asks for, in words.
 *
 * A policy's condition is taken apart along AND and OR, through sub-selects
 * that only wrap an expression.  Three kinds of parts have words of their own:
 * the row's tenant is the current one, its owner is the current user, and the
 * current user holds a scope.  Any other part is quoted as SQL.
 *
 * The whole condition is always evaluated as it is, and alone decides.  Parts
 * are evaluated only to find those to blame, and only those of the three kinds,
 * which cannot fail: amount / quantity need not be defined where
 * quantity > 0 AND amount / quantity > 5 is.
 *
 * Without a row, only what holds for all rows is said.
 */
#include "postgres.h"

#include "access/sysattr.h"
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "rewrite/rewriteManip.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

#include "decision/decision.h"
#include "identity/identity.h"
#include "isolation/condition.h"
#include "model/model.h"

typedef enum ConditionKind
{
	ALL_OF,
	ANY_OF,
	IS_OF_TENANT,
	IS_OF_USER,
	HOLDS_SCOPE,
	ANYTHING_ELSE
} ConditionKind;

/* An expression that stands for a tenant, a department or a user. */
typedef struct Operand
{
	Node	   *expression;		/* NULL: not said */
	bool		isnull;
	char	   *text;			/* of what is not null */
} Operand;

struct RbacCondition
{
	const RbacRow *row;
	bool		may_name_others;	/* tenants and users, not only one's own */
	ConditionKind kind;
	Node	   *expression;
	RbacTruth	truth;
	bool		isnull;			/* of the whole: false because it is null */

	List	   *part;			/* ALL_OF, ANY_OF */
	Operand		tenant;			/* IS_OF_TENANT, HOLDS_SCOPE */
	Operand		department;		/* HOLDS_SCOPE */
	Operand		user;			/* IS_OF_USER */
	char	   *scope;			/* HOLDS_SCOPE */
};

/* Reasons, once each. */
static List *
add_reason(List *reasons, char *reason)
{
	ListCell   *lc;

	if (reason == NULL)
		return reasons;
	foreach(lc, reasons)
	{
		if (strcmp(lfirst(lc), reason) == 0)
			return reasons;
	}
	return lappend(reasons, reason);
}

static char *
join(List *reasons, const char *between)
{
	StringInfoData text;
	ListCell   *lc;

	if (reasons == NIL)
		return NULL;
	initStringInfo(&text);
	foreach(lc, reasons)
		appendStringInfo(&text, "%s%s", foreach_current_index(lc) == 0 ? "" : between,
						 (char *) lfirst(lc));
	return text.data;
}

/*
 * Taking it apart.
 */

/* A sub-select of nothing but one expression. */
static bool
is_wrapper(SubLink *sublink)
{
	Query	   *query = (Query *) sublink->subselect;

	return sublink->subLinkType == EXPR_SUBLINK && IsA(query, Query) &&
		query->commandType == CMD_SELECT && query->rtable == NIL &&
		query->jointree->quals == NULL && query->cteList == NIL &&
		query->havingQual == NULL && query->groupClause == NIL &&
		query->limitCount == NULL && query->limitOffset == NULL &&
		!query->hasAggs && !query->hasWindowFuncs && !query->hasTargetSRFs &&
		list_length(query->targetList) == 1;
}

/* What is inside of wrappers, and of casts that change nothing. */
static Node *
unwrap(Node *node)
{
	for (;;)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, SubLink) && is_wrapper((SubLink *) node))
		{
			Query	   *query = (Query *) ((SubLink *) node)->subselect;

			node = copyObject((Node *) linitial_node(TargetEntry, query->targetList)->expr);
			/* it was one query further in */
			IncrementVarSublevelsUp(node, -1, 1);
		}
		else
			return node;
	}
}

/* A function of this extension: its name without the schema, or NULL. */
static const char *
our_function(Node *node)
{
	Oid			function;

	if (node == NULL || !IsA(node, FuncExpr))
		return NULL;
	function = ((FuncExpr *) node)->funcid;
	return get_func_namespace(function) == rbac_catalog()->namespace ? get_func_name(function) : NULL;
}

static bool
is_function(Node *node, const char *name)
{
	const char *function = our_function(node);

	return function != NULL && strcmp(function, name) == 0;
}

static bool
is_current_tenant(Node *node)
{
	return is_function(node, "current_tenant_id") || is_function(node, "current_tenant_key") ||
		is_function(node, "current_tenant_number");
}

static bool
is_column(Node *node)
{
	return IsA(node, Var) && ((Var *) node)->varlevelsup == 0 && ((Var *) node)->varattno > 0;
}

/* Can an argument be evaluated by itself?  (A cast: an integer taken for a bigint.) */
static bool
read_operand(Operand *operand, Node *argument)
{
	Node	   *node = unwrap(argument);

	operand->expression = node;
	if (IsA(node, FuncExpr) && ((FuncExpr *) node)->funcformat == COERCE_IMPLICIT_CAST &&
		list_length(((FuncExpr *) node)->args) == 1 &&
		((FuncExpr *) node)->funcid < FirstNormalObjectId)
		node = unwrap(linitial(((FuncExpr *) node)->args));
	return is_column(node) || IsA(node, Const) || is_current_tenant(node);
}

static bool
read_equality(RbacCondition *condition, OpExpr *expression)
{
	Node	   *a;
	Node	   *b;

	if (list_length(expression->args) != 2 || expression->opno >= FirstNormalObjectId ||
		strcmp(get_opname(expression->opno), "=") != 0)
		return false;
	a = unwrap(linitial(expression->args));
	b = unwrap(lsecond(expression->args));
	if (!is_column(a))
	{
		Node	   *other = a;

		a = b;
		b = other;
	}
	if (!is_column(a))
		return false;

	if (is_current_tenant(b))
	{
		condition->kind = IS_OF_TENANT;
		condition->tenant.expression = a;
		return true;
	}
	if (is_function(b, "current_user_id"))
	{
		condition->kind = IS_OF_USER;
		condition->user.expression = a;
		return true;
	}
	return false;
}

static bool
read_check(RbacCondition *condition, FuncExpr *expression)
{
	int			nargs = list_length(expression->args);
	Node	   *scope;

	if (!is_function((Node *) expression, "has_scope") &&
		!is_function((Node *) expression, "has_scope_by_key"))
		return false;
	scope = unwrap(linitial(expression->args));
	if (!IsA(scope, Const) || ((Const *) scope)->constisnull ||
		(nargs > 1 && !read_operand(&condition->tenant, lsecond(expression->args))) ||
		(nargs > 2 && !read_operand(&condition->department, lthird(expression->args))))
		return false;
	condition->kind = HOLDS_SCOPE;
	condition->scope = TextDatumGetCString(((Const *) scope)->constvalue);
	return true;
}

/* tenant_id = ANY (rbac.tenants_with_scope('read:task')) */
static bool
read_membership(RbacCondition *condition, ScalarArrayOpExpr *expression)
{
	Node	   *set = unwrap(lsecond(expression->args));
	Node	   *scope;

	if (!expression->useOr || expression->opno >= FirstNormalObjectId ||
		strcmp(get_opname(expression->opno), "=") != 0 ||
		!(is_function(set, "tenants_with_scope") || is_function(set, "tenant_keys_with_scope")) ||
		!read_operand(&condition->tenant, linitial(expression->args)))
		return false;
	scope = unwrap(linitial(((FuncExpr *) set)->args));
	if (!IsA(scope, Const) || ((Const *) scope)->constisnull)
		return false;
	condition->kind = HOLDS_SCOPE;
	condition->scope = TextDatumGetCString(((Const *) scope)->constvalue);
	return true;
}

static RbacCondition *
read_part(const RbacRow *row, Node *expression, bool may_name_others)
{
	RbacCondition *condition = palloc0(sizeof(RbacCondition));
	Node	   *node = unwrap(expression);

	/* policies are far less deep, but may come from anybody */
	check_stack_depth();
	condition->row = row;
	condition->may_name_others = may_name_others;
	condition->expression = node;
	condition->truth = RBAC_UNKNOWN;
	condition->kind = ANYTHING_ELSE;
	if (IsA(node, BoolExpr) && ((BoolExpr *) node)->boolop != NOT_EXPR)
	{
		ListCell   *lc;

		condition->kind = ((BoolExpr *) node)->boolop == AND_EXPR ? ALL_OF : ANY_OF;
		foreach(lc, ((BoolExpr *) node)->args)
			condition->part = lappend(condition->part,
									  read_part(row, lfirst(lc), may_name_others));
	}
	else if (IsA(node, OpExpr))
		(void) read_equality(condition, (OpExpr *) node);
	else if (IsA(node, FuncExpr))
		(void) read_check(condition, (FuncExpr *) node);
	else if (IsA(node, ScalarArrayOpExpr))
		(void) read_membership(condition, (ScalarArrayOpExpr *) node);
	if (condition->kind == ANYTHING_ELSE)
	{
		condition->expression = expression;
		condition->tenant.expression = condition->department.expression = NULL;
	}
	return condition;
}

/*
 * A policy's condition, about a row that has been looked for.  may_name_others:
 * the caller may learn the names of tenants and users.
 */
RbacCondition *
rbac_read_condition(const RbacRow *row, Node *expression, bool may_name_others)
{
	RbacCondition *condition = read_part(row, expression, may_name_others);

	/* what is evaluated is what stands there */
	condition->expression = expression;
	return condition;
}

/* The column, if the condition says that its tenant is the current one; else 0. */
AttrNumber
rbac_tenant_column_in(const RbacRow *row, Node *expression)
{
	RbacCondition *condition = read_part(row, expression, false);

	return condition->kind == IS_OF_TENANT ? ((Var *) condition->tenant.expression)->varattno : 0;
}

/*
 * Is the tenant that is asked about the current one, as far as any row can be
 * seen?  Then what has no row says the same for all.
 */
static bool
is_about_current_tenant(const RbacCondition *condition)
{
	const Node *tenant = condition->tenant.expression;

	return tenant == NULL ||
		(condition->row->tenant_column != 0 && condition->department.expression == NULL &&
		 IsA(tenant, Var) && ((const Var *) tenant)->varattno == condition->row->tenant_column);
}

/*
 * What it comes to.
 */

static void
collect(RbacCondition *condition, bool is_whole, List **expressions, List **conditions)
{
	ListCell   *lc;

	foreach(lc, condition->part)
		collect(lfirst(lc), false, expressions, conditions);
	if (is_whole || (condition->part == NIL && condition->kind != ANYTHING_ELSE))
	{
		*expressions = lappend(*expressions, condition->expression);
		*conditions = lappend(*conditions, condition);
	}
}

static void
collect_operands(RbacCondition *condition, List **expressions, List **operands)
{
	Operand    *operand[] = {&condition->tenant, &condition->department, &condition->user};

	for (int i = 0; i < (int) lengthof(operand); i++)
	{
		if (operand[i]->expression == NULL)
			continue;
		*expressions = lappend(*expressions, operand[i]->expression);
		*operands = lappend(*operands, operand[i]);
	}
}

static void
set_operand(Operand *operand, Datum value, bool isnull)
{
	Oid			output;
	bool		is_varlena;

	operand->isnull = isnull;
	if (isnull)
		return;
	getTypeOutputInfo(exprType(operand->expression), &output, &is_varlena);
	operand->text = OidOutputFunctionCall(output, value);
}

/* By the row.  What combines parts is not asked for, but the whole is. */
static void
evaluate(RbacCondition *condition)
{
	List	   *expressions = NIL;
	List	   *conditions = NIL;
	List	   *operands = NIL;
	Datum	   *values;
	bool	   *isnull;
	int			n = 0;
	ListCell   *lc;

	collect(condition, true, &expressions, &conditions);
	foreach(lc, conditions)
		collect_operands(lfirst(lc), &expressions, &operands);
	values = palloc(sizeof(Datum) * list_length(expressions));
	isnull = palloc(sizeof(bool) * list_length(expressions));
	rbac_evaluate_for_row(condition->row, expressions, values, isnull);

	foreach(lc, conditions)
	{
		RbacCondition *part = lfirst(lc);

		part->isnull = isnull[n];
		part->truth = !isnull[n] && DatumGetBool(values[n]) ? RBAC_TRUE : RBAC_FALSE;
		n++;
	}
	foreach(lc, operands)
	{
		set_operand(lfirst(lc), values[n], isnull[n]);
		n++;
	}
}

/* What all rows have in common. */
static void
judge_without_row(RbacCondition *condition)
{
	const RbacIdentity *identity = rbac_identity();
	RbacQuestion question;

	if (condition->kind == ANYTHING_ELSE || condition->part != NIL)
		return;
	if (identity == NULL || (condition->tenant.expression != NULL && !identity->has_tenant &&
							 (condition->kind == IS_OF_TENANT || is_about_current_tenant(condition))))
		condition->truth = RBAC_FALSE;
	else if (condition->kind == HOLDS_SCOPE && is_about_current_tenant(condition) &&
			 rbac_current_question(&question))
		condition->truth = rbac_decide(&question, condition->scope) ? RBAC_TRUE : RBAC_FALSE;
}

/* From the parts to what combines them, as far as they say. */
static void
combine(RbacCondition *condition)
{
	RbacTruth	decisive = condition->kind == ALL_OF ? RBAC_FALSE : RBAC_TRUE;
	bool		is_unknown = false;
	bool		is_decided = false;
	ListCell   *lc;

	if (!condition->row->is_found)
		judge_without_row(condition);
	foreach(lc, condition->part)
	{
		RbacCondition *part = lfirst(lc);

		combine(part);
		is_decided |= part->truth == decisive;
		is_unknown |= part->truth == RBAC_UNKNOWN;
	}
	if (condition->part == NIL || condition->truth != RBAC_UNKNOWN)
		return;
	if (is_decided)
		condition->truth = decisive;
	else if (!is_unknown)
		condition->truth = decisive == RBAC_FALSE ? RBAC_TRUE : RBAC_FALSE;
}

/* Does it hold for the row; or, if the row was not found, for any? */
RbacTruth
rbac_judge_condition(RbacCondition *condition)
{
	if (condition->row->is_found)
		evaluate(condition);
	combine(condition);
	return condition->truth;
}

/*
 * In words.
 */

static char *
user_in_words(const RbacCondition *condition, const pg_uuid_t *id)
{
	const RbacIdentity *identity = rbac_identity();
	char	   *name = NULL;

	if (condition->may_name_others ||
		(identity != NULL && memcmp(id, &identity->user_id, UUID_LEN) == 0))
	{
		RbacReader *reader = rbac_read_begin();

		if (!rbac_read_user(reader, id, NULL, &name))
			name = NULL;
		rbac_read_end(reader);
	}
	return name ? psprintf("user \"%s\"", name) : psprintf("user %s", rbac_uuid_text(id));
}

static char *
tenant_in_words(const RbacCondition *condition, const pg_uuid_t *id)
{
	const RbacIdentity *identity = rbac_identity();
	char	   *key = NULL;

	if (condition->may_name_others ||
		(identity != NULL && identity->has_tenant &&
		 memcmp(id, &identity->tenant_id, UUID_LEN) == 0))
	{
		RbacReader *reader = rbac_read_begin();

		if (!rbac_read_tenant(reader, id, NULL, &key))
			key = NULL;
		rbac_read_end(reader);
	}
	return key ? psprintf("\"%s\"", key) : rbac_uuid_text(id);
}

static bool
is_uuid(const Operand *operand)
{
	return getBaseType(exprType(operand->expression)) == UUIDOID;
}

static pg_uuid_t *
uuid_of(const Operand *operand)
{
	return DatumGetUUIDP(DirectFunctionCall1(uuid_in, CStringGetDatum(operand->text)));
}

static char *
current_tenant_in_words(const RbacCondition *condition)
{
	return tenant_in_words(condition, &rbac_identity()->tenant_id);
}

static char *
tenant_of_row(const RbacCondition *condition)
{
	const RbacIdentity *identity = rbac_identity();
	char	   *tenant;

	if (identity == NULL)
		return pstrdup("nobody is asking: no identity is set");
	if (!identity->has_tenant)
		return pstrdup("there is no current tenant");
	if (!condition->row->is_found)
		return NULL;
	if (condition->tenant.isnull)
		return pstrdup("the row belongs to no tenant");
	if (condition->truth == RBAC_TRUE)
		return psprintf("the row belongs to the current tenant, %s",
						current_tenant_in_words(condition));
	tenant = is_uuid(&condition->tenant)
		? tenant_in_words(condition, uuid_of(&condition->tenant))
		: psprintf("\"%s\"", condition->tenant.text);
	return psprintf("the row belongs to tenant %s, the current tenant is %s",
					tenant, current_tenant_in_words(condition));
}

static char *
owner_of_row(const RbacCondition *condition)
{
	Var		   *column = (Var *) condition->user.expression;
	char	   *name = get_attname(RelationGetRelid(condition->row->table), column->varattno, false);

	if (rbac_identity() == NULL)
		return pstrdup("nobody is asking: no identity is set");
	if (!condition->row->is_found)
		return NULL;
	if (condition->user.isnull)
		return psprintf("the row has no owner (\"%s\" is null)", name);
	return psprintf("the row's owner (\"%s\") is %s", name,
					user_in_words(condition, uuid_of(&condition->user)));
}

/* The tenant and the department that are asked about.  Returns why there are none. */
static char *
read_question(const RbacCondition *condition, RbacQuestion *question)
{
	if (condition->tenant.expression == NULL)
		return NULL;
	if (condition->tenant.isnull)
		return pstrdup(is_column(condition->tenant.expression)
					   ? "the row belongs to no tenant" : "there is no current tenant");
	if (is_uuid(&condition->tenant))
		question->tenant_id = uuid_of(&condition->tenant);
	else
	{
		RbacReader *reader = rbac_read_begin();
		pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
		bool		exists = rbac_read_tenant_id(reader, condition->tenant.text,
												 strlen(condition->tenant.text), id);

		rbac_read_end(reader);
		if (!exists)
			return psprintf("there is no tenant \"%s\"", condition->tenant.text);
		question->tenant_id = id;
	}
	if (condition->department.expression == NULL)
		return NULL;
	if (condition->department.isnull)
		return pstrdup("the row belongs to no department");
	question->department_id = uuid_of(&condition->department);
	return NULL;
}

static char *
scope_held(const RbacCondition *condition)
{
	RbacQuestion question;
	char	   *obstacle;

	if (!rbac_current_question(&question))
		return pstrdup("nobody is asking: no identity is set");
	if (!condition->row->is_found && !is_about_current_tenant(condition))
		return NULL;
	obstacle = condition->row->is_found ? read_question(condition, &question) : NULL;
	if (obstacle != NULL)
		return obstacle;
	obstacle = rbac_describe(&question, condition->scope, condition->truth == RBAC_TRUE,
							 condition->may_name_others);
	if (question.tenant_id == NULL && condition->truth == RBAC_FALSE)
		return psprintf("there is no current tenant, and %s", obstacle);
	return obstacle;
}

static char *
as_sql(const RbacCondition *condition)
{
	Relation	table = condition->row->table;

	return deparse_expression(condition->expression,
							  deparse_context_for(RelationGetRelationName(table),
												  RelationGetRelid(table)),
							  false, false);
}

static char *
quote(const RbacCondition *condition, RbacTruth truth)
{
	if (!condition->row->is_found)
		return NULL;
	return psprintf("%s for this row: %s",
					truth == RBAC_TRUE ? "true" :
					condition->truth == RBAC_UNKNOWN ? "false or null" :
					condition->isnull ? "null" : "false",
					as_sql(condition));
}

static List *explain(List *reasons, const RbacCondition *condition, RbacTruth truth);

/* Those parts that are known to be to blame; else those that may be. */
static List *
explain_parts(List *reasons, const RbacCondition *condition, RbacTruth truth)
{
	bool		one_is_enough = truth == (condition->kind == ALL_OF ? RBAC_FALSE : RBAC_TRUE);
	bool		is_known = false;
	int			nunknown = 0;
	ListCell   *lc;

	foreach(lc, condition->part)
	{
		is_known |= ((RbacCondition *) lfirst(lc))->truth == truth;
		nunknown += ((RbacCondition *) lfirst(lc))->truth == RBAC_UNKNOWN;
	}
	if (one_is_enough && !is_known && nunknown > 1)
		return add_reason(reasons, quote(condition, truth));
	foreach(lc, condition->part)
	{
		RbacCondition *part = lfirst(lc);

		if (one_is_enough && part->truth != (is_known ? truth : RBAC_UNKNOWN))
			continue;
		/* a row without a department is no obstacle of its own */
		if (!one_is_enough && truth == RBAC_FALSE && part->department.expression != NULL &&
			part->department.isnull && list_length(condition->part) > 1)
			continue;
		reasons = explain(reasons, part, truth);
		if (one_is_enough && is_known && truth == RBAC_TRUE)
			break;
	}
	return reasons;
}

/* Why is it true, or false, as it is known to be? */
static List *
explain(List *reasons, const RbacCondition *condition, RbacTruth truth)
{
	switch (condition->kind)
	{
		case ALL_OF:
		case ANY_OF:
			return explain_parts(reasons, condition, truth);
		case IS_OF_TENANT:
			return add_reason(reasons, tenant_of_row(condition));
		case IS_OF_USER:
			return add_reason(reasons, owner_of_row(condition));
		case HOLDS_SCOPE:
			return add_reason(reasons, scope_held(condition));
		case ANYTHING_ELSE:
			break;
	}
	return add_reason(reasons, quote(condition, truth));
}

/* What is in the way of any row, though it may not be in the way of all. */
static List *
explain_false_parts(List *reasons, const RbacCondition *condition)
{
	ListCell   *lc;

	if (condition->part == NIL && condition->truth == RBAC_FALSE)
		return explain(reasons, condition, RBAC_FALSE);
	foreach(lc, condition->part)
		reasons = explain_false_parts(reasons, lfirst(lc));
	return reasons;
}

/*
 * Why, after it has been judged?  If only the row could say, what is known to
 * be in its way; NULL if nothing is.
 */
char *
rbac_condition_in_words(RbacCondition *condition)
{
	if (condition->truth == RBAC_UNKNOWN)
		return join(explain_false_parts(NIL, condition), "; ");
	return join(explain(NIL, condition, condition->truth), "; ");
}

/*
 * The columns that a condition is about, sub-queries included, as offsets from
 * the first system column.
 */

typedef struct Columns
{
	Bitmapset  *column;
	int			depth;
} Columns;

static bool
add_columns(Node *node, Columns *columns)
{
	bool		result;

	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Var		   *var = (Var *) node;

		if (var->varno == 1 && (int) var->varlevelsup == columns->depth)
			columns->column = bms_add_member(columns->column,
											 var->varattno - FirstLowInvalidHeapAttributeNumber);
		return false;
	}
	if (IsA(node, Query))
	{
		columns->depth++;
		result = query_tree_walker((Query *) node, add_columns, columns, 0);
		columns->depth--;
		return result;
	}
	return expression_tree_walker(node, add_columns, columns);
}

Bitmapset *
rbac_columns_in(Node *expression)
{
	Columns		columns = {0};

	(void) add_columns(expression, &columns);
	return columns.column;
}
