/*
 * identity.c
 *		Who is asking?
 *
 * What is said by SQL functions, judged, and put into force: for the session by a
 * setting, rbac.identity (setting.c), until the transaction ends by the transaction's
 * own memory (in_transaction.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "identity/from_settings.h"
#include "identity/identity.h"
#include "identity/in_transaction.h"
#include "identity/outsider.h"
#include "identity/setting.h"
#include "model/model.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_set_identity);
PG_FUNCTION_INFO_V1(rbac_switch_tenant);
PG_FUNCTION_INFO_V1(rbac_clear_identity);
PG_FUNCTION_INFO_V1(rbac_current_user_id);
PG_FUNCTION_INFO_V1(rbac_current_tenant_id);

rbac_identity_admit_hook_type rbac_identity_admit_hook = NULL;

void
rbac_identity_init(void)
{
	rbac_identity_setting_init();
	rbac_identity_in_transaction_init();
	rbac_identity_settings_init();
}

/* NULL: nobody is asking. */
static void
put_identity(const RbacIdentity *wanted, bool local)
{
	/* the other processes would not be told */
	if (IsInParallelMode())
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
				 errmsg("cannot change who is asking during a parallel operation")));
	if (local)
		rbac_put_for_transaction(wanted);
	else
		rbac_put_for_session(wanted);
}

/*
 * Judge, then put into force.  wanted is scratch memory of the caller.
 */
static void
take_identity(const RbacIdentity *wanted, bool by_switch)
{
	if (rbac_identity_admit_hook)
		rbac_identity_admit_hook(wanted, by_switch);
	put_identity(wanted, wanted->is_local);
}

/*
 * A transaction-local identity outside a transaction block would be gone
 * before the next statement: whoever asks for that has made a mistake, and
 * would find everything denied.
 */
static void
require_transaction_block(const char *advice)
{
	if (!IsTransactionBlock() && !IsSubTransaction())
		ereport(ERROR,
				(errcode(ERRCODE_NO_ACTIVE_SQL_TRANSACTION),
				 errmsg("a transaction-local identity can only be set in a transaction block"),
				 errdetail("It would end with this statement."),
				 errhint("%s", advice)));
}

static void
append_scope(StringInfo scopes, Datum datum)
{
	char	   *name = TextDatumGetCString(datum);
	RbacNameFault fault = rbac_scope_token_fault(name, strlen(name));

	if (fault != RBAC_NAME_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid scope name: \"%s\"", name),
				 errdetail("%s", rbac_name_fault_text(fault))));
	appendBinaryStringInfo(scopes, name, strlen(name) + 1);
}

/* set_identity(user_id, tenant_id, scopes, local) */
Datum
rbac_set_identity(PG_FUNCTION_ARGS)
{
	RbacIdentity *wanted;
	StringInfoData scopes = {0};
	int			nscopes = 0;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s cannot be null", PG_ARGISNULL(0) ? "user_id" : "local"),
				 errhint("To say that nobody is asking, call rbac.clear_identity().")));

	if (!PG_ARGISNULL(2))
	{
		ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);
		Datum	   *elements;
		bool	   *nulls;

		initStringInfo(&scopes);
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &nscopes);
		for (int i = 0; i < nscopes; i++)
		{
			if (nulls[i])
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("scopes cannot contain null")));
			append_scope(&scopes, elements[i]);
		}
	}

	wanted = palloc0(offsetof(RbacIdentity, scopes) + scopes.len + 1);
	wanted->user_id = *PG_GETARG_UUID_P(0);
	wanted->has_tenant = !PG_ARGISNULL(1);
	if (wanted->has_tenant)
		wanted->tenant_id = *PG_GETARG_UUID_P(1);
	wanted->is_narrowed = !PG_ARGISNULL(2);
	wanted->is_local = PG_GETARG_BOOL(3);
	wanted->nscopes = nscopes;
	wanted->scopes_length = scopes.len;
	if (wanted->is_narrowed)
		memcpy(wanted->scopes, scopes.data, scopes.len);

	if (wanted->is_local)
		require_transaction_block("BEGIN a transaction first, or pass local => false to set it for the session, as SET does. Behind a transaction pooler only the first is safe.");
	take_identity(wanted, false);
	PG_RETURN_VOID();
}

/*
 * switch_tenant(tenant_id): the same person, the same scopes, another tenant.
 *
 * Also of an identity that settings name.  From then on, until the transaction
 * ends, it is one that was set, whatever the settings say.
 */
Datum
rbac_switch_tenant(PG_FUNCTION_ARGS)
{
	const RbacIdentity *identity = rbac_identity();
	RbacIdentity *wanted;
	Size		size;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("tenant_id cannot be null")));
	if (identity == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("nobody is asking: no identity is set"),
				 errhint("Set one with rbac.set_identity() first.")));

	size = rbac_identity_size(identity);
	wanted = palloc(size);
	memcpy(wanted, identity, size);
	wanted->has_tenant = true;
	wanted->tenant_id = *PG_GETARG_UUID_P(0);

	if (wanted->is_local)
		require_transaction_block("BEGIN a transaction first.");
	take_identity(wanted, true);
	rbac_log_outsider(wanted);
	PG_RETURN_VOID();
}

/*
 * clear_identity(): nobody is asking.  Where settings still say somebody, that
 * would be a lie; we cannot take back what others have set, and to note that it
 * does not count would last longer than what they set.
 */
Datum
rbac_clear_identity(PG_FUNCTION_ARGS)
{
	if (rbac_identity_in_force != NULL)
		put_identity(NULL, rbac_identity_in_force->is_local);
	if (rbac_identity() != NULL)
		rbac_refuse_to_clear_settings();
	PG_RETURN_VOID();
}

Datum
rbac_current_user_id(PG_FUNCTION_ARGS)
{
	const RbacIdentity *identity = rbac_identity();
	pg_uuid_t  *result;

	if (identity == NULL)
		PG_RETURN_NULL();
	result = palloc(sizeof(pg_uuid_t));
	*result = identity->user_id;
	PG_RETURN_UUID_P(result);
}

Datum
rbac_current_tenant_id(PG_FUNCTION_ARGS)
{
	const RbacIdentity *identity = rbac_identity();
	pg_uuid_t  *result;

	if (identity == NULL || !identity->has_tenant)
		PG_RETURN_NULL();
	result = palloc(sizeof(pg_uuid_t));
	*result = identity->tenant_id;
	PG_RETURN_UUID_P(result);
}
