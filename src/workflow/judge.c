/*
 * judge.c
 *		May this person take this step?
 *
 * A verdict is a decision as any other: taken from what the cache knows, and
 * begun again if that changes under it.  It follows from the row as it was before
 * the step, but for the status, the type and the tenant that the row ends in.
 * So nobody takes a step by first making themselves the assignee in the same
 * UPDATE, or by taking the row to where they may.
 *
 * A step is judged by the workflow of the type that the row had; if the type (or
 * the tenant) changes, the status that the row ends in, a new one or not, must
 * also be one of the workflow that it then has.
 *
 * Scopes are narrowed by what the identity lists, roles are not: an approver is
 * somebody, whatever they have let a token say.
 */
#include "postgres.h"

#include "access/xact.h"

#include "workflow/judge.h"

/*
 * Who takes a step in a tenant.  Begun anew with each attempt; roles and principal
 * are looked up when they are first needed.
 */
typedef struct Stepper
{
	const RbacIdentity *identity;	/* NULL: nobody */
	RbacQuestion question;
	const RbacAuthorizedRoles *roles;
	const RbacPrincipal *principal;
} Stepper;

static void
stepper_begin(Stepper *stepper, const RbacIdentity *identity, const RbacTask *task)
{
	memset(stepper, 0, sizeof(*stepper));
	stepper->identity = identity;
	if (identity == NULL)
		return;
	stepper->question.user_id = &identity->user_id;
	stepper->question.tenant_id = rbac_task_tenant(task);
	stepper->question.about_current = true;
}

static bool
is_stepper(const Stepper *stepper, const pg_uuid_t *user_id)
{
	return memcmp(&stepper->identity->user_id, user_id, UUID_LEN) == 0;
}

static bool
has_role(const RbacAuthorizedRoles *roles, int32 role_id)
{
	int			low = 0;
	int			high = roles->nroles;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (roles->role[middle] < role_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < roles->nroles && roles->role[low] == role_id;
}

static RbacShortfall
shortfall_of_scope(Stepper *stepper, const RbacWorkflow *workflow, const RbacTransition *transition)
{
	const char *scope = rbac_transition_scope(workflow, transition);

	if (stepper->principal == NULL)
		stepper->principal = rbac_question_principal(&stepper->question);
	/* an id that the rules would not have let in is in no set */
	if (transition->scope_id < 0 || !bms_is_member(transition->scope_id, stepper->principal->scopes))
		return RBAC_LACKS_SCOPE;
	return rbac_identity_lists(scope, strlen(scope)) ? RBAC_LACKS_NOTHING : RBAC_SCOPE_NOT_LISTED;
}

/* What keeps somebody from taking this transition with this task, or nothing. */
static RbacShortfall
shortfall_of(Stepper *stepper, const RbacWorkflow *workflow,
			   const RbacTransition *transition, const RbacTask *task)
{
	int32		asks = transition->asks;

	if (asks == 0)
		return RBAC_LACKS_NOTHING;
	if (stepper->identity == NULL)
		return RBAC_NOBODY_ASKS;
	if (stepper->roles == NULL)
		stepper->roles = rbac_question_roles(&stepper->question);
	if (!stepper->roles->is_active)
		return RBAC_NOT_ACTIVE;

	if ((asks & RBAC_ASKS_ASSIGNEE) && !(task->has_assignee && is_stepper(stepper, &task->assignee)))
		return RBAC_NOT_ASSIGNEE;
	if ((asks & RBAC_ASKS_CREATOR) && !(task->has_creator && is_stepper(stepper, &task->creator)))
		return RBAC_NOT_CREATOR;
	if (asks & RBAC_ASKS_OTHER_THAN_CREATOR)
	{
		if (!task->has_creator)
			return RBAC_CREATOR_UNKNOWN;
		if (is_stepper(stepper, &task->creator))
			return RBAC_IS_CREATOR;
	}
	if ((asks & RBAC_ASKS_ROLE) && !has_role(stepper->roles, transition->role_id))
		return RBAC_LACKS_ROLE;
	if (asks & RBAC_ASKS_SCOPE)
		return shortfall_of_scope(stepper, workflow, transition);
	return RBAC_LACKS_NOTHING;
}

/* A task in the status in which it starts.  Part of a decision. */
static RbacVerdict
look_at_start(const RbacTask *task)
{
	const RbacWorkflow *workflow;

	if (!task->has_type)
		return RBAC_TASK_WITHOUT_TYPE;
	workflow = rbac_workflow_of(task->type, rbac_task_tenant(task));
	if (workflow->state != RBAC_WORKFLOW_FOUND)
		return RBAC_WORKFLOW_MISSING;
	if (!task->has_status)
		return RBAC_TASK_WITHOUT_STATUS;
	return task->status == workflow->initial_status ? RBAC_PERMITTED : RBAC_NOT_INITIAL;
}

/* A step, in the workflow of the row as it was.  Part of a decision. */
static RbacVerdict
look_at_step(const RbacIdentity *identity, const RbacTask *before, int32 to)
{
	const RbacWorkflow *workflow;
	Stepper stepper;
	RbacVerdict verdict = RBAC_NO_TRANSITION;

	if (!before->has_type)
		return RBAC_TASK_WITHOUT_TYPE;
	workflow = rbac_workflow_of(before->type, rbac_task_tenant(before));
	if (workflow->state != RBAC_WORKFLOW_FOUND)
		return RBAC_WORKFLOW_MISSING;

	stepper_begin(&stepper, identity, before);
	for (int i = rbac_first_transition(workflow, before->status, to);
		 i < workflow->ntransitions &&
		 workflow->transition[i].from == before->status && workflow->transition[i].to == to; i++)
	{
		if (shortfall_of(&stepper, workflow, &workflow->transition[i], before) == RBAC_LACKS_NOTHING)
			return RBAC_PERMITTED;
		verdict = RBAC_NOT_FOR_THIS_PERSON;
	}
	return verdict;
}

/* The status that a row ends in after its type or tenant has changed.  Part of a decision. */
static RbacVerdict
look_at_end(const RbacTask *after)
{
	const RbacWorkflow *workflow;

	if (!after->has_type)
		return RBAC_TASK_WITHOUT_TYPE;
	workflow = rbac_workflow_of(after->type, rbac_task_tenant(after));
	if (workflow->state != RBAC_WORKFLOW_FOUND)
		return RBAC_WORKFLOW_MISSING;
	return rbac_workflow_has_status(workflow, after->status) ? RBAC_PERMITTED : RBAC_STATUS_OF_OTHER_WORKFLOW;
}

static bool
is_same_kind(const RbacTask *a, const RbacTask *b)
{
	return a->has_type == b->has_type && a->type == b->type &&
		a->has_tenant == b->has_tenant && memcmp(&a->tenant_id, &b->tenant_id, UUID_LEN) == 0;
}

/* Part of a decision. */
static RbacVerdict
look_at_change(const RbacIdentity *identity, const RbacTask *before, const RbacTask *after)
{
	RbacVerdict verdict = RBAC_PERMITTED;

	if (!after->has_status)
		return before->has_status ? RBAC_TASK_WITHOUT_STATUS : RBAC_PERMITTED;
	/* from before there was a workflow: it starts now */
	if (!before->has_status)
		return look_at_start(after);

	if (before->status != after->status)
		verdict = look_at_step(identity, before, after->status);
	if (verdict == RBAC_PERMITTED && !is_same_kind(before, after))
		verdict = look_at_end(after);
	return verdict;
}

/*
 * The ways on from where a task is.  If it has no status, that is nowhere.  In the
 * current memory context.
 */
RbacOutlook
rbac_look_out(const RbacTask *task)
{
	const RbacIdentity *identity = rbac_identity();
	RbacAttempt attempt = {0};
	RbacOutlook outlook = {0};

	do
	{
		Stepper		stepper;
		const RbacWorkflow *workflow;
		int			first;

		rbac_attempt_begin(&attempt, false);
		workflow = rbac_copy_workflow(rbac_workflow_of(task->type, rbac_task_tenant(task)));
		outlook.workflow = workflow;
		outlook.nways = 0;
		first = rbac_first_transition(workflow, task->status, PG_INT32_MIN);
		while (task->has_status && first + outlook.nways < workflow->ntransitions &&
			   workflow->transition[first + outlook.nways].from == task->status)
			outlook.nways++;
		outlook.way = &workflow->transition[first];
		outlook.shortfall = palloc(sizeof(RbacShortfall) * (outlook.nways + 1));
		stepper_begin(&stepper, identity, task);
		for (int i = 0; i < outlook.nways; i++)
			outlook.shortfall[i] = shortfall_of(&stepper, workflow, &outlook.way[i], task);
	} while (!rbac_attempt_stands(&attempt));
	return outlook;
}

/* May there be this new row? */
RbacVerdict
rbac_judge_start(const RbacTask *task)
{
	RbacAttempt attempt = {0};
	RbacVerdict verdict;

	do
	{
		rbac_attempt_begin(&attempt, false);
		verdict = look_at_start(task);
	} while (!rbac_attempt_stands(&attempt));
	return verdict;
}

/* May whoever is asking make of the one row the other? */
RbacVerdict
rbac_judge_change(const RbacTask *before, const RbacTask *after)
{
	const RbacIdentity *identity = rbac_identity();
	RbacAttempt attempt = {0};
	RbacVerdict verdict;

	do
	{
		rbac_attempt_begin(&attempt, false);
		verdict = look_at_change(identity, before, after);
	} while (!rbac_attempt_stands(&attempt));
	return verdict;
}
