/*
 * refuse.c
 *		What somebody is told whose row, or step, is refused.
 *
 * The verdict stands; what is read here only words it.
 */
#include "postgres.h"

#include "utils/rel.h"

#include "admin/admin.h"
#include "workflow/describe.h"

static void
refuse_without_type(Relation table)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("a task without type has no workflow"),
			 errdetail("The type says through which statuses a row of table \"%s\" goes.",
					   RelationGetRelationName(table)),
			 errhint("Give it a type of rbac.task_types."),
			 errtable(table)));
}

static void
refuse_without_workflow(Relation table, const RbacTask *task)
{
	RbacOutlook outlook = rbac_look_out(task);
	RbacPlace	place = rbac_place(rbac_task_tenant(task), NULL);

	if (outlook.workflow->state == RBAC_NO_SUCH_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("task type %d does not exist", task->type),
				 errhint("Look for its id in rbac.task_types."),
				 errtable(table)));
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 place.has_tenant
			 ? errmsg("there are no tasks of type %s %s", rbac_type_text(task->type),
					  rbac_identity() ? rbac_place_text(&place) : "in this tenant")
			 : errmsg("a task of type %s must have a tenant", rbac_type_text(task->type)),
			 place.has_tenant ? errdetail("The type's workflow is another tenant's.")
			 : errdetail("The type's workflow is a tenant's."),
			 errhint("Let the type name a shared workflow, which each tenant can replace by one of its own of the same name."),
			 errtable(table)));
}

static void
refuse_without_status(Relation table, const RbacTask *task)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the status of a task cannot become null"),
			 errhint("rbac.next_statuses() lists the statuses that it can go to."),
			 errtable(table)));
}

static void
refuse_other_start(Relation table, const RbacTask *task)
{
	RbacOutlook outlook = rbac_look_out(task);
	bool		may_know = rbac_may_know_workflow(outlook.workflow, task);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 may_know
			 ? errmsg("a task of type %s starts in %s, not in %s", rbac_type_text(task->type),
					  rbac_status_text(outlook.workflow->initial_status),
					  rbac_status_text(task->status))
			 : errmsg("a task of type %s does not start in %s", rbac_type_text(task->type),
					  rbac_status_text(task->status)),
			 errhint("Leave the status out, or null."),
			 errtable(table)));
}

static void
refuse_status_of_other_workflow(Relation table, const RbacTask *after)
{
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("a task of type %s cannot be in %s", rbac_type_text(after->type),
					rbac_status_text(after->status)),
			 errdetail("The workflow that the task would then have does not know this status."),
			 errhint("Take it to a status that both workflows have first."),
			 errtable(table)));
}

static void
refuse_step(Relation table, const RbacTask *before, const RbacTask *after)
{
	RbacOutlook outlook = rbac_look_out(before);
	bool		may_know = rbac_may_know_workflow(outlook.workflow, before);
	char	   *from = rbac_status_text(before->status);
	char	   *next = may_know ? rbac_next_statuses_text(&outlook, before) : NULL;

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("a task of type %s cannot go from %s to %s", rbac_type_text(before->type),
					from, rbac_status_text(after->status)),
			 next == NULL ? 0
			 : next[0] == '\0' ? errdetail("It cannot leave %s.", from)
			 : errdetail("From %s it can go to: %s.", from, next),
			 errtable(table)));
}

/* The scope that only the identity's list keeps from being in force; NULL: there is none. */
static const char *
scope_not_listed(const RbacOutlook *outlook, int32 to)
{
	for (int i = 0; i < outlook->nways; i++)
	{
		if (outlook->way[i].to == to && outlook->shortfall[i] == RBAC_SCOPE_NOT_LISTED)
			return rbac_transition_scope(outlook->workflow, &outlook->way[i]);
	}
	return NULL;
}

/* What keeps from a step besides whom it is for, as a sentence; empty: nothing. */
static const char *
further_reason(const RbacOutlook *outlook, int32 to)
{
	for (int i = 0; i < outlook->nways; i++)
	{
		if (outlook->way[i].to != to)
			continue;
		if (outlook->shortfall[i] == RBAC_NOT_ACTIVE)
			return " The user, or the tenant, is not active.";
		if (outlook->shortfall[i] == RBAC_CREATOR_UNKNOWN)
			return " Who the creator is, is not known.";
	}
	return "";
}

static void
refuse_person(Relation table, const RbacTask *before, const RbacTask *after)
{
	RbacOutlook outlook = rbac_look_out(before);
	bool		may_know = rbac_may_know_workflow(outlook.workflow, before);
	char	   *type = rbac_type_text(before->type);
	char	   *from = rbac_status_text(before->status);
	char	   *to = rbac_status_text(after->status);
	char	   *takers = may_know ? rbac_takers_text(&outlook, before, after->status) : "";
	const char *not_listed = scope_not_listed(&outlook, after->status);

	if (rbac_identity() == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("nobody is asking: no identity is set to take a task of type %s from %s to %s",
						type, from, to),
				 takers[0] == '\0' ? 0 : errdetail("This step is for %s.", takers),
				 errhint("Set an identity with rbac.set_identity() first."),
				 errtable(table)));
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied: %s may not take a task of type %s from %s to %s",
					rbac_stepper_text(), type, from, to),
			 !may_know ? 0
			 : takers[0] == '\0' ? errdetail("The step was changed while this was being decided.")
			 : errdetail("This step is for %s.%s", takers, further_reason(&outlook, after->status)),
			 not_listed && may_know ? errhint("Ask with an identity that lists \"%s\".", not_listed) : 0,
			 errtable(table)));
}

/* A new row: verdict says what is wrong with it. */
void
rbac_refuse_start(Relation table, RbacVerdict verdict, const RbacTask *task)
{
	rbac_refuse_change(table, verdict, task, task);
}

/* A changed row: verdict says what is wrong with the change. */
void
rbac_refuse_change(Relation table, RbacVerdict verdict, const RbacTask *before, const RbacTask *after)
{
	/* what is missing is missing of the row that it was looked for in */
	bool		is_step = before->has_status && after->has_status && before->status != after->status;

	switch (verdict)
	{
		case RBAC_PERMITTED:
			break;
		case RBAC_TASK_WITHOUT_TYPE:
			refuse_without_type(table);
			break;
		case RBAC_WORKFLOW_MISSING:
			if (is_step)
			{
				RbacOutlook outlook = rbac_look_out(before);

				if (outlook.workflow->state != RBAC_WORKFLOW_FOUND)
					refuse_without_workflow(table, before);
			}
			refuse_without_workflow(table, after);
			break;
		case RBAC_TASK_WITHOUT_STATUS:
			refuse_without_status(table, after);
			break;
		case RBAC_NOT_INITIAL:
			refuse_other_start(table, after);
			break;
		case RBAC_STATUS_OF_OTHER_WORKFLOW:
			refuse_status_of_other_workflow(table, after);
			break;
		case RBAC_NO_TRANSITION:
			refuse_step(table, before, after);
			break;
		case RBAC_NOT_FOR_THIS_PERSON:
			refuse_person(table, before, after);
			break;
	}
	elog(ERROR, "a task was refused without reason");
}
