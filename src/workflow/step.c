/*
 * step.c
 *		The triggers that attach_workflow makes.
 *
 * What is stored is what is judged, so that is done after the row: no trigger of
 * somebody else's can change it any more, and it is locked, so that of two
 * sessions that take a step from one status the second one finds another status.
 * Before a new row, only a status that is missing is filled in.
 *
 * This is also what costs least.  A trigger before UPDATE would have each row
 * locked, and that written to the log, before it is updated; and a WHEN clause
 * is compiled for each statement, which takes longer than to compare the columns
 * of many rows here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/rel.h"

#include "model/trigger.h"
#include "workflow/columns.h"
#include "workflow/move.h"
#include "workflow/workflow.h"

PG_FUNCTION_INFO_V1(rbac_workflow_start);
PG_FUNCTION_INFO_V1(rbac_workflow_step);

static TriggerData *
row_trigger_data(FunctionCallInfo fcinfo, bool is_before)
{
	TriggerData *data = rbac_trigger_data(fcinfo);

	if (!TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		(is_before ? !TRIGGER_FIRED_BEFORE(data->tg_event) || !TRIGGER_FIRED_BY_INSERT(data->tg_event)
		 : !TRIGGER_FIRED_AFTER(data->tg_event)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" of table \"%s\" was not made by rbac.attach_workflow()",
						data->tg_trigger->tgname, RelationGetRelationName(data->tg_relation))));
	return data;
}

/* The status in which a task of this kind starts.  False if there is none. */
static bool
find_initial_status(const RbacTask *task, int32 *status)
{
	RbacAttempt attempt = {0};
	bool		found;

	if (!task->has_type)
		return false;
	do
	{
		const RbacWorkflow *workflow;

		rbac_attempt_begin(&attempt, false);
		workflow = rbac_workflow_of(task->type, rbac_task_tenant(task));
		found = workflow->state == RBAC_WORKFLOW_FOUND;
		*status = workflow->initial_status;
	} while (!rbac_attempt_stands(&attempt));
	return found;
}

/* Before INSERT: a row without a status gets the initial one; whether it may, is judged after. */
Datum
rbac_workflow_start(PG_FUNCTION_ARGS)
{
	TriggerData *data = row_trigger_data(fcinfo, true);
	const RbacTaskColumns *columns = rbac_task_columns(data);
	int			column = columns->number[RBAC_STATUS_COLUMN];
	HeapTuple	row = data->tg_trigtuple;
	RbacTask	task;
	int32		status;
	Datum		value;
	bool		isnull = false;

	(void) slot_getattr(data->tg_trigslot, column, &isnull);
	if (!isnull)
		return PointerGetDatum(row);
	rbac_read_task(columns, data->tg_trigslot, &task);
	if (!find_initial_status(&task, &status))
		return PointerGetDatum(row);
	value = Int32GetDatum(status);
	isnull = false;
	return PointerGetDatum(heap_modify_tuple_by_cols(row, RelationGetDescr(data->tg_relation),
													 1, &column, &value, &isnull));
}

static void
require_change(const TriggerData *data, const RbacTask *before, const RbacTask *after)
{
	RbacVerdict verdict = rbac_judge_change(before, after);

	if (verdict != RBAC_PERMITTED)
		rbac_refuse_change(data->tg_relation, verdict, before, after);
}

static void
require_start(const TriggerData *data, const RbacTask *task)
{
	RbacVerdict verdict = rbac_judge_start(task);

	if (verdict != RBAC_PERMITTED)
		rbac_refuse_start(data->tg_relation, verdict, task);
}

/* After INSERT, UPDATE, and (of partitioned tables) DELETE. */
Datum
rbac_workflow_step(PG_FUNCTION_ARGS)
{
	TriggerData *data = row_trigger_data(fcinfo, false);
	const RbacTaskColumns *columns = rbac_task_columns(data);
	RbacTask	before;
	RbacTask	after;

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		if (!rbac_tasks_differ(columns, data->tg_trigslot, data->tg_newslot))
			return PointerGetDatum(NULL);
		rbac_read_task(columns, data->tg_trigslot, &before);
		rbac_read_task(columns, data->tg_newslot, &after);
		require_change(data, &before, &after);
	}
	else if (TRIGGER_FIRED_BY_DELETE(data->tg_event))
	{
		if (rbac_row_is_moving(data))
		{
			rbac_read_task(columns, data->tg_trigslot, &before);
			rbac_move_begins(data, &before);
		}
	}
	else
	{
		rbac_read_task(columns, data->tg_trigslot, &after);
		if (rbac_move_ends(data, &before))
			require_change(data, &before, &after);
		else
			require_start(data, &after);
	}
	return PointerGetDatum(NULL);
}
