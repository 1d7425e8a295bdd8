/*
 * sight.c
 *		Who sees and who writes workflows.
 *
 * A workflow of a tenant is for who holds rbac:manage_workflows there to write,
 * and for who belongs to the tenant to read.  What all tenants share is felt in
 * every tenant: for who holds the scope everywhere to write, for all to read.
 *
 * A step hands on nothing: what it takes, somebody else has given.  So whoever
 * may write a workflow may write any step into it.
 */
#include "postgres.h"

#include "fmgr.h"

#include "admin/admin.h"
#include "identity/identity.h"
#include "model/trigger.h"
#include "workflow/sight.h"

PG_FUNCTION_INFO_V1(rbac_sees_workflow);
PG_FUNCTION_INFO_V1(rbac_manages_workflow);

#define SCOPE_WORKFLOWS "rbac:manage_workflows"
#define SCOPE_TENANTS "rbac:manage_tenants"

static bool
read_workflow(int32 workflow_id, RbacWorkflowRow *row)
{
	RbacReader *reader = rbac_read_begin();
	bool		found = rbac_read_workflow(reader, workflow_id, row);

	rbac_read_end(reader);
	return found;
}

/*
 * Where a change of this workflow is felt.  One that cannot be seen (it is being
 * made by the very statement that asks) counts as everybody's.
 */
static RbacPlace
workflow_place(int32 workflow_id)
{
	RbacWorkflowRow row;
	bool		found = read_workflow(workflow_id, &row);

	return rbac_place(found && row.has_tenant ? &row.tenant_id : NULL, NULL);
}

static bool
sees_tenant(const pg_uuid_t *tenant_id)
{
	RbacPlace	everywhere = rbac_everywhere();
	RbacPlace	tenant = rbac_place(tenant_id, NULL);

	return rbac_asker_belongs_to(tenant_id) ||
		rbac_asker_holds(SCOPE_TENANTS, &everywhere) ||
		rbac_asker_holds(SCOPE_WORKFLOWS, &tenant);
}

/* _sees_workflow(workflow_id): as the policies of workflows have it. */
Datum
rbac_sees_workflow(PG_FUNCTION_ARGS)
{
	RbacWorkflowRow row;

	if (rbac_identity() == NULL || !read_workflow(PG_GETARG_INT32(0), &row))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(!row.has_tenant || sees_tenant(&row.tenant_id));
}

/* _manages_workflow(workflow_id): the asker manages those of its tenant, or all if it is shared. */
Datum
rbac_manages_workflow(PG_FUNCTION_ARGS)
{
	RbacPlace	place;

	if (rbac_identity() == NULL)
		PG_RETURN_BOOL(false);
	place = workflow_place(PG_GETARG_INT32(0));
	PG_RETURN_BOOL(rbac_asker_holds(SCOPE_WORKFLOWS, &place));
}

/*
 * A workflow that whoever is asking may know of: everybody those that are shared,
 * whoever belongs to it those of a tenant, and the owner of the tables all.
 * Others are told the same as of one that does not exist (42704).
 */
void
rbac_find_workflow(int32 workflow_id, RbacWorkflowRow *row)
{
	bool		is_known = read_workflow(workflow_id, row);

	if (is_known && !rbac_is_owner_of(rbac_catalog()->owner))
		is_known = rbac_identity() != NULL && (!row->has_tenant || sees_tenant(&row->tenant_id));
	if (!is_known)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("workflow %d does not exist", workflow_id),
				 errhint("Look for its id in rbac.workflows.")));
}

static RbacPlace
tenant_of_row(const RbacChange *change, HeapTuple row)
{
	pg_uuid_t	tenant_id;
	bool		has_tenant = rbac_row_uuid(change->data, row, "tenant_id", &tenant_id);

	return rbac_place(has_tenant ? &tenant_id : NULL, NULL);
}

static void
guard_workflows(RbacChange *change)
{
	if (change->before)
	{
		RbacPlace	place = tenant_of_row(change, change->before);

		rbac_require_held(SCOPE_WORKFLOWS, &place);
	}
	if (change->after)
	{
		RbacPlace	place = tenant_of_row(change, change->after);

		rbac_require_held(SCOPE_WORKFLOWS, &place);
	}
}

static void
guard_transitions(RbacChange *change)
{
	if (change->before)
	{
		RbacPlace	place = workflow_place(rbac_row_int32(change->data, change->before, "workflow_id"));

		rbac_require_held(SCOPE_WORKFLOWS, &place);
	}
	if (change->after)
	{
		RbacPlace	place = workflow_place(rbac_row_int32(change->data, change->after, "workflow_id"));
		bool		isnull;
		Datum		role = rbac_row_value(change->data, change->after, "approver_role_id", &isnull);

		rbac_require_held(SCOPE_WORKFLOWS, &place);
		if (!isnull)
			rbac_require_role_known(DatumGetInt32(role));
	}
}

/* Statuses and task types, which all tenants share. */
static void
guard_shared(RbacChange *change)
{
	RbacPlace	place = rbac_everywhere();

	rbac_require_held(SCOPE_WORKFLOWS, &place);
}

void
rbac_workflow_guard_tables(void)
{
	rbac_guard_table("workflows", guard_workflows);
	rbac_guard_table("workflow_transitions", guard_transitions);
	rbac_guard_table("workflow_statuses", guard_shared);
	rbac_guard_table("task_types", guard_shared);
}
