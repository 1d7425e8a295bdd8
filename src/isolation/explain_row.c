/*
 * explain_row.c
 *		Why can the current user, as the current role, select, update or delete
 *		a row, or why not?
 *
 * The verdict is put together as PostgreSQL does it: the privileges; then, if
 * row-level security binds the role, every restrictive policy and at least one
 * permissive one.  UPDATE and DELETE find their row by a condition, so they
 * take what SELECT takes as well; an UPDATE is judged as one that changes
 * nothing that policies look at.
 *
 * Who may be told?  Whoever has the rights of the table's owner could switch
 * the policies off, so they may see past them.  All others are told what their
 * own SELECT would tell: of a row that it does not show they learn the same as
 * of one that does not exist, which is what holds for all rows; of one that it
 * shows they learn nothing about columns that they may not select.  (How long
 * an answer takes depends on the row as little, or as much, as with SELECT.)
 *
 * What a policy calls runs with the rights of the current role, as in its
 * queries; where row-level security does not bind the role, its queries would
 * not run it, so it is not run here either.
 */
#include "postgres.h"

#include "access/relation.h"
#include "access/sysattr.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "rewrite/rowsecurity.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"

#include "compat.h"
#include "isolation/condition.h"
#include "isolation/row.h"

PG_FUNCTION_INFO_V1(rbac_explain_row);

/* One row of the result. */
typedef struct Reason
{
	const char *policy;			/* NULL: of none */
	const char *kind;			/* an API: add, never rename */
	RbacTruth	passes;
	const char *reason;
} Reason;

/* What is said about one command. */
typedef struct Verdict
{
	const char *command;
	AclMode		privilege;
	char		policies;		/* those of this command, as the catalog calls it */
	bool		is_allowed;
	List	   *reasons;
} Verdict;

typedef struct Inquiry
{
	Relation	table;
	RbacRow    *row;
	Oid			role;
	const char *role_name;
	bool		has_owners_rights;
	bool		is_bound;		/* by row-level security */
	bool		sees_all;		/* what it does not see is not there */
	List	   *policies;		/* those that are for the role, if it is bound */
} Inquiry;

static void
add_reason(Verdict *verdict, const char *policy, const char *kind, RbacTruth passes,
		   const char *reason)
{
	Reason	   *made = palloc(sizeof(Reason));

	made->policy = policy;
	made->kind = kind;
	made->passes = passes;
	made->reason = reason;
	verdict->reasons = lappend(verdict->reasons, made);
}

/*
 * Privileges.
 */

static bool
may_use_column(const Inquiry *inquiry, AttrNumber column, AclMode privilege)
{
	return pg_class_aclcheck(RelationGetRelid(inquiry->table), inquiry->role,
							 privilege) == ACLCHECK_OK ||
		pg_attribute_aclcheck(RelationGetRelid(inquiry->table), column, inquiry->role,
							  privilege) == ACLCHECK_OK;
}

/* Of all columns, sorted out by whether the role may use them. */
static char *
columns_in_words(const Inquiry *inquiry, AclMode privilege, int *nusable)
{
	TupleDesc	columns = RelationGetDescr(inquiry->table);
	StringInfoData text;

	*nusable = 0;
	initStringInfo(&text);
	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (!column->attisdropped && may_use_column(inquiry, column->attnum, privilege))
			appendStringInfo(&text, "%s\"%s\"", (*nusable)++ == 0 ? "" : ", ",
							 NameStr(column->attname));
	}
	return text.data;
}

/* Returns whether there is a way at all; a row's key must be there to be asked for. */
static bool
judge_privilege(const Inquiry *inquiry, Verdict *verdict)
{
	const char *table = RelationGetRelationName(inquiry->table);
	int			nusable = 0;
	char	   *usable;

	if (!rbac_may_use_schema(RelationGetNamespace(inquiry->table), inquiry->role))
	{
		add_reason(verdict, NULL, "privilege", RBAC_FALSE,
				   psprintf("role \"%s\" lacks the privilege USAGE on schema \"%s\"",
							inquiry->role_name,
							get_namespace_name(RelationGetNamespace(inquiry->table))));
		return false;
	}
	if (pg_class_aclcheck(RelationGetRelid(inquiry->table), inquiry->role,
						  verdict->privilege) == ACLCHECK_OK)
		return true;

	usable = columns_in_words(inquiry, verdict->privilege, &nusable);
	if (verdict->privilege == ACL_DELETE || nusable == 0)
	{
		add_reason(verdict, NULL, "privilege", RBAC_FALSE,
				   psprintf("role \"%s\" lacks the privilege %s on table \"%s\"",
							inquiry->role_name, verdict->command, table));
		return false;
	}
	for (int i = 0; verdict->privilege == ACL_SELECT && i < inquiry->row->nkeys; i++)
	{
		AttrNumber	column = inquiry->row->column[i];

		if (may_use_column(inquiry, column, ACL_SELECT))
			continue;
		add_reason(verdict, NULL, "privilege", RBAC_FALSE,
				   psprintf("role \"%s\" lacks the privilege SELECT on column \"%s\" of table \"%s\", so it cannot name the row",
							inquiry->role_name,
							get_attname(RelationGetRelid(inquiry->table), column, false), table));
		return false;
	}
	add_reason(verdict, NULL, "privilege", RBAC_TRUE,
			   psprintf("role \"%s\" has the privilege %s on these columns of table \"%s\" only: %s",
						inquiry->role_name, verdict->command, table, usable));
	return true;
}

/*
 * Policies.
 */

static bool
is_for_role(const RowSecurityPolicy *policy, Oid role)
{
	Oid		   *member = (Oid *) ARR_DATA_PTR(policy->roles);

	for (int i = 0; i < ARR_DIMS(policy->roles)[0]; i++)
	{
		if (member[i] == ACL_ID_PUBLIC || has_privs_of_role(role, member[i]))
			return true;
	}
	return false;
}

/* Restrictive ones first, each kind by name. */
static int
compare_policies(const ListCell *a, const ListCell *b)
{
	const RowSecurityPolicy *x = lfirst(a);
	const RowSecurityPolicy *y = lfirst(b);

	if (x->permissive != y->permissive)
		return x->permissive ? 1 : -1;
	return strcmp(x->policy_name, y->policy_name);
}

/*
 * Those for the role, sorted, as copies: what a policy calls may change them
 * under us.
 */
static List *
read_policies(Relation table, Oid role)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, table->rd_rsdesc->policies)
	{
		const RowSecurityPolicy *policy = lfirst(lc);
		RowSecurityPolicy *copy;

		if (!is_for_role(policy, role))
			continue;
		copy = palloc0(sizeof(RowSecurityPolicy));
		copy->policy_name = pstrdup(policy->policy_name);
		copy->polcmd = policy->polcmd;
		copy->permissive = policy->permissive;
		copy->qual = copyObject(policy->qual);
		copy->with_check_qual = copyObject(policy->with_check_qual);
		result = lappend(result, copy);
	}
	list_sort(result, compare_policies);
	return result;
}

/* May the caller learn what the row says in all columns that this is about? */
static bool
may_know(const Inquiry *inquiry, Node *expression)
{
	TupleDesc	columns = RelationGetDescr(inquiry->table);
	Bitmapset  *used = rbac_columns_in(expression);
	int			i = -1;

	if (inquiry->has_owners_rights || !inquiry->row->is_found)
		return true;
	while ((i = bms_next_member(used, i)) >= 0)
	{
		AttrNumber	column = i + FirstLowInvalidHeapAttributeNumber;

		/* a whole row is all columns */
		for (int j = column == 0 ? 1 : column; j <= (column == 0 ? columns->natts : column); j++)
		{
			if (j > 0 && TupleDescAttr(columns, j - 1)->attisdropped)
				continue;
			if (!may_use_column(inquiry, j, ACL_SELECT))
				return false;
		}
	}
	return true;
}

/* Whose expression it was, should its evaluation fail. */
static void
name_policy(void *arg)
{
	errcontext("policy \"%s\"", (const char *) arg);
}

/* Does one condition of a policy hold?  Says why, if anything is to be said. */
static RbacTruth
judge_condition(const Inquiry *inquiry, Verdict *verdict, const RowSecurityPolicy *policy,
				Node *expression, const char *kind, const char *clause)
{
	ErrorContextCallback context = {
		.previous = error_context_stack,
		.callback = name_policy,
		.arg = policy->policy_name
	};
	RbacCondition *condition;
	RbacTruth	truth;
	char	   *words;

	if (expression == NULL)
	{
		add_reason(verdict, policy->policy_name, kind,
				   policy->permissive ? RBAC_FALSE : RBAC_TRUE,
				   policy->permissive ? "it has no condition under which it allows anything"
				   : "it has no condition that takes anything away");
		return policy->permissive ? RBAC_FALSE : RBAC_TRUE;
	}

	error_context_stack = &context;
	condition = rbac_read_condition(inquiry->row, expression, inquiry->has_owners_rights);
	truth = rbac_judge_condition(condition);
	if (!may_know(inquiry, expression))
		add_reason(verdict, policy->policy_name, kind, RBAC_UNKNOWN,
				   psprintf("it is about columns that role \"%s\" may not select",
							inquiry->role_name));
	else if ((words = rbac_condition_in_words(condition)) != NULL)
		add_reason(verdict, policy->policy_name, kind, truth, psprintf("%s%s", clause, words));
	error_context_stack = context.previous;
	return truth;
}

/* Returns whether all restrictive policies and a permissive one let the row pass. */
static bool
judge_policies(const Inquiry *inquiry, Verdict *verdict)
{
	bool		is_update = verdict->policies == ACL_UPDATE_CHR;
	bool		is_granted = false;
	bool		is_refused = false;
	bool		is_granted_after = false;
	bool		is_refused_after = false;
	bool		has_permissive = false;
	ListCell   *lc;

	foreach(lc, inquiry->policies)
	{
		RowSecurityPolicy *policy = lfirst(lc);
		Node	   *using = (Node *) policy->qual;
		Node	   *check = (Node *) policy->with_check_qual;
		RbacTruth	before;
		RbacTruth	after;

		if (policy->polcmd != '*' && policy->polcmd != verdict->policies)
			continue;
		before = judge_condition(inquiry, verdict, policy, using,
								 policy->permissive ? "permissive" : "restrictive", "");
		after = before;
		if (is_update && check != NULL && !equal(check, using))
			after = judge_condition(inquiry, verdict, policy, check,
									policy->permissive ? "permissive check" : "restrictive check",
									"WITH CHECK, were the row written as it is: ");
		if (policy->permissive)
		{
			has_permissive = true;
			is_granted |= before == RBAC_TRUE;
			is_granted_after |= after == RBAC_TRUE;
		}
		else
		{
			is_refused |= before != RBAC_TRUE;
			is_refused_after |= after != RBAC_TRUE;
		}
	}
	if (!has_permissive)
		add_reason(verdict, NULL, "permissive", RBAC_FALSE,
				   psprintf("no permissive policy lets role \"%s\" %s rows of table \"%s\"",
							inquiry->role_name, verdict->command,
							RelationGetRelationName(inquiry->table)));
	return is_granted && !is_refused && is_granted_after && !is_refused_after;
}

static char *
why_not_bound(const Inquiry *inquiry)
{
	if (!inquiry->table->rd_rel->relrowsecurity)
		return psprintf("row-level security is not enabled on table \"%s\"",
						RelationGetRelationName(inquiry->table));
	if (superuser_arg(inquiry->role))
		return psprintf("row-level security does not bind role \"%s\", which is a superuser",
						inquiry->role_name);
	if (has_bypassrls_privilege(inquiry->role))
		return psprintf("row-level security does not bind role \"%s\", which has BYPASSRLS",
						inquiry->role_name);
	return psprintf("row-level security does not bind role \"%s\": it has the rights of the owner of table \"%s\", where it is not forced",
					inquiry->role_name, RelationGetRelationName(inquiry->table));
}

/* One command; select is the verdict on SELECT, or NULL if this is it. */
static void
judge(Inquiry *inquiry, Verdict *verdict, const Verdict *select)
{
	bool		is_select = select == NULL;
	bool		may = judge_privilege(inquiry, verdict);

	/* what its own SELECT would show, unless it may see more */
	if (is_select)
	{
		inquiry->sees_all = inquiry->has_owners_rights || (may && !inquiry->is_bound);
		if (inquiry->has_owners_rights || may)
			rbac_look_for_row(inquiry->row, inquiry->has_owners_rights);
	}
	if (!inquiry->row->is_found)
		add_reason(verdict, NULL, "row", RBAC_FALSE,
				   inquiry->sees_all ? "there is no row with this key"
				   : "no row with this key is visible");
	else if (!is_select && !select->is_allowed)
		add_reason(verdict, NULL, "select", RBAC_FALSE,
				   psprintf("%s with a condition takes what SELECT takes as well, and the row cannot be selected",
							verdict->command));

	/* without the privilege, nobody but the owner finds out what they say of a row */
	if (inquiry->is_bound && (may || inquiry->has_owners_rights || !inquiry->row->is_found))
		may &= judge_policies(inquiry, verdict);
	else if (!inquiry->is_bound)
		add_reason(verdict, NULL, "row_security", RBAC_TRUE, why_not_bound(inquiry));
	verdict->is_allowed = may && inquiry->row->is_found && (is_select || select->is_allowed);
}

static void
put_verdict(ReturnSetInfo *rows, const Verdict *verdict)
{
	ListCell   *lc;

	foreach(lc, verdict->reasons)
	{
		const Reason *reason = lfirst(lc);
		Datum		values[6] = {0};
		bool		nulls[6] = {0};

		values[0] = CStringGetTextDatum(verdict->command);
		values[1] = BoolGetDatum(verdict->is_allowed);
		if (!(nulls[2] = reason->policy == NULL))
			values[2] = DirectFunctionCall1(namein, CStringGetDatum(reason->policy));
		values[3] = CStringGetTextDatum(reason->kind);
		if (!(nulls[4] = reason->passes == RBAC_UNKNOWN))
			values[4] = BoolGetDatum(reason->passes == RBAC_TRUE);
		values[5] = CStringGetTextDatum(reason->reason);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
}

static Relation
open_table(Oid relid)
{
	Relation	table = try_relation_open(relid, AccessShareLock);

	if (table == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table with oid %u does not exist", relid)));
	if (table->rd_rel->relkind != RELKIND_RELATION &&
		table->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(table)),
				 errdetail("PostgreSQL has row-level security on tables and partitioned tables only.")));
	return table;
}

/*
 * explain_row(tbl, key)
 */
Datum
rbac_explain_row(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"tbl", "key"};
	Verdict		verdicts[] = {
		{.command = "SELECT", .privilege = ACL_SELECT, .policies = ACL_SELECT_CHR},
		{.command = "UPDATE", .privilege = ACL_UPDATE, .policies = ACL_UPDATE_CHR},
		{.command = "DELETE", .privilege = ACL_DELETE, .policies = ACL_DELETE_CHR},
	};
	Inquiry		inquiry = {.role = GetUserId()};
	ListCell   *lc;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s cannot be null", arguments[i])));
	}

	InitMaterializedSRF(fcinfo, 0);
	inquiry.table = open_table(PG_GETARG_OID(0));
	inquiry.role_name = GetUserNameFromId(inquiry.role, false);
	inquiry.has_owners_rights = has_privs_of_role(inquiry.role, inquiry.table->rd_rel->relowner);
	inquiry.is_bound = check_enable_rls(RelationGetRelid(inquiry.table), InvalidOid,
										true) == RLS_ENABLED;
	if (inquiry.is_bound)
		inquiry.policies = read_policies(inquiry.table, inquiry.role);
	inquiry.row = rbac_row_by_key(inquiry.table, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	foreach(lc, inquiry.policies)
	{
		const RowSecurityPolicy *policy = lfirst(lc);

		if (!policy->permissive && policy->polcmd == '*' && policy->qual != NULL &&
			inquiry.row->tenant_column == 0)
			inquiry.row->tenant_column = rbac_tenant_column_in(inquiry.row, (Node *) policy->qual);
	}

	for (int i = 0; i < (int) lengthof(verdicts); i++)
	{
		judge(&inquiry, &verdicts[i], i == 0 ? NULL : &verdicts[0]);
		put_verdict((ReturnSetInfo *) fcinfo->resultinfo, &verdicts[i]);
	}
	relation_close(inquiry.table, AccessShareLock);
	return (Datum) 0;
}
