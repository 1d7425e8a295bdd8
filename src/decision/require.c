/*
 * require.c
 *		The same question, where "no" is an error that says why.
 *
 * A yes costs what has_scope costs.  A no is taken by the decision; the
 * explanation is read afterwards and only words the refusal: it never turns it
 * into a yes.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "decision/explain.h"

PG_FUNCTION_INFO_V1(rbac_require_scope);

/* More would not be read. */
#define MAX_SENTENCES 3
#define MAX_LISTED 3

typedef struct Sentences
{
	int			n;
	char	   *sentence[MAX_SENTENCES];
} Sentences;

/* Names once each, in the order in which they come. */
typedef struct NameList
{
	int			n;
	int			capacity;
	const char **name;
} NameList;

static void
add_name(NameList *list, const char *name)
{
	if (name == NULL)
		return;
	for (int i = 0; i < list->n; i++)
	{
		if (strcmp(list->name[i], name) == 0)
			return;
	}
	if (list->n == list->capacity)
	{
		list->capacity = list->capacity ? 2 * list->capacity : 8;
		list->name = list->name
			? repalloc(list->name, sizeof(char *) * list->capacity)
			: palloc(sizeof(char *) * list->capacity);
	}
	list->name[list->n++] = name;
}

/* role "a"; roles "a" and "b"; roles "a", "b" and 5 more */
static char *
enumerate(const char *singular, const NameList *list)
{
	StringInfoData text;
	int			listed = list->n <= MAX_LISTED ? list->n : MAX_LISTED - 1;

	initStringInfo(&text);
	appendStringInfo(&text, "%s%s", singular, list->n > 1 ? "s" : "");
	for (int i = 0; i < listed; i++)
		appendStringInfo(&text, "%s\"%s\"",
						 i == 0 ? " " : (i == list->n - 1 ? " and " : ", "),
						 list->name[i]);
	if (listed < list->n)
		appendStringInfo(&text, " and %d more", list->n - listed);
	return text.data;
}

static const char *
moment(TimestampTz timestamp)
{
	return DatumGetCString(DirectFunctionCall1(timestamptz_out, TimestampTzGetDatum(timestamp)));
}

/* Where else a role grants: all places that are as near as this one. */
static char *
places_like(const RbacExplanation *explanation, const RbacFinding *like)
{
	NameList	places = {0};

	for (int i = 0; i < explanation->nfindings; i++)
	{
		const RbacFinding *finding = &explanation->finding[i];

		if (finding->reason == like->reason &&
			finding->is_current && finding->is_tenant_active &&
			strcmp(finding->role, like->role) == 0)
			add_name(&places, like->reason == RBAC_OTHER_TENANT
					 ? finding->tenant : finding->department);
	}
	return enumerate(like->reason == RBAC_OTHER_TENANT ? "tenant" : "department", &places);
}

static char *
sentence_of_place(const RbacExplanation *explanation, const RbacFinding *finding)
{
	NameList	place = {0};
	char	   *in;

	if (finding->is_current && finding->is_tenant_active)
		return psprintf("role \"%s\" grants it in %s only",
						finding->role, places_like(explanation, finding));

	/* the place is not all that is wrong */
	add_name(&place, finding->reason == RBAC_OTHER_TENANT ? finding->tenant : finding->department);
	in = enumerate(finding->reason == RBAC_OTHER_TENANT ? "tenant" : "department", &place);
	if (finding->is_current)
		return psprintf("role \"%s\" is held in %s, which is not active", finding->role, in);
	if (finding->valid_until <= GetCurrentStatementStartTimestamp())
		return psprintf("role \"%s\" granted it in %s until %s",
						finding->role, in, moment(finding->valid_until));
	return psprintf("role \"%s\" grants it in %s from %s on",
					finding->role, in, moment(finding->valid_from));
}

static char *
sentence_of_roles_that_would(const RbacExplanation *explanation)
{
	NameList	roles = {0};

	for (int i = 0; i < explanation->nfindings; i++)
	{
		if (explanation->finding[i].reason == RBAC_NOT_ASSIGNED)
			add_name(&roles, explanation->finding[i].role);
	}
	if (roles.n == 0)
		return pstrdup("no role of the user carries it");
	return psprintf("no role of the user carries it; %s would", enumerate("role", &roles));
}

/* Sentences start in lower case, as they are joined. */
static char *
sentence_of(const RbacExplanation *explanation, const RbacFinding *finding)
{
	switch (finding->reason)
	{
		case RBAC_USER_INACTIVE:
			return pstrdup("the user is not active");
		case RBAC_TENANT_INACTIVE:
			return pstrdup("the tenant is not active");
		case RBAC_NARROWED_BY_IDENTITY:
			if (finding->role != NULL)
				return psprintf("role \"%s\" grants it, but the identity lists other scopes only",
								finding->role);
			return pstrdup("the identity lists other scopes only");
		case RBAC_NOT_YET_VALID:
			return psprintf("role \"%s\" is not valid before %s",
							finding->role, moment(finding->valid_from));
		case RBAC_EXPIRED:
			return psprintf("role \"%s\" expired at %s",
							finding->role, moment(finding->valid_until));
		case RBAC_DEPARTMENT_ONLY:
		case RBAC_OTHER_DEPARTMENT:
		case RBAC_OTHER_TENANT:
			return sentence_of_place(explanation, finding);
		case RBAC_NOT_ASSIGNED:
			return sentence_of_roles_that_would(explanation);
		case RBAC_NO_ROLE_CARRIES_SCOPE:
			return pstrdup("no role that can be held there carries it");
		case RBAC_UNKNOWN_SCOPE:
			return pstrdup("there is no such scope");
		case RBAC_UNKNOWN_USER:
			return pstrdup("there is no such user any more");
		case RBAC_UNKNOWN_TENANT:
			return pstrdup("there is no such tenant");
		case RBAC_UNKNOWN_DEPARTMENT:
		case RBAC_DEPARTMENT_OF_OTHER_TENANT:
			/* whose it is instead is not the asker's to know */
			return pstrdup("the tenant has no such department");
		case RBAC_TABLES_NOT_IN_SYNC:
			return pstrdup("a subscription is still copying the tables of rbac into this database, and until they are in sync nobody has any scope");
		case RBAC_GRANTED:
		case RBAC_NO_IDENTITY:
			break;
	}
	return NULL;
}

static void
add_sentence(Sentences *sentences, char *sentence)
{
	if (sentence == NULL || sentences->n == MAX_SENTENCES)
		return;
	for (int i = 0; i < sentences->n; i++)
	{
		if (strcmp(sentences->sentence[i], sentence) == 0)
			return;
	}
	sentences->sentence[sentences->n++] = sentence;
}

/*
 * The nearest misses, joined.  Where nothing is wrong with a path itself, what
 * is wrong with others would only distract.
 */
static char *
nearest_misses(const RbacExplanation *explanation)
{
	Sentences	sentences = {0};
	StringInfoData text;
	bool		has_good_path = false;

	for (int i = 0; i < explanation->nfindings; i++)
	{
		if (explanation->finding[i].reason <= RBAC_NARROWED_BY_IDENTITY &&
			explanation->finding[i].role != NULL)
			has_good_path = true;
	}
	for (int i = 0; i < explanation->nfindings; i++)
	{
		if (has_good_path && explanation->finding[i].reason > RBAC_NARROWED_BY_IDENTITY)
			break;
		add_sentence(&sentences, sentence_of(explanation, &explanation->finding[i]));
	}

	initStringInfo(&text);
	for (int i = 0; i < sentences.n; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : "; ", sentences.sentence[i]);
	return text.data;
}

/* The same as one sentence for DETAIL. */
static char *
detail(const RbacExplanation *explanation)
{
	char	   *text = psprintf("%s.", nearest_misses(explanation));

	text[0] = pg_toupper((unsigned char) text[0]);
	return text;
}

/* What would help, judged by the nearest miss. */
static char *
hint(const RbacExplanation *explanation, const char *scope)
{
	switch (explanation->finding[0].reason)
	{
		case RBAC_USER_INACTIVE:
			return pstrdup("Set is_active of the user in rbac.users.");
		case RBAC_TENANT_INACTIVE:
			return pstrdup("Set is_active of the tenant in rbac.tenants.");
		case RBAC_NARROWED_BY_IDENTITY:
			return psprintf("Ask with an identity that lists \"%s\".", scope);
		case RBAC_NO_ROLE_CARRIES_SCOPE:
			return psprintf("Give a role a permission that carries \"%s\", and grant that role %s.",
							scope, explanation->place);
		case RBAC_UNKNOWN_SCOPE:
			return pstrdup("Create it with rbac.create_scope().");
		case RBAC_UNKNOWN_USER:
			return pstrdup("Set the identity anew, of a user that exists.");
		case RBAC_UNKNOWN_TENANT:
			return pstrdup("Ask about a tenant that exists; rbac.tenants has their ids.");
		case RBAC_UNKNOWN_DEPARTMENT:
		case RBAC_DEPARTMENT_OF_OTHER_TENANT:
			return pstrdup("Ask about a department of that tenant; rbac.departments has their ids.");
		case RBAC_TABLES_NOT_IN_SYNC:
			return pstrdup("Wait until srsubstate of the tables in pg_subscription_rel is \"r\", or see in the server's log why it does not become so.");
		default:
			return psprintf("Grant a role that carries \"%s\" %s.", scope, explanation->place);
	}
}

static void
refuse(const RbacQuestion *question, const char *scope)
{
	const RbacExplanation *explanation = rbac_explain(question, scope, false);
	bool		granted_since = explanation->finding[0].reason == RBAC_GRANTED;

	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied: %s lacks scope \"%s\" %s",
					explanation->user, scope, explanation->place),
			 granted_since
			 ? errdetail("It was granted while this was being decided.")
			 : errdetail("%s", detail(explanation)),
			 granted_since
			 ? errhint("Try again.")
			 : errhint("%s", hint(explanation, scope))));
}

/* For other rooms: returns if the scope is held, else raises 42501 and says why. */
void
rbac_require(const RbacQuestion *question, const char *scope)
{
	if (!rbac_decide(question, scope))
		refuse(question, scope);
}

/*
 * For other rooms: the answer to a question in words, without a full stop, in
 * the current memory context.  may_name_place as for rbac_explain.
 */
char *
rbac_describe(const RbacQuestion *question, const char *scope, bool is_held, bool may_name_place)
{
	const RbacExplanation *explanation = rbac_explain(question, scope, may_name_place);

	if (is_held)
		return psprintf("%s holds scope \"%s\" %s",
						explanation->user, scope, explanation->place);
	return psprintf("%s lacks scope \"%s\" %s: %s",
					explanation->user, scope, explanation->place,
					explanation->finding[0].reason == RBAC_GRANTED
					? "it was granted while this was being decided"
					: nearest_misses(explanation));
}

/*
 * require_scope(scope [, tenant_id [, department_id]])
 *
 * Not strict: PERFORM of a NULL answer would let pass whom it should stop.
 */
Datum
rbac_require_scope(PG_FUNCTION_ARGS)
{
	static const char *const arguments[] = {"scope", "tenant_id", "department_id"};
	RbacQuestion question;

	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s cannot be null", arguments[i])));
	}
	if (!rbac_current_question(&question))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("nobody is asking: no identity is set"),
				 errhint("Set one with rbac.set_identity() first.")));
	if (PG_NARGS() > 1)
		question.tenant_id = PG_GETARG_UUID_P(1);
	if (PG_NARGS() > 2)
		question.department_id = PG_GETARG_UUID_P(2);

	if (!rbac_decide_at(fcinfo, &question))
		refuse(&question, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_BOOL(true);
}
