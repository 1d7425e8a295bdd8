/*
 * condition.h
 *		Inside the room "isolation": what a policy asks for, in words.
 */
#ifndef RBAC_CONDITION_H
#define RBAC_CONDITION_H

#include "nodes/bitmapset.h"

#include "isolation/row.h"

/* As policies take it, NULL is false; unknown is what the row would have to say. */
typedef enum RbacTruth
{
	RBAC_FALSE,
	RBAC_TRUE,
	RBAC_UNKNOWN
} RbacTruth;

typedef struct RbacCondition RbacCondition;

extern RbacCondition *rbac_read_condition(const RbacRow *row, Node *expression, bool may_name_others);
extern AttrNumber rbac_tenant_column_in(const RbacRow *row, Node *expression);
extern RbacTruth rbac_judge_condition(RbacCondition *condition);
extern char *rbac_condition_in_words(RbacCondition *condition);
extern Bitmapset *rbac_columns_in(Node *expression);

#endif							/* RBAC_CONDITION_H */
