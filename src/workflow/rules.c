/*
 * rules.c
 *		The rules of workflows that look at other rows, as triggers: see
 *		model/rules.c.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"

#include "model/trigger.h"
#include "workflow/read.h"

PG_FUNCTION_INFO_V1(rbac_keep_workflow_tenant);
PG_FUNCTION_INFO_V1(rbac_keep_transition);

Datum
rbac_keep_workflow_tenant(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	pg_uuid_t	before = {{0}};
	pg_uuid_t	after = {{0}};
	bool		had = rbac_row_uuid(data, data->tg_trigtuple, "tenant_id", &before);
	bool		has = rbac_row_uuid(data, data->tg_newtuple, "tenant_id", &after);

	/* it is what lets others read its tenant once, and who is told of its steps */
	if (had != has || memcmp(&before, &after, sizeof(before)) != 0)
	{
		bool		isnull;
		char	   *name = TextDatumGetCString(rbac_row_value(data, data->tg_trigtuple, "name", &isnull));

		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 errmsg("workflow \"%s\" cannot move to another tenant", name),
				 errhint("Create a workflow in the other tenant instead.")));
	}
	return PointerGetDatum(data->tg_newtuple);
}

static char *
tenant_key(RbacReader *reader, const pg_uuid_t *tenant_id)
{
	char	   *key;

	return rbac_read_tenant(reader, tenant_id, NULL, &key) ? key : rbac_uuid_text(tenant_id);
}

Datum
rbac_keep_transition(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	int32		role_id = rbac_row_int32(data, row, "approver_role_id");
	RbacReader *reader;
	RbacWorkflowRow workflow;
	bool		has_tenant;
	pg_uuid_t	tenant_id;
	char	   *role;

	/* 0 for NULL, which no role has */
	if (role_id == 0)
		return PointerGetDatum(NULL);

	/*
	 * The foreign keys' triggers have run and hold the role's and the workflow's
	 * rows, and neither ever moves, so what is read here stays true.
	 */
	CommandCounterIncrement();
	reader = rbac_read_begin_lazily();
	if (rbac_read_role(reader, role_id, &has_tenant, &tenant_id, &role) && has_tenant &&
		rbac_read_workflow(reader, rbac_row_int32(data, row, "workflow_id"), &workflow) &&
		(!workflow.has_tenant || memcmp(&workflow.tenant_id, &tenant_id, UUID_LEN) != 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_GRANT_OPERATION),
				 workflow.has_tenant
				 ? errmsg("role \"%s\" of tenant \"%s\" cannot approve steps of workflow \"%s\" of tenant \"%s\"",
						  role, tenant_key(reader, &tenant_id), workflow.name,
						  tenant_key(reader, &workflow.tenant_id))
				 : errmsg("role \"%s\" of tenant \"%s\" cannot approve steps of workflow \"%s\", which all tenants share",
						  role, tenant_key(reader, &tenant_id), workflow.name),
				 errhint("Name a role that all tenants share, or give the tenant a workflow of its own.")));
	rbac_read_end(reader);
	return PointerGetDatum(NULL);
}
