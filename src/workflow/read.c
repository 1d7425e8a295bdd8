/*
 * read.c
 *		Reading the tables of workflows by index: the only place in C that knows
 *		their columns.
 */
#include "postgres.h"

#include "model/walk.h"
#include "workflow/read.h"

enum
{
	Anum_statuses_id = 1, Anum_statuses_name
};
enum
{
	Anum_workflows_id = 1, Anum_workflows_tenant_id, Anum_workflows_name,
	Anum_workflows_initial_status_id
};
enum
{
	Anum_task_types_id = 1, Anum_task_types_name, Anum_task_types_workflow_id
};
enum
{
	Anum_transitions_id = 1, Anum_transitions_workflow_id, Anum_transitions_from_status_id,
	Anum_transitions_to_status_id, Anum_transitions_required_scope_id,
	Anum_transitions_approver_role_id, Anum_transitions_only_assignee,
	Anum_transitions_only_creator, Anum_transitions_not_creator
};

static TupleTableSlot *
find_by_id(RbacReader *reader, RbacPath path, int32 id)
{
	ScanKeyData key;

	rbac_key_int32(&key, 1, id);
	rbac_walk_start(reader, path, &key, 1);
	return rbac_walk_next(reader, path);
}

/* Each out parameter may be NULL. */
bool
rbac_read_task_type(RbacReader *reader, int32 id, int32 *workflow_id, char **name)
{
	TupleTableSlot *slot = find_by_id(reader, RBAC_TASK_TYPE_BY_ID, id);

	if (slot == NULL)
		return false;
	if (workflow_id)
		(void) rbac_slot_int32(slot, Anum_task_types_workflow_id, workflow_id);
	if (name)
		*name = rbac_slot_text(slot, Anum_task_types_name);
	return true;
}

static bool
fill_workflow(TupleTableSlot *slot, RbacWorkflowRow *row)
{
	if (slot == NULL)
		return false;
	(void) rbac_slot_int32(slot, Anum_workflows_id, &row->id);
	row->has_tenant = rbac_slot_uuid(slot, Anum_workflows_tenant_id, &row->tenant_id);
	(void) rbac_slot_int32(slot, Anum_workflows_initial_status_id, &row->initial_status);
	row->name = rbac_slot_text(slot, Anum_workflows_name);
	return true;
}

bool
rbac_read_workflow(RbacReader *reader, int32 id, RbacWorkflowRow *row)
{
	return fill_workflow(find_by_id(reader, RBAC_WORKFLOW_BY_ID, id), row);
}

/* tenant_id NULL: a shared one */
bool
rbac_read_workflow_by_name(RbacReader *reader, const pg_uuid_t *tenant_id,
						   const char *name, RbacWorkflowRow *row)
{
	ScanKeyData keys[2];

	rbac_key_uuid(&keys[0], 1, tenant_id);
	rbac_key_text(&keys[1], 2, name);
	rbac_walk_start(reader, RBAC_WORKFLOW_BY_NAME, keys, 2);
	return fill_workflow(rbac_walk_next(reader, RBAC_WORKFLOW_BY_NAME), row);
}

/* NULL if there is none. */
char *
rbac_read_status_name(RbacReader *reader, int32 id)
{
	TupleTableSlot *slot = find_by_id(reader, RBAC_STATUS_BY_ID, id);

	return slot ? rbac_slot_text(slot, Anum_statuses_name) : NULL;
}

/* The transitions of a workflow, by from and to. */
void
rbac_visit_transitions(RbacReader *reader, int32 workflow_id,
					   RbacTransitionVisitor visit, void *arg)
{
	TupleTableSlot *slot = find_by_id(reader, RBAC_TRANSITIONS_BY_WORKFLOW, workflow_id);

	while (slot != NULL)
	{
		RbacTransitionRow row;

		(void) rbac_slot_int32(slot, Anum_transitions_from_status_id, &row.from);
		(void) rbac_slot_int32(slot, Anum_transitions_to_status_id, &row.to);
		row.has_scope = rbac_slot_int32(slot, Anum_transitions_required_scope_id, &row.scope_id);
		row.has_role = rbac_slot_int32(slot, Anum_transitions_approver_role_id, &row.role_id);
		row.only_assignee = rbac_slot_bool(slot, Anum_transitions_only_assignee);
		row.only_creator = rbac_slot_bool(slot, Anum_transitions_only_creator);
		row.not_creator = rbac_slot_bool(slot, Anum_transitions_not_creator);
		if (!visit(&row, arg))
			break;
		slot = rbac_walk_next(reader, RBAC_TRANSITIONS_BY_WORKFLOW);
	}
}
