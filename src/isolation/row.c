/*
 * row.c
 *		One row of a table, and what expressions come to for it.
 *
 * The expressions are those of the table's policies, as the relation cache has
 * them: trees whose columns are those of relation 1.  They go into a query over
 * the table as they are, so that they mean here what they mean in a policy, and
 * run with the rights, the search path and the identity of whoever calls.
 *
 * For somebody with the rights of the table's owner, this one table is looked
 * at as the superuser does, as views look at their tables as their owner: else
 * its policies would hide the row that is to be explained.  Tables that the
 * policies look into are read as always.  (To run the query as the owner and
 * free from FORCE ROW LEVEL SECURITY, as foreign keys do, would take the
 * policies from those tables, too.)
 *
 * All queries read by the snapshot of the calling statement, so they see the
 * same row.  Everything is in the current memory context.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/tupdesc.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/tstoreReceiver.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_oper.h"
#include "parser/parse_relation.h"
#include "rewrite/rewriteHandler.h"
#include "rewrite/rewriteManip.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "isolation/row.h"

/* The columns of the primary key and what compares them. */
static void
read_primary_key(RbacRow *row)
{
	Oid			constraint = InvalidOid;
	Relation	index;

	(void) get_primary_key_attnos(RelationGetRelid(row->table), true, &constraint);
	if (!OidIsValid(constraint))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table \"%s\" has no primary key", RelationGetRelationName(row->table)),
				 errdetail("A row is named by its primary key."),
				 errhint("Add one: ALTER TABLE %s ADD PRIMARY KEY (...);",
						 quote_qualified_identifier(get_namespace_name(RelationGetNamespace(row->table)),
													RelationGetRelationName(row->table)))));

	index = index_open(get_constraint_index(constraint), AccessShareLock);
	row->nkeys = IndexRelationGetNumberOfKeyAttributes(index);
	row->column = palloc(sizeof(AttrNumber) * row->nkeys);
	row->equality = palloc(sizeof(Oid) * row->nkeys);
	for (int i = 0; i < row->nkeys; i++)
	{
		row->column[i] = index->rd_index->indkey.values[i];
		row->equality[i] = get_opfamily_member(index->rd_opfamily[i], index->rd_opcintype[i],
											   index->rd_opcintype[i], BTEqualStrategyNumber);
		if (!OidIsValid(row->equality[i]))
			elog(ERROR, "missing equality operator of index \"%s\"", RelationGetRelationName(index));
	}
	index_close(index, AccessShareLock);
}

/* One column's text as it is; that of several as a row literal: (1,abc). */
static void
read_key(RbacRow *row, char *key)
{
	TupleDesc	columns = CreateTemplateTupleDesc(row->nkeys);

	row->key = palloc(sizeof(Datum) * row->nkeys);
	row->key_isnull = palloc0(sizeof(bool) * row->nkeys);
	for (int i = 0; i < row->nkeys; i++)
	{
		Form_pg_attribute column = TupleDescAttr(RelationGetDescr(row->table), row->column[i] - 1);

		/* without its length: a key that is too long is no row's */
		TupleDescInitEntry(columns, i + 1, NameStr(column->attname), column->atttypid, -1, 0);
	}

	if (row->nkeys == 1)
	{
		Oid			input;
		Oid			parameter;

		getTypeInputInfo(TupleDescAttr(columns, 0)->atttypid, &input, &parameter);
		row->key[0] = OidInputFunctionCall(input, key, parameter, -1);
	}
	else
	{
		HeapTupleHeader record;
		HeapTupleData tuple;

		columns = BlessTupleDesc(columns);
		record = DatumGetHeapTupleHeader(OidInputFunctionCall(F_RECORD_IN, key, RECORDOID,
															  columns->tdtypmod));
		tuple.t_len = HeapTupleHeaderGetDatumLength(record);
		ItemPointerSetInvalid(&tuple.t_self);
		tuple.t_tableOid = InvalidOid;
		tuple.t_data = record;
		heap_deform_tuple(&tuple, columns, row->key, row->key_isnull);
	}
}

/*
 * The row with this primary key, not yet looked for.  Errors: 55000 (the table
 * has no primary key), 22P02 and the like (this is none).
 */
RbacRow *
rbac_row_by_key(Relation table, char *key)
{
	RbacRow    *row = palloc0(sizeof(RbacRow));

	row->table = table;
	read_primary_key(row);
	read_key(row, key);
	return row;
}

/* The condition that the row's key is what it is. */
static Node *
key_condition(ParseState *pstate, const RbacRow *row)
{
	List	   *conditions = NIL;

	for (int i = 0; i < row->nkeys; i++)
	{
		Form_pg_attribute a = TupleDescAttr(RelationGetDescr(row->table), row->column[i] - 1);
		HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(row->equality[i]));
		Form_pg_operator operator;
		Var		   *column = makeVar(1, row->column[i], a->atttypid, a->atttypmod,
									 a->attcollation, 0);
		Const	   *value = makeConst(a->atttypid, -1, a->attcollation, a->attlen,
									  row->key[i], row->key_isnull[i], a->attbyval);

		if (!HeapTupleIsValid(tuple))
			elog(ERROR, "cache lookup failed for operator %u", row->equality[i]);
		operator = (Form_pg_operator) GETSTRUCT(tuple);
		markVarForSelectPriv(pstate, column);
		conditions = lappend(conditions,
							 make_op(pstate,
									 list_make2(makeString(get_namespace_name(operator->oprnamespace)),
												makeString(pstrdup(NameStr(operator->oprname)))),
									 (Node *) column, (Node *) value, NULL, -1));
		ReleaseSysCache(tuple);
	}
	assign_list_collations(pstate, conditions);
	return (Node *) make_ands_explicit(conditions);
}

/* SELECT expressions FROM table WHERE key = ... */
static Query *
make_query(const RbacRow *row, List *expressions)
{
	Query	   *query = makeNode(Query);
	ParseState *pstate = make_parsestate(NULL);
	ParseNamespaceItem *nsitem;
	Node	   *condition;
	ListCell   *lc;

	nsitem = addRangeTableEntryForRelation(pstate, row->table, AccessShareLock, NULL, true, true);
	addNSItemToQuery(pstate, nsitem, true, true, true);
	condition = key_condition(pstate, row);
	if (row->past_policies)
		rbac_check_as(nsitem, BOOTSTRAP_SUPERUSERID);

	query->commandType = CMD_SELECT;
	query->querySource = QSRC_ORIGINAL;
	query->canSetTag = true;
	query->stmt_location = -1;
	rbac_set_range_table(query, pstate);
	query->jointree = makeFromExpr(pstate->p_joinlist, condition);
	foreach(lc, expressions)
	{
		query->targetList = lappend(query->targetList,
									makeTargetEntry(copyObject(lfirst(lc)),
													list_length(query->targetList) + 1,
													"condition", false));
	}
	query->hasSubLinks = checkExprHasSubLink((Node *) query->targetList);
	free_parsestate(pstate);
	return query;
}

/* With the policies of the tables in it. */
static Query *
rewrite(Query *query)
{
	/* the expressions were stored: what they refer to is not locked yet */
	AcquireRewriteLocks(query, true, false);
	return linitial_node(Query, QueryRewrite(query));
}

/*
 * Runs it for at most two rows, and returns their number; values and nulls are
 * those of the first.
 */
static uint64
run(Query *query, Datum *values, bool *isnull)
{
	static const char *const name = "rbac.explain_row";
	Tuplestorestate *rows = tuplestore_begin_heap(false, false, work_mem);
	DestReceiver *receiver = CreateTuplestoreDestReceiver();
	TupleTableSlot *slot = MakeSingleTupleTableSlot(ExecCleanTypeFromTL(query->targetList),
													&TTSOpsMinimalTuple);
	QueryDesc  *desc;
	uint64		nrows;

	SetTuplestoreDestReceiverParams(receiver, rows, CurrentMemoryContext, true, NULL, NULL);
	desc = CreateQueryDesc(pg_plan_query(query, name, 0, NULL), name,
						   GetActiveSnapshot(), InvalidSnapshot, receiver, NULL, NULL, 0);
	ExecutorStart(desc, 0);
	rbac_executor_run(desc, 2);
	nrows = desc->estate->es_processed;
	ExecutorFinish(desc);
	ExecutorEnd(desc);
	FreeQueryDesc(desc);

	/* what it points to stays: the slot is not dropped */
	if (nrows > 0 && tuplestore_gettupleslot(rows, true, true, slot))
	{
		slot_getallattrs(slot);
		for (int i = 0; i < slot->tts_tupleDescriptor->natts; i++)
		{
			values[i] = slot->tts_values[i];
			isnull[i] = slot->tts_isnull[i];
		}
	}
	tuplestore_end(rows);
	receiver->rDestroy(receiver);
	return nrows;
}

/*
 * Is it there?  past_policies: whether or not policies and privileges let the
 * current role see it, which the caller has to have found out to be all right;
 * else the current role needs the privilege to select by the key.
 *
 * Error: 21000 (tables that inherit have a row with this key as well).
 */
void
rbac_look_for_row(RbacRow *row, bool past_policies)
{
	uint64		nrows;

	row->past_policies = past_policies;
	nrows = run(rewrite(make_query(row, NIL)), NULL, NULL);
	if (nrows > 1)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("more than one row of table \"%s\" has this key",
						RelationGetRelationName(row->table)),
				 errdetail("Keys are unique in each table, but not among those that inherit."),
				 errhint("Name the table that the row is in.")));
	row->is_found = nrows == 1;
}

/* What the expressions come to for the row, which has been found. */
void
rbac_evaluate_for_row(const RbacRow *row, List *expressions, Datum *values, bool *isnull)
{
	if (run(rewrite(make_query(row, expressions)), values, isnull) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the policies of table \"%s\" show a row only sometimes",
						RelationGetRelationName(row->table)),
				 errdetail("The row was there a moment ago, by the same snapshot."),
				 errhint("Let policies call functions that are STABLE.")));
}
