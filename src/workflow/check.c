/*
 * check.c
 *		What is wrong with a workflow: the way into a review that is written in
 *		SQL (check.sql) and runs with the rights of the tables' owner.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"

#include "workflow/sight.h"

PG_FUNCTION_INFO_V1(rbac_check_workflow);

/* check_workflow(workflow_id) */
Datum
rbac_check_workflow(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			type = INT4OID;
	Datum		workflow_id = PG_GETARG_DATUM(0);
	RbacWorkflowRow workflow;
	uint64		n;

	rbac_find_workflow(PG_GETARG_INT32(0), &workflow);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	n = rbac_fresh_query("SELECT * FROM rbac._check_workflow($1)", 1, &type, &workflow_id, NULL, 0);
	for (uint64 i = 0; i < n; i++)
		tuplestore_puttuple(rows->setResult, SPI_tuptable->vals[i]);
	SPI_finish();
	return (Datum) 0;
}
