/*
 * next.c
 *		Where can a task go from here, and may I take it there?
 *
 * The same judgement as the triggers', so that a menu offers what they permit.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "workflow/describe.h"
#include "workflow/read.h"

PG_FUNCTION_INFO_V1(rbac_next_statuses);

static void
put_status(ReturnSetInfo *rows, int32 status, bool allowed, const char *reason)
{
	Datum		values[4];
	bool		nulls[4] = {false};
	RbacReader *reader = rbac_read_begin();
	char	   *name = rbac_read_status_name(reader, status);

	rbac_read_end(reader);
	values[0] = Int32GetDatum(status);
	nulls[1] = name == NULL;
	values[1] = name ? CStringGetTextDatum(name) : (Datum) 0;
	values[2] = BoolGetDatum(allowed);
	values[3] = CStringGetTextDatum(reason);
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

/* One row for each status that ways lead to. */
static void
put_ways(ReturnSetInfo *rows, const RbacOutlook *outlook, const RbacTask *task)
{
	for (int i = 0; i < outlook->nways; i++)
	{
		int32		to = outlook->way[i].to;
		bool		allowed = outlook->shortfall[i] == RBAC_LACKS_NOTHING;

		while (i + 1 < outlook->nways && outlook->way[i + 1].to == to)
		{
			i++;
			allowed |= outlook->shortfall[i] == RBAC_LACKS_NOTHING;
		}
		put_status(rows, to, allowed, rbac_shortfalls_text(outlook, task, to));
	}
}

static bool
uuid_argument(FunctionCallInfo fcinfo, int i, pg_uuid_t *value)
{
	if (PG_ARGISNULL(i))
		return false;
	*value = *PG_GETARG_UUID_P(i);
	return true;
}

/* next_statuses(type_id, status_id, tenant_id, assignee_id, creator_id) */
Datum
rbac_next_statuses(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	const RbacIdentity *identity = rbac_identity();
	RbacTask	task = {0};
	RbacOutlook outlook;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("type_id cannot be null")));
	task.has_type = true;
	task.type = PG_GETARG_INT32(0);
	task.has_status = !PG_ARGISNULL(1);
	if (task.has_status)
		task.status = PG_GETARG_INT32(1);
	task.has_tenant = uuid_argument(fcinfo, 2, &task.tenant_id);
	if (!task.has_tenant && identity != NULL && identity->has_tenant)
	{
		task.has_tenant = true;
		task.tenant_id = identity->tenant_id;
	}
	task.has_assignee = uuid_argument(fcinfo, 3, &task.assignee);
	task.has_creator = uuid_argument(fcinfo, 4, &task.creator);

	InitMaterializedSRF(fcinfo, 0);
	outlook = rbac_look_out(&task);
	if (outlook.workflow->state == RBAC_NO_SUCH_TYPE)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("task type %d does not exist", task.type),
				 errhint("Look for its id in rbac.task_types.")));
	if (!rbac_may_know_workflow(outlook.workflow, &task))
		return (Datum) 0;
	if (task.has_status)
		put_ways(rows, &outlook, &task);
	else
		put_status(rows, outlook.workflow->initial_status, true, "every task starts here");
	return (Datum) 0;
}
