/*
 * columns.h
 *		Inside the room "workflow": which columns of a table say what counts.
 */
#ifndef RBAC_WORKFLOW_COLUMNS_H
#define RBAC_WORKFLOW_COLUMNS_H

#include "commands/trigger.h"

#include "workflow/judge.h"

/* The arguments of our triggers, in this order; '' for a column that there is not. */
typedef enum RbacTaskColumn
{
	RBAC_STATUS_COLUMN,
	RBAC_TYPE_COLUMN,
	RBAC_TENANT_COLUMN,
	RBAC_ASSIGNEE_COLUMN,
	RBAC_CREATOR_COLUMN
} RbacTaskColumn;

#define RBAC_NUM_TASK_COLUMNS (RBAC_CREATOR_COLUMN + 1)

typedef struct RbacTaskColumns
{
	Oid			trigger;		/* key */
	AttrNumber	number[RBAC_NUM_TASK_COLUMNS];	/* 0: there is none */
	Oid			type[RBAC_NUM_TASK_COLUMNS];	/* as it is declared */
	Oid			base[RBAC_NUM_TASK_COLUMNS];	/* without domains */
} RbacTaskColumns;

extern const RbacTaskColumns *rbac_task_columns(const TriggerData *data);
extern bool rbac_tasks_differ(const RbacTaskColumns *columns, TupleTableSlot *a, TupleTableSlot *b);
extern void rbac_read_task(const RbacTaskColumns *columns, TupleTableSlot *slot, RbacTask *task);

#endif							/* RBAC_WORKFLOW_COLUMNS_H */
