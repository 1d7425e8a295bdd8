/*
 * identity.c
 *		Who is asking?
 *
 * The identity is the value of a setting, rbac.identity, so that it follows
 * transactions and savepoints, reaches parallel workers, and goes at DISCARD
 * ALL, all by PostgreSQL's own care.  No SQL statement can give the setting a
 * value: its check hook refuses whatever does not come from put_identity
 * below, or from the leader of a parallel worker as that starts.  That holds
 * for superusers too (they have set_identity), for SET clauses of functions
 * and roles, and for a placeholder of that name that was set before the
 * library was loaded: it is checked as the setting is defined, refused, and
 * nobody is asking.
 *
 * Emptying the setting is free to all: it can only take away.  (Where the DBA
 * lets other settings say who is asking, these count then: from_settings.c.)
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "compat.h"
#include "identity/from_settings.h"
#include "identity/identity.h"
#include "identity/outsider.h"
#include "model/model.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_set_identity);
PG_FUNCTION_INFO_V1(rbac_switch_tenant);
PG_FUNCTION_INFO_V1(rbac_clear_identity);
PG_FUNCTION_INFO_V1(rbac_current_user_id);
PG_FUNCTION_INFO_V1(rbac_current_tenant_id);

#define IDENTITY_SETTING "rbac.identity"
#define UUID_TEXT_LEN	36

rbac_identity_admit_hook_type rbac_identity_admit_hook = NULL;
uint64		rbac_identity_serial = 0;

/* The setting's value: user=UUID;tenant=UUID;local;scopes=A B C */
static char *identity_setting = NULL;

/* What it means; owned by the setting.  NULL when nobody was set. */
const RbacIdentity *rbac_identity_in_force = NULL;

/* What put_identity is writing into the setting; NULL at all other times. */
static const RbacIdentity *being_put = NULL;

static bool check_identity(char **newval, void **extra, GucSource source);
static void assign_identity(const char *newval, void *extra);

void
rbac_identity_init(void)
{
	/*
	 * Not GUC_REPORT, though poolers that track reported settings could carry
	 * the identity along: each set_identity would then send a message, and
	 * the client, who need not know whom it acts for, would be told; nor
	 * could the pooler put it back, since no client can set it.
	 */
	DefineCustomStringVariable(IDENTITY_SETTING,
							   "Who is asking, as set by rbac.set_identity().",
							   "Cannot be set by hand. Empty when nobody is asking.",
							   &identity_setting,
							   "",
							   PGC_SUSET,
							   GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE |
							   GUC_DISALLOW_IN_FILE | GUC_DISALLOW_IN_AUTO_FILE,
							   check_identity,
							   assign_identity,
							   NULL);
	rbac_identity_settings_init();
}

static bool
read_uuid(const char *text, int length, pg_uuid_t *uuid)
{
	int			digits = 0;

	for (int i = 0; i < length; i++)
	{
		int			value;

		if (text[i] == '-')
			continue;
		if (text[i] >= '0' && text[i] <= '9')
			value = text[i] - '0';
		else if (text[i] >= 'a' && text[i] <= 'f')
			value = text[i] - 'a' + 10;
		else
			return false;
		if (digits == 2 * UUID_LEN)
			return false;
		if (digits % 2 == 0)
			uuid->data[digits / 2] = value << 4;
		else
			uuid->data[digits / 2] |= value;
		digits++;
	}
	return digits == 2 * UUID_LEN;
}

/*
 * Parse a value that put_identity wrote.  False if it did not.  The result is
 * one piece of the memory that settings use.
 */
static bool
parse_identity(const char *value, RbacIdentity **result)
{
	const char *at = value;
	const char *scopes = strstr(value, ";scopes=");
	Size		room = scopes ? strlen(scopes) : 0;
	RbacIdentity *parsed = guc_malloc(LOG, offsetof(RbacIdentity, scopes) + room + 1);
	bool		has_user = false;

	if (parsed == NULL)
		return false;
	memset(parsed, 0, offsetof(RbacIdentity, scopes) + room + 1);

	while (*at != '\0')
	{
		int			length = strcspn(at, ";");

		if (strncmp(at, "user=", 5) == 0)
		{
			if (!read_uuid(at + 5, length - 5, &parsed->user_id))
				goto damaged;
			has_user = true;
		}
		else if (strncmp(at, "tenant=", 7) == 0)
		{
			if (!read_uuid(at + 7, length - 7, &parsed->tenant_id))
				goto damaged;
			parsed->has_tenant = true;
		}
		else if (length == 5 && strncmp(at, "local", 5) == 0)
			parsed->is_local = true;
		else if (strncmp(at, "scopes=", 7) == 0)
		{
			/* the last field; names have no blanks, but may have semicolons */
			char	   *to = parsed->scopes;

			parsed->is_narrowed = true;
			for (at += 7; *at != '\0'; at++)
			{
				if (*at == ' ')
				{
					*to++ = '\0';
					parsed->nscopes++;
				}
				else
					*to++ = *at;
			}
			if (to > parsed->scopes)
			{
				*to++ = '\0';
				parsed->nscopes++;
			}
			parsed->scopes_length = to - parsed->scopes;
			break;
		}
		else
			goto damaged;

		at += length;
		if (*at == ';')
			at++;
	}
	if (!has_user)
		goto damaged;

	*result = parsed;
	return true;

damaged:
	guc_free(parsed);
	return false;
}

/* The same in the memory that settings use; NULL if there is none left. */
static RbacIdentity *
copy_identity(const RbacIdentity *identity)
{
	Size		size = offsetof(RbacIdentity, scopes) + identity->scopes_length + 1;
	RbacIdentity *copy = guc_malloc(LOG, size);

	if (copy != NULL)
		memcpy(copy, identity, size);
	return copy;
}

/*
 * Only a parallel worker has to read the text; who writes it knows what it means.
 */
static bool
check_identity(char **newval, void **extra, GucSource source)
{
	RbacIdentity *meaning = NULL;

	if (*newval == NULL || **newval == '\0')
		return true;

	if (being_put != NULL)
		meaning = copy_identity(being_put);
	else if (InitializingParallelWorker)
		(void) parse_identity(*newval, &meaning);
	else
	{
		GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
		GUC_check_errmsg("parameter \"%s\" cannot be set", IDENTITY_SETTING);
		GUC_check_errhint("Whoever may say who is asking calls rbac.set_identity().");
		return false;
	}
	*extra = meaning;
	return meaning != NULL;
}

static void
assign_identity(const char *newval, void *extra)
{
	rbac_identity_in_force = extra;
	rbac_identity_serial++;
}

static char *
write_text(char *to, const char *text)
{
	Size		length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

/* As uuid_out does, which is too slow for every transaction. */
static char *
write_uuid(char *to, const pg_uuid_t *uuid)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*to++ = '-';
		*to++ = digits[uuid->data[i] >> 4];
		*to++ = digits[uuid->data[i] & 0xF];
	}
	return to;
}

/*
 * The setting's value, for parallel workers: what parse_identity reads back.
 * Not inlined, since compilers would fear for its variables in PG_TRY.
 */
static pg_noinline char *
identity_text(const RbacIdentity *identity)
{
	char	   *text = palloc(sizeof("user=;tenant=;local;scopes=") + 2 * UUID_TEXT_LEN +
							  identity->scopes_length);
	char	   *to = write_uuid(write_text(text, "user="), &identity->user_id);

	if (identity->has_tenant)
		to = write_uuid(write_text(to, ";tenant="), &identity->tenant_id);
	if (identity->is_local)
		to = write_text(to, ";local");
	if (identity->is_narrowed)
	{
		const char *separator = "";

		to = write_text(to, ";scopes=");
		rbac_foreach_identity_scope(name, identity)
		{
			to = write_text(write_text(to, separator), name);
			separator = " ";
		}
	}
	*to = '\0';
	return text;
}

/* NULL: nobody is asking. */
static void
put_identity(const RbacIdentity *wanted, bool local)
{
	const char *value = wanted ? identity_text(wanted) : "";
	const RbacIdentity *before = being_put;

	being_put = wanted;
	PG_TRY();
	{
		(void) set_config_option(IDENTITY_SETTING, value,
								 PGC_SUSET, PGC_S_SESSION,
								 local ? GUC_ACTION_LOCAL : GUC_ACTION_SET,
								 true, 0, false);
	}
	PG_FINALLY();
	{
		being_put = before;
	}
	PG_END_TRY();
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

	size = offsetof(RbacIdentity, scopes) + identity->scopes_length + 1;
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
