/*
 * workflow.c
 *		The room "workflow" starts: its tables are written by who may.
 */
#include "postgres.h"

#include "workflow/sight.h"
#include "workflow/workflow.h"

void
rbac_workflow_init(void)
{
	rbac_workflow_guard_tables();
}
