/*
 * judge.h
 *		Inside the room "workflow": may this person take this step?
 */
#ifndef RBAC_WORKFLOW_JUDGE_H
#define RBAC_WORKFLOW_JUDGE_H

#include "decision/decision.h"
#include "identity/identity.h"
#include "workflow/known.h"

/* What counts of a row. */
typedef struct RbacTask
{
	bool		has_status;
	bool		has_type;
	bool		has_tenant;
	bool		has_assignee;
	bool		has_creator;
	int32		status;
	int32		type;
	pg_uuid_t	tenant_id;
	pg_uuid_t	assignee;
	pg_uuid_t	creator;
} RbacTask;

/* Why somebody may not take a transition. */
typedef enum RbacShortfall
{
	RBAC_LACKS_NOTHING,
	RBAC_NOBODY_ASKS,
	RBAC_NOT_ACTIVE,
	RBAC_NOT_ASSIGNEE,
	RBAC_NOT_CREATOR,
	RBAC_IS_CREATOR,
	RBAC_CREATOR_UNKNOWN,
	RBAC_LACKS_ROLE,
	RBAC_LACKS_SCOPE,
	RBAC_SCOPE_NOT_LISTED		/* by the identity */
} RbacShortfall;

typedef enum RbacVerdict
{
	RBAC_PERMITTED,
	RBAC_TASK_WITHOUT_TYPE,
	RBAC_TASK_WITHOUT_STATUS,
	RBAC_WORKFLOW_MISSING,		/* workflow.state says why */
	RBAC_NOT_INITIAL,
	RBAC_STATUS_OF_OTHER_WORKFLOW,
	RBAC_NO_TRANSITION,
	RBAC_NOT_FOR_THIS_PERSON
} RbacVerdict;

/* The ways on from where a task is, and what keeps whoever is asking from each. */
typedef struct RbacOutlook
{
	const RbacWorkflow *workflow;
	int			nways;			/* 0 if there is no workflow */
	const RbacTransition *way;	/* by the status that they lead to */
	RbacShortfall *shortfall;	/* beside way */
} RbacOutlook;

extern RbacOutlook rbac_look_out(const RbacTask *task);
extern RbacVerdict rbac_judge_start(const RbacTask *task);
extern RbacVerdict rbac_judge_change(const RbacTask *before, const RbacTask *after);

/* refuse.c */
extern void rbac_refuse_start(Relation table, RbacVerdict verdict, const RbacTask *task);
extern void rbac_refuse_change(Relation table, RbacVerdict verdict,
							   const RbacTask *before, const RbacTask *after);

/* The tenant of a task, or NULL. */
static inline const pg_uuid_t *
rbac_task_tenant(const RbacTask *task)
{
	return task->has_tenant ? &task->tenant_id : NULL;
}

#endif							/* RBAC_WORKFLOW_JUDGE_H */
