/*
 * call.c
 *		How an administrative function begins, and reads its arguments.
 *
 * The functions run with the rights of whoever calls them, because who that is
 * decides what they may do; what has been allowed is then written as the owner
 * of the tables (statement.h).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "admin/authority.h"
#include "admin/call.h"
#include "identity/identity.h"
#include "model/names.h"

/*
 * Refuse read-only transactions (standbys have no others), functions that
 * PostgreSQL keeps in a sandbox, and whoever is nobody here, then connect to SPI: what is allocated from here on goes at
 * rbac_end_call.
 */
void
rbac_begin_call(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandIfParallelMode(function);
	rbac_refuse_restricted();
	if (rbac_identity() == NULL && !rbac_is_owner_of(rbac_catalog()->owner))
		rbac_refuse_nobody();
	SPI_connect();
}

void
rbac_end_call(void)
{
	SPI_finish();
}

static void
refuse_null(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s cannot be null", name)));
}

char *
rbac_required_text(FunctionCallInfo fcinfo, int n, const char *name)
{
	refuse_null(fcinfo, n, name);
	return text_to_cstring(PG_GETARG_TEXT_PP(n));
}

int32
rbac_required_int32(FunctionCallInfo fcinfo, int n, const char *name)
{
	refuse_null(fcinfo, n, name);
	return PG_GETARG_INT32(n);
}

bool
rbac_required_bool(FunctionCallInfo fcinfo, int n, const char *name)
{
	refuse_null(fcinfo, n, name);
	return PG_GETARG_BOOL(n);
}

pg_uuid_t *
rbac_required_uuid(FunctionCallInfo fcinfo, int n, const char *name)
{
	refuse_null(fcinfo, n, name);
	return PG_GETARG_UUID_P(n);
}

/* An array of texts as a list of strings, each once. */
List *
rbac_required_texts(FunctionCallInfo fcinfo, int n, const char *name)
{
	Datum	   *elements;
	bool	   *nulls;
	int			nelements;
	List	   *result = NIL;

	refuse_null(fcinfo, n, name);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, &nulls, &nelements);
	for (int i = 0; i < nelements; i++)
	{
		char	   *element;
		ListCell   *cell;
		bool		is_new = true;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s cannot contain null", name)));
		element = TextDatumGetCString(elements[i]);
		foreach(cell, result)
			is_new = is_new && strcmp(lfirst(cell), element) != 0;
		if (is_new)
			result = lappend(result, element);
	}
	return result;
}

char *
rbac_optional_text(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

pg_uuid_t *
rbac_optional_uuid(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);
}

TimestampTz *
rbac_optional_timestamp(FunctionCallInfo fcinfo, int n)
{
	TimestampTz *result;

	if (PG_ARGISNULL(n))
		return NULL;
	result = palloc(sizeof(TimestampTz));
	*result = PG_GETARG_TIMESTAMPTZ(n);
	return result;
}

static void
refuse_name(const char *what, const char *name, RbacNameFault fault)
{
	if (fault != RBAC_NAME_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid %s: \"%s\"", what, name),
				 errdetail("%s", rbac_name_fault_text(fault))));
}

void
rbac_check_name(const char *what, const char *name)
{
	int			length = strlen(name);

	refuse_name(what, name, rbac_name_fault(name, length, pg_mbstrlen_with_len(name, length)));
}

void
rbac_check_scope_name(const char *name)
{
	refuse_name("scope name", name, rbac_scope_token_fault(name, strlen(name)));
}
