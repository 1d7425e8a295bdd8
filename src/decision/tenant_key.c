/*
 * tenant_key.c
 *		Tenants by their keys, for tables that say "store-7", or 7, where
 *		others have a uuid.
 *
 * A key is a number if it is written as PostgreSQL writes one: "7", but not
 * "07".  So no two tenants are the same number.
 *
 * Which tenant has which key is remembered for one statement (for_statement.h),
 * since a query over rows asks about the same few again and again.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "decision/decision.h"
#include "decision/for_statement.h"
#include "decision/tenant_key.h"
#include "identity/identity.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(rbac_current_tenant_key);
PG_FUNCTION_INFO_V1(rbac_current_tenant_number);
PG_FUNCTION_INFO_V1(rbac_has_scope_by_text);
PG_FUNCTION_INFO_V1(rbac_has_scope_by_int4);
PG_FUNCTION_INFO_V1(rbac_has_scope_by_int8);

bool
rbac_key_is_number(const char *key, int64 *number)
{
	char		written[32];
	char	   *end;

	errno = 0;
	*number = strtoi64(key, &end, 10);
	if (errno != 0 || end == key || *end != '\0')
		return false;
	(void) pg_lltoa(*number, written);
	return strcmp(written, key) == 0;
}

/* One key that was looked for; each has one place where it can be. */
typedef struct KnownKey
{
	char	   *key;			/* NULL: none */
	int			length;
	bool		exists;
	pg_uuid_t	tenant_id;
} KnownKey;

#define KNOWN_KEYS 512			/* a power of two */

static KnownKey known_keys[KNOWN_KEYS];
static RbacForStatement known_since;
static MemoryContext known_context = NULL;

static void
forget_keys(void)
{
	if (known_context == NULL)
		known_context = AllocSetContextCreate(TopMemoryContext, "rbac tenant keys",
											  ALLOCSET_SMALL_SIZES);
	known_since.statement.is_known = false;
	memset(known_keys, 0, sizeof(known_keys));
	MemoryContextReset(known_context);
	rbac_for_statement_note(&known_since);
}

static bool
read_tenant_id(const char *key, int length, pg_uuid_t *tenant_id)
{
	RbacReader *reader = rbac_read_begin();
	bool		exists = rbac_read_tenant_id(reader, key, length, tenant_id);

	rbac_read_end(reader);
	return exists;
}

/* The tenant with this key.  False if there is none. */
bool
rbac_tenant_by_key(const char *key, int length, pg_uuid_t *tenant_id)
{
	uint32		hash = hash_bytes((const unsigned char *) key, length);
	KnownKey   *place = &known_keys[hash & (KNOWN_KEYS - 1)];
	char	   *copy;

	if (!rbac_for_statement_holds(&known_since))
		forget_keys();
	if (place->key == NULL || place->length != length || memcmp(place->key, key, length) != 0)
	{
		bool		exists = read_tenant_id(key, length, tenant_id);

		if (!known_since.statement.is_known)
			return exists;
		copy = MemoryContextAlloc(known_context, length + 1);
		memcpy(copy, key, length);
		if (place->key != NULL)
			pfree(place->key);
		place->key = copy;
		place->length = length;
		place->exists = exists;
		place->tenant_id = *tenant_id;
	}
	*tenant_id = place->tenant_id;
	return place->exists;
}

/* The current tenant's key, remembered for the statement; NULL if there is none. */
static const char *
current_key(void)
{
	static RbacForStatement since;
	static char *key = NULL;
	const RbacIdentity *identity = rbac_identity();
	RbacReader *reader;
	char	   *found = NULL;

	if (identity == NULL || !identity->has_tenant)
		return NULL;
	if (key != NULL && rbac_for_statement_holds(&since))
		return key;

	reader = rbac_read_begin();
	(void) rbac_read_tenant(reader, &identity->tenant_id, NULL, &found);
	rbac_read_end(reader);
	if (key != NULL)
		pfree(key);
	key = NULL;
	if (found != NULL && rbac_for_statement_note(&since))
		key = MemoryContextStrdup(TopMemoryContext, found);
	return found;
}

/* current_tenant_key() */
Datum
rbac_current_tenant_key(PG_FUNCTION_ARGS)
{
	const char *key = current_key();

	if (key == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(key));
}

/* current_tenant_number() */
Datum
rbac_current_tenant_number(PG_FUNCTION_ARGS)
{
	const char *key = current_key();
	int64		number;

	if (key == NULL || !rbac_key_is_number(key, &number))
		PG_RETURN_NULL();
	PG_RETURN_INT64(number);
}

/* May the current user do this in the tenant with this key, or in its department? */
static bool
has_scope_by_key(FunctionCallInfo fcinfo, const char *key, int length)
{
	pg_uuid_t	tenant_id = {{0}};
	bool		exists;

	if (rbac_identity() == NULL)
		return false;
	exists = rbac_tenant_by_key(key, length, &tenant_id);
	/* asked in any case: a scope that does not exist is an error */
	return rbac_has_scope_in(fcinfo, &tenant_id, PG_NARGS() > 2 ? PG_GETARG_UUID_P(2) : NULL) && exists;
}

/* has_scope_by_key(scope, tenant_key text [, department_id]) */
Datum
rbac_has_scope_by_text(PG_FUNCTION_ARGS)
{
	text	   *key = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(has_scope_by_key(fcinfo, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)));
}

/* has_scope_by_key(scope, tenant_key integer [, department_id]) */
Datum
rbac_has_scope_by_int4(PG_FUNCTION_ARGS)
{
	char		key[32];
	int			length = pg_ltoa(PG_GETARG_INT32(1), key);

	PG_RETURN_BOOL(has_scope_by_key(fcinfo, key, length));
}

/* has_scope_by_key(scope, tenant_key bigint [, department_id]) */
Datum
rbac_has_scope_by_int8(PG_FUNCTION_ARGS)
{
	char		key[32];
	int			length = pg_lltoa(PG_GETARG_INT64(1), key);

	PG_RETURN_BOOL(has_scope_by_key(fcinfo, key, length));
}
