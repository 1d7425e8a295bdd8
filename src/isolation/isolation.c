/*
 * isolation.c
 *		What row-level security cannot say by itself.
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "decision/decision.h"
#include "model/trigger.h"

PG_FUNCTION_INFO_V1(rbac_refuse_other_tenant);
PG_FUNCTION_INFO_V1(rbac_known_scope_name);
PG_FUNCTION_INFO_V1(rbac_library_version);

/*
 * Row trigger before UPDATE, fired WHEN the tenant differs, so that the table's
 * own definition says which column that is, whatever it is called by now.
 */
Datum
rbac_refuse_other_tenant(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);

	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("the tenant of a row of table \"%s\" cannot be changed",
					RelationGetRelationName(data->tg_relation)),
			 errdetail("Rows stay with their tenant, and so does what refers to them."),
			 errhint("Insert a row in the other tenant, and delete this one.")));
	return (Datum) 0;
}

/* _check_scope_name(scope): the scope, or the error that a check of it would raise. */
Datum
rbac_known_scope_name(PG_FUNCTION_ARGS)
{
	text	   *scope = PG_GETARG_TEXT_PP(0);

	rbac_require_known_scope(text_to_cstring(scope));
	PG_RETURN_TEXT_P(scope);
}

/* _library_version(): for doctor(), when that of the extension is another. */
Datum
rbac_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(RBAC_VERSION));
}
