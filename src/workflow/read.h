/*
 * read.h
 *		Inside the room "workflow": reading its tables by index.
 *
 * What is returned is in the current memory context; false if there is none.
 */
#ifndef RBAC_WORKFLOW_READ_H
#define RBAC_WORKFLOW_READ_H

#include "model/model.h"

typedef struct RbacWorkflowRow
{
	int32		id;
	bool		has_tenant;
	pg_uuid_t	tenant_id;
	int32		initial_status;
	char	   *name;
} RbacWorkflowRow;

typedef struct RbacTransitionRow
{
	int32		from;
	int32		to;
	bool		has_scope;
	bool		has_role;
	int32		scope_id;
	int32		role_id;
	bool		only_assignee;
	bool		only_creator;
	bool		not_creator;
} RbacTransitionRow;

typedef bool (*RbacTransitionVisitor) (const RbacTransitionRow *row, void *arg);

extern bool rbac_read_task_type(RbacReader *reader, int32 id, int32 *workflow_id, char **name);
extern bool rbac_read_workflow(RbacReader *reader, int32 id, RbacWorkflowRow *row);
extern bool rbac_read_workflow_by_name(RbacReader *reader, const pg_uuid_t *tenant_id,
									   const char *name, RbacWorkflowRow *row);
extern char *rbac_read_status_name(RbacReader *reader, int32 id);
extern void rbac_visit_transitions(RbacReader *reader, int32 workflow_id,
								   RbacTransitionVisitor visit, void *arg);

#endif							/* RBAC_WORKFLOW_READ_H */
