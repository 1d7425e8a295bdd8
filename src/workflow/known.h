/*
 * known.h
 *		Inside the room "workflow": the workflow of a task type in a tenant, as
 *		this session knows it.
 */
#ifndef RBAC_WORKFLOW_KNOWN_H
#define RBAC_WORKFLOW_KNOWN_H

#include "utils/uuid.h"

/* What a transition asks for. */
#define RBAC_ASKS_SCOPE			0x01
#define RBAC_ASKS_ROLE			0x02
#define RBAC_ASKS_ASSIGNEE		0x04
#define RBAC_ASKS_CREATOR		0x08
#define RBAC_ASKS_OTHER_THAN_CREATOR	0x10

typedef struct RbacTransition
{
	int32		from;
	int32		to;
	int32		asks;			/* for all of this; 0: nothing */
	int32		scope_id;
	int32		role_id;
	uint32		scope_name;		/* its place; see rbac_transition_scope */
} RbacTransition;

typedef enum RbacWorkflowState
{
	RBAC_WORKFLOW_FOUND,
	RBAC_NO_SUCH_TYPE,
	RBAC_TYPE_OF_OTHER_TENANT
} RbacWorkflowState;

/* One piece of memory without pointers. */
typedef struct RbacWorkflow
{
	Size		size;			/* of all of it */
	RbacWorkflowState state;	/* the rest is good only if found */
	int32		id;
	bool		is_shared;		/* by all tenants that have none of their own */
	int32		initial_status;
	int			ntransitions;
	/* by from and to; followed by the names of scopes */
	RbacTransition transition[FLEXIBLE_ARRAY_MEMBER];
} RbacWorkflow;

static inline const char *
rbac_transition_scope(const RbacWorkflow *workflow, const RbacTransition *transition)
{
	return (const char *) workflow + transition->scope_name;
}

extern const RbacWorkflow *rbac_workflow_of(int32 task_type, const pg_uuid_t *tenant_id);
extern RbacWorkflow *rbac_copy_workflow(const RbacWorkflow *workflow);
extern int	rbac_first_transition(const RbacWorkflow *workflow, int32 from, int32 to);
extern bool rbac_workflow_has_status(const RbacWorkflow *workflow, int32 status);

#endif							/* RBAC_WORKFLOW_KNOWN_H */
