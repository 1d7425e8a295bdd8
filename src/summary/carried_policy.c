/*
 * carried_policy.c
 *		A policy of the source, in terms of a table behind a summary.
 *
 * The tables behind a summary have all columns that the policies look at, so each
 * policy lets see the counts of just those rows that it lets see in the source.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_carried_policy);

typedef struct Carrying
{
	Index		level;			/* of sub-selects */
	AttrNumber	number[RBAC_MAX_KEY_COLUMNS];	/* in the source, by the place in the key */
	int			nkeys;
	bool		is_complete;
} Carrying;

/* Columns of the table itself become those of the table behind the summary. */
static Node *
carry(Node *node, Carrying *carrying)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varlevelsup == carrying->level)
	{
		Var		   *column = copyObject((Var *) node);

		if (column->varno != 1)
			return (Node *) column;
		for (int i = 0; i < carrying->nkeys; i++)
		{
			if (carrying->number[i] == column->varattno)
			{
				/* after the slot */
				column->varattno = column->varattnosyn = i + 2;
				return (Node *) column;
			}
		}
		carrying->is_complete = false;
		return (Node *) column;
	}
	if (IsA(node, Query))
	{
		Query	   *query;

		carrying->level++;
		query = query_tree_mutator((Query *) node, carry, carrying, 0);
		carrying->level--;
		return (Node *) query;
	}
	return expression_tree_mutator(node, carry, carrying);
}

static char *
read_policy(Oid policy_id, Oid *relid)
{
	Relation	policies = table_open(PolicyRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	char	   *result = NULL;

	ScanKeyInit(&key, Anum_pg_policy_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(policy_id));
	scan = systable_beginscan(policies, PolicyOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		qual = heap_getattr(tuple, Anum_pg_policy_polqual, RelationGetDescr(policies), &isnull);

		*relid = ((Form_pg_policy) GETSTRUCT(tuple))->polrelid;
		if (!isnull)
			result = TextDatumGetCString(qual);
	}
	systable_endscan(scan);
	table_close(policies, AccessShareLock);
	return result;
}

/*
 * _carried_policy(policy, columns, target): its condition for reading, written for
 * the table target, whose columns after the first stand for these of the policy's
 * table; NULL if it looks at more than those.
 */
Datum
rbac_carried_policy(PG_FUNCTION_ARGS)
{
	ArrayType  *names = PG_GETARG_ARRAYTYPE_P(1);
	Oid			target = PG_GETARG_OID(2);
	Oid			relid = InvalidOid;
	char	   *qual = read_policy(PG_GETARG_OID(0), &relid);
	Carrying	carrying = {0};
	Datum	   *name;
	Node	   *carried;

	if (qual == NULL || get_rel_name(target) == NULL)
		PG_RETURN_NULL();
	deconstruct_array(names, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &name, NULL, &carrying.nkeys);
	/* after the slot */
	if (carrying.nkeys > RBAC_MAX_KEY_COLUMNS || get_attname(target, carrying.nkeys + 1, true) == NULL)
		PG_RETURN_NULL();
	for (int i = 0; i < carrying.nkeys; i++)
		carrying.number[i] = get_attnum(relid, NameStr(*DatumGetName(name[i])));

	carrying.is_complete = true;
	carried = carry(stringToNode(qual), &carrying);
	if (!carrying.is_complete)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(deparse_expression(carried,
														deparse_context_for(get_rel_name(target), target),
														false, false)));
}
