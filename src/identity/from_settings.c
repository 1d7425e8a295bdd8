/*
 * from_settings.c
 *		Who is asking, where an application says it by ordinary settings.
 *
 * Gateways put the user whom they have authenticated into a setting of their
 * own, such as app.current_user_id or request.jwt.claims.  The DBA may have us
 * read it there: rbac.user_setting, rbac.tenant_setting and rbac.claims_setting
 * are names of such settings.  They count while nobody was set by
 * rbac.set_identity(), and are as good as whoever can run SQL: all of them can
 * set those settings.
 *
 * The named settings are read anew at each question, by name: a placeholder may
 * be freed and made again when a library is loaded, so a pointer to its value
 * cannot be kept, and nothing tells us when it changes.  So it follows SET
 * LOCAL, savepoints and DISCARD ALL, and is there in parallel workers, without
 * our doing.  What the values mean is kept with a copy of them and worked out
 * again when one differs, so that a check of each row costs a look-up and a
 * comparison.
 *
 * Nothing here is an error: what cannot be read is nobody.
 */
#include "postgres.h"

#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "compat.h"
#include "identity/claims.h"
#include "identity/from_settings.h"
#include "identity/identity.h"
#include "model/names.h"

/* Longer values mean nobody. */
#define MAX_UUID_TEXT	64
#define MAX_CLAIMS		(64 * 1024)

/* What stands for a value that is too long: neither a uuid nor JSON. */
#define TOO_LONG	"?"

typedef enum Source
{
	USER,
	TENANT,
	CLAIMS,
	NUM_SOURCES
} Source;

/* What was understood, and of which values.  All of it is in one memory context. */
typedef struct Understanding
{
	MemoryContext context;		/* NULL for the one that was there at first */
	const char *value[NUM_SOURCES];
	RbacIdentity *identity;		/* NULL: nobody */
	LocalTransactionId judged_in;	/* the transaction in which it was judged */
	bool		is_tolerated;	/* the judgement */
} Understanding;

rbac_identity_tolerate_hook_type rbac_identity_tolerate_hook = NULL;

/* Perhaps: cleared by whoever looks and finds that none of the three is used. */
bool		rbac_identity_may_be_in_settings = true;

/* Names of settings, or empty. */
static char *source_name[NUM_SOURCES];

static Understanding nothing = {.value = {"", "", ""}};
static Understanding *understood = &nothing;

static bool
is_custom_setting_name(const char *name)
{
	bool		begins_part = true;
	int			parts = 1;

	for (; *name != '\0'; name++)
	{
		bool		is_letter = (*name >= 'a' && *name <= 'z') ||
			(*name >= 'A' && *name <= 'Z') || *name == '_';

		if (*name == '.' && !begins_part)
		{
			parts++;
			begins_part = true;
			continue;
		}
		if (!is_letter && (begins_part || !((*name >= '0' && *name <= '9') || *name == '$')))
			return false;
		begins_part = false;
	}
	return parts > 1 && !begins_part;
}

static bool
check_source(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || **newval == '\0')
		return true;
	if (!is_custom_setting_name(*newval))
		GUC_check_errdetail("It is not the name of a setting of an application: letters, digits, underscores and dollar signs, in two parts or more with dots between them.");
	else if (pg_strncasecmp(*newval, "rbac.", strlen("rbac.")) == 0)
		GUC_check_errdetail("The settings of rbac itself do not say who is asking.");
	else
		return true;
	GUC_check_errhint("Name the setting in which your application says it, such as \"app.current_user_id\" or \"request.jwt.claims\".");
	return false;
}

static void
assign_source(const char *newval, void *extra)
{
	rbac_identity_may_be_in_settings = true;
	rbac_identity_serial++;
}

static void
define_source(const char *setting, const char *what, const char *where, Source source)
{
	DefineCustomStringVariable(setting, what, where,
							   &source_name[source],
							   "",
							   PGC_SUSET, 0,
							   check_source,
							   assign_source,
							   NULL);
}

#define RISK " Whoever can run SQL can set that setting, and so become anybody: where SQL injection must not do that, use rbac.set_identity()."

void
rbac_identity_settings_init(void)
{
	define_source("rbac.user_setting",
				  "Name of a setting that holds the id of the user who is asking.",
				  "Such as app.current_user_id; empty: none. Counts while rbac.set_identity() has set nobody." RISK,
				  USER);
	define_source("rbac.tenant_setting",
				  "Name of a setting that holds the id of the tenant in which is asked.",
				  "Such as app.current_tenant; empty: none. Counts while rbac.set_identity() has set nobody." RISK,
				  TENANT);
	define_source("rbac.claims_setting",
				  "Name of a setting that holds a JSON object with claims about who is asking.",
				  "Such as request.jwt.claims; empty: none. Read are sub (the id of the user), tenant_id and scope. Counts while rbac.set_identity() has set nobody." RISK,
				  CLAIMS);
}

/* The value of the setting that the source names; "" if there is none. */
static const char *
read_source(Source source)
{
	Size		longest = source == CLAIMS ? MAX_CLAIMS : MAX_UUID_TEXT;
	const char *value;

	if (source_name[source][0] == '\0')
		return "";

	/*
	 * Also one that the current role may not see (GUC_SUPERUSER_ONLY): it was
	 * the DBA who chose it, and only we look at it.
	 */
	value = GetConfigOption(source_name[source], true, false);
	if (value == NULL)
		return "";
	return strnlen(value, longest + 1) > longest ? TOO_LONG : value;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* As uuid_in reads it, which raises an error where this is false. */
static bool
read_uuid(const char *text, pg_uuid_t *uuid)
{
	bool		has_braces = *text == '{';

	if (has_braces)
		text++;
	for (int i = 0; i < UUID_LEN; i++)
	{
		int			high = hex_value(text[0]);
		int			low = high < 0 ? -1 : hex_value(text[1]);

		if (low < 0)
			return false;
		uuid->data[i] = high << 4 | low;
		text += 2;
		if (*text == '-' && i % 2 == 1 && i < UUID_LEN - 1)
			text++;
	}
	if (has_braces && *text++ != '}')
		return false;
	return *text == '\0';
}

/*
 * Narrow the identity to the scopes that the text names.  False if one of them
 * cannot be a scope's name; one that does not exist is held by nobody.
 */
static bool
narrow(RbacIdentity *identity, const char *text)
{
	char	   *to = identity->scopes;

	identity->is_narrowed = true;
	while (*text != '\0')
	{
		int			length = strcspn(text, " ");

		if (length == 0)
		{
			text++;
			continue;
		}
		if (rbac_scope_token_fault(text, length) != RBAC_NAME_OK)
			return false;
		memcpy(to, text, length);
		to += length;
		*to++ = '\0';
		identity->nscopes++;
		text += length;
	}
	identity->scopes_length = to - identity->scopes;
	return true;
}

/*
 * What the values mean; NULL if nobody.  The identity is in the given context;
 * scratch goes to the current one.
 *
 * Claims are read whole or not at all: some that are malformed mean nobody, even
 * if user and tenant come from elsewhere, since they might have narrowed.  And a
 * tenant that is malformed does not become none.
 */
static RbacIdentity *
understand(const char *const value[], MemoryContext context)
{
	const char *user = value[USER];
	const char *tenant = value[TENANT];
	RbacClaims	claims = {0};
	RbacIdentity *identity;

	if (value[CLAIMS][0] != '\0' && !rbac_read_claims(value[CLAIMS], &claims))
		return NULL;
	if (user[0] == '\0' && claims.sub != NULL)
		user = claims.sub;
	if (tenant[0] == '\0' && claims.tenant_id != NULL)
		tenant = claims.tenant_id;

	identity = MemoryContextAllocZero(context, offsetof(RbacIdentity, scopes) +
									  (claims.scope ? strlen(claims.scope) : 0) + 1);
	if (!read_uuid(user, &identity->user_id))
		return NULL;
	if (tenant[0] != '\0')
	{
		if (!read_uuid(tenant, &identity->tenant_id))
			return NULL;
		identity->has_tenant = true;
	}
	if (claims.scope != NULL && !narrow(identity, claims.scope))
		return NULL;

	/* so that what is made of it, another tenant, is not for the next request */
	identity->is_local = true;
	return identity;
}

/*
 * Keep what these values mean.  The new understanding is whole before it takes
 * the old one's place, so an error on the way leaves the old one, which is not
 * used: it is of other values.
 */
static void
understand_anew(const char *const value[])
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "rbac identity from settings",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext scratch = AllocSetContextCreate(context,
												  "rbac identity being understood",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(scratch);
	MemoryContext old = understood->context;
	Understanding *fresh = MemoryContextAllocZero(context, sizeof(Understanding));

	fresh->context = context;
	for (int i = 0; i < NUM_SOURCES; i++)
		fresh->value[i] = MemoryContextStrdup(context, value[i]);
	fresh->identity = understand(value, context);
	fresh->judged_in = InvalidLocalTransactionId;

	MemoryContextSwitchTo(before);
	MemoryContextDelete(scratch);
	MemoryContextSetParent(context, TopMemoryContext);
	understood = fresh;
	rbac_identity_serial++;
	if (old != NULL)
		MemoryContextDelete(old);
}

/*
 * An identity that is set is judged as it is set, by an error.  Nobody sets this
 * one, so it is judged once in each transaction that asks, and is nobody in all
 * of it if it does not pass.  An error on the way leaves it to be judged.
 */
static void
judge(void)
{
	bool		is_tolerated = rbac_identity_tolerate_hook == NULL ||
		rbac_identity_tolerate_hook(understood->identity);

	if (is_tolerated != understood->is_tolerated)
		rbac_identity_serial++;
	understood->is_tolerated = is_tolerated;
	understood->judged_in = rbac_local_transaction();
}

/* For rbac_identity(), when nobody was set. */
const RbacIdentity *
rbac_identity_from_settings(void)
{
	const char *value[NUM_SOURCES];
	bool		is_used = false;
	bool		is_same = true;

	for (int i = 0; i < NUM_SOURCES; i++)
	{
		is_used = is_used || source_name[i][0] != '\0';
		value[i] = read_source(i);
		is_same = is_same && strcmp(value[i], understood->value[i]) == 0;
	}
	if (!is_used)
		rbac_identity_may_be_in_settings = false;

	if (unlikely(!is_same))
		understand_anew(value);
	if (understood->identity == NULL)
		return NULL;
	if (unlikely(understood->judged_in != rbac_local_transaction()))
		judge();
	return understood->is_tolerated ? understood->identity : NULL;
}

/* 55000 for clear_identity, which cannot take back what others have set. */
void
rbac_refuse_to_clear_settings(void)
{
	Source		source = understood->value[USER][0] != '\0' ? USER : CLAIMS;

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cannot clear an identity that comes from setting \"%s\"", source_name[source]),
			 errdetail("It says who is asking while rbac.set_identity() does not."),
			 errhint("Set it to '' instead.")));
}
