/*
 * setting.c
 *		The setting rbac.identity: what it says, and that nobody else writes it.
 *
 * By being a setting, an identity follows transactions and savepoints, reaches
 * parallel workers, and goes at DISCARD ALL, all by PostgreSQL's own care.  No SQL
 * statement can give the setting a value: its check hook refuses whatever does not
 * come from write_setting below, or from the leader of a parallel worker as that
 * starts.  That holds for superusers too (they have set_identity), for SET clauses
 * of functions and roles, and for a placeholder of that name that was set before the
 * library was loaded: it is checked as the setting is defined, refused, and nobody
 * is asking.
 *
 * Emptying the setting is free to all: it can only take away.  (Where the DBA
 * lets other settings say who is asking, these count then: from_settings.c.)
 *
 * To change a setting for each transaction is dear: as that ends, PostgreSQL looks
 * at every setting there is.  So for identities that end with the transaction the
 * setting is made to say just that, once in the life of a session, and who it is
 * stands in the transaction's own memory (in_transaction.c).  The setting still has
 * the last word: whatever empties or restores it, does.  What is in that memory
 * counts only while the setting says so, and only what was noted since it was made
 * to say so, which a mark tells.
 *
 * A parallel worker knows the settings and nothing else, so before a parallel plan
 * runs, the setting is made to say it all.  Workers that build an index are told
 * nothing, and nobody is asking there: what an index holds cannot hang on that.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/guc_tables.h"

#include "compat.h"
#include "identity/identity.h"
#include "identity/in_transaction.h"
#include "identity/setting.h"

#define IDENTITY_SETTING "rbac.identity"
#define UUID_TEXT_LEN	36

/*
 * The setting's value: user=UUID;tenant=UUID;local;scopes=A B C, or this for what
 * the transaction's memory says, or empty for nobody.
 */
#define IN_TRANSACTION	"transaction"

/* What a value means.  One piece of the memory that settings use. */
typedef struct Meaning
{
	uint64		mark;			/* of the notes that count, or 0: it is ... */
	RbacIdentity *identity;
	char		space[FLEXIBLE_ARRAY_MEMBER];
} Meaning;

uint64		rbac_identity_serial = 0;
const RbacIdentity *rbac_identity_in_force = NULL;

static char *identity_setting = NULL;

/* What it means; owned by the setting.  NULL for nobody. */
static const Meaning *setting_meaning = NULL;

/* What write_setting is writing. */
static bool is_being_written = false;
static uint64 mark_being_written;
static const RbacIdentity *identity_being_written;

static uint64 last_mark = 0;

/* PostgreSQL's own record of the setting. */
static const struct config_generic *record = NULL;

static ExecutorRun_hook_type next_run_hook = NULL;

static bool check_identity(char **newval, void **extra, GucSource source);
static void assign_identity(const char *newval, void *extra);
static const char *show_identity(void);
static rbac_executor_run_hook(run_with_workers);

void
rbac_identity_setting_init(void)
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
							   show_identity);
	record = rbac_setting_record(IDENTITY_SETTING);
	next_run_hook = ExecutorRun_hook;
	ExecutorRun_hook = run_with_workers;
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

/* What identity_text has written, in the current memory context; NULL if it has not. */
static RbacIdentity *
parse_identity(const char *value)
{
	const char *at = value;
	const char *scopes = strstr(value, ";scopes=");
	Size		room = scopes ? strlen(scopes) : 0;
	RbacIdentity *parsed = palloc0(offsetof(RbacIdentity, scopes) + room + 1);
	bool		has_user = false;

	while (*at != '\0')
	{
		int			length = strcspn(at, ";");

		if (strncmp(at, "user=", 5) == 0)
		{
			if (!read_uuid(at + 5, length - 5, &parsed->user_id))
				return NULL;
			has_user = true;
		}
		else if (strncmp(at, "tenant=", 7) == 0)
		{
			if (!read_uuid(at + 7, length - 7, &parsed->tenant_id))
				return NULL;
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
			return NULL;

		at += length;
		if (*at == ';')
			at++;
	}
	return has_user ? parsed : NULL;
}

static char *
write_text(char *to, const char *text)
{
	Size		length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

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

static char *
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

/* NULL if there is no memory left. */
static Meaning *
make_meaning(uint64 mark, const RbacIdentity *identity)
{
	Size		size = identity ? rbac_identity_size(identity) : 0;
	Meaning    *meaning = guc_malloc(LOG, offsetof(Meaning, space) + size);

	if (meaning == NULL)
		return NULL;
	meaning->mark = mark;
	meaning->identity = identity ? memcpy(meaning->space, identity, size) : NULL;
	return meaning;
}

/* What a parallel worker is told by its leader. */
static Meaning *
meaning_of_text(const char *value)
{
	const RbacIdentity *identity;

	/* it has no notes: where the leader did not write them down, nobody is asking */
	if (strcmp(value, IN_TRANSACTION) == 0)
		return make_meaning(++last_mark, NULL);
	identity = parse_identity(value);
	return identity ? make_meaning(0, identity) : NULL;
}

static bool
check_identity(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || **newval == '\0')
		return true;

	if (is_being_written)
		*extra = make_meaning(mark_being_written, identity_being_written);
	else if (InitializingParallelWorker)
		*extra = meaning_of_text(*newval);
	else
	{
		GUC_check_errcode(ERRCODE_INSUFFICIENT_PRIVILEGE);
		GUC_check_errmsg("parameter \"%s\" cannot be set", IDENTITY_SETTING);
		GUC_check_errhint("Whoever may say who is asking calls rbac.set_identity().");
		return false;
	}
	return *extra != NULL;
}

/* Does the setting leave it to the transaction's notes? */
static inline bool
notes_count(void)
{
	return setting_meaning != NULL && setting_meaning->mark != 0;
}

/* Who is asking, by what the setting says now, and by the transaction's notes. */
void
rbac_identity_settle(void)
{
	if (notes_count())
		rbac_identity_in_force = rbac_noted_identity(setting_meaning->mark);
	else
		rbac_identity_in_force = setting_meaning ? setting_meaning->identity : NULL;
	rbac_identity_serial++;
}

static void
assign_identity(const char *newval, void *extra)
{
	setting_meaning = extra;
	if (notes_count())
		rbac_forget_notes_after(setting_meaning->mark);
	rbac_identity_settle();
}

static const char *
show_identity(void)
{
	return rbac_identity_in_force ? identity_text(rbac_identity_in_force) : "";
}

/* Not inlined, since compilers would fear for its callers' variables in PG_TRY. */
static pg_noinline void
write_setting(const char *value, uint64 mark, const RbacIdentity *identity, bool local)
{
	is_being_written = true;
	mark_being_written = mark;
	identity_being_written = identity;
	PG_TRY();
	{
		(void) set_config_option(IDENTITY_SETTING, value,
								 PGC_SUSET, PGC_S_SESSION,
								 local ? GUC_ACTION_LOCAL : GUC_ACTION_SET,
								 true, 0, false);
	}
	PG_FINALLY();
	{
		is_being_written = false;
	}
	PG_END_TRY();
}

/* As SET does.  NULL: nobody is asking. */
void
rbac_put_for_session(const RbacIdentity *wanted)
{
	write_setting(wanted ? identity_text(wanted) : "", 0, wanted, false);
}

/*
 * Until the transaction ends.  NULL: nobody is asking.
 *
 * If the setting says nothing, and has not said anything that would have to come
 * back (before a savepoint, outside of a function with a SET clause), it may as well
 * say so from now on: between transactions there are no notes.
 */
void
rbac_put_for_transaction(const RbacIdentity *wanted)
{
	if (!notes_count() || InSecurityRestrictedOperation())
		write_setting(IN_TRANSACTION, ++last_mark, NULL,
					  setting_meaning != NULL || record->stack != NULL);
	if (!notes_count())
		elog(ERROR, "could not change parameter \"%s\"", IDENTITY_SETTING);
	rbac_note_identity(setting_meaning->mark, wanted);
	rbac_identity_settle();
}

/* Before workers are started, the setting says what they must know. */
static rbac_executor_run_hook(run_with_workers)
{
	if (queryDesc->plannedstmt->parallelModeNeeded && !IsInParallelMode() &&
		rbac_identity_in_force != NULL && notes_count())
		write_setting(identity_text(rbac_identity_in_force), 0, rbac_identity_in_force, true);
	rbac_call_executor_run_hook(next_run_hook ? next_run_hook : standard_ExecutorRun);
}
