/*
 * sight.h
 *		Inside the room "workflow": who sees and who writes workflows.
 */
#ifndef RBAC_WORKFLOW_SIGHT_H
#define RBAC_WORKFLOW_SIGHT_H

#include "workflow/read.h"

extern void rbac_workflow_guard_tables(void);
extern void rbac_find_workflow(int32 workflow_id, RbacWorkflowRow *row);

#endif							/* RBAC_WORKFLOW_SIGHT_H */
