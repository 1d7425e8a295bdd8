/*
 * checks.c
 *		The functions behind the CHECK constraints on names.
 */
#include "postgres.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "compat.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_is_name);
PG_FUNCTION_INFO_V1(rbac_is_scope_token);

Datum
rbac_is_name(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	const char *data = VARDATA_ANY(value);
	int			length = VARSIZE_ANY_EXHDR(value);

	PG_RETURN_BOOL(rbac_name_fault(data, length, pg_mbstrlen_with_len(data, length)) == RBAC_NAME_OK);
}

Datum
rbac_is_scope_token(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(rbac_scope_token_fault(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)) == RBAC_NAME_OK);
}
