/*
 * row.h
 *		Inside the room "isolation": one row of a table, and what expressions
 *		come to for it.
 */
#ifndef RBAC_ROW_H
#define RBAC_ROW_H

#include "access/attnum.h"
#include "nodes/pg_list.h"
#include "utils/rel.h"

typedef struct RbacRow
{
	Relation	table;
	bool		past_policies;	/* looked at whether or not policies show it */
	bool		is_found;
	AttrNumber	tenant_column;	/* that restrictive policies bind to the current tenant, or 0 */
	int			nkeys;
	AttrNumber *column;			/* the columns of the primary key, in its order */
	Oid		   *equality;		/* their operators */
	Datum	   *key;
	bool	   *key_isnull;
} RbacRow;

extern RbacRow *rbac_row_by_key(Relation table, char *key);
extern void rbac_look_for_row(RbacRow *row, bool past_policies);
extern void rbac_evaluate_for_row(const RbacRow *row, List *expressions,
								  Datum *values, bool *isnull);

#endif							/* RBAC_ROW_H */
