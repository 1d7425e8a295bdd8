/*
 * decide.c
 *		May this subject do this?  The hot path.
 *
 * The shortest way comes first: what the call site remembers (call_site.h);
 * then what all sessions share; then what this one knows, or the tables.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "cache/cache.h"
#include "decision/call_site.h"
#include "decision/decision.h"
#include "decision/plan_class.h"
#include "identity/identity.h"
#include "model/model.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_has_scope);
PG_FUNCTION_INFO_V1(rbac_has_scope_everywhere);
PG_FUNCTION_INFO_V1(rbac_user_has_scope);
PG_FUNCTION_INFO_V1(rbac_has_any_scope);
PG_FUNCTION_INFO_V1(rbac_has_all_scopes);

int			rbac_unknown_scope = RBAC_UNKNOWN_SCOPE_ERROR;

static rbac_identity_admit_hook_type next_admit_hook = NULL;

static void admit_identity(const RbacIdentity *wanted, bool by_switch);

void
rbac_decision_init(void)
{
	static const struct config_enum_entry choices[] = {
		{"error", RBAC_UNKNOWN_SCOPE_ERROR, false},
		{"deny", RBAC_UNKNOWN_SCOPE_DENY, false},
		{NULL, 0, false}
	};

	DefineCustomEnumVariable("rbac.unknown_scope",
							 "What a check of a scope that does not exist does.",
							 "\"error\" raises undefined_object, \"deny\" answers false.",
							 &rbac_unknown_scope,
							 RBAC_UNKNOWN_SCOPE_ERROR,
							 choices,
							 PGC_SUSET, 0,
							 NULL, NULL, NULL);

	next_admit_hook = rbac_identity_admit_hook;
	rbac_identity_admit_hook = admit_identity;
}

static void
fill_key(RbacPrincipalKey *key, const pg_uuid_t *user_id, const pg_uuid_t *tenant_id)
{
	memset(key, 0, sizeof(*key));
	key->user_id = *user_id;
	if (tenant_id)
	{
		key->tenant_id = *tenant_id;
		key->has_tenant = true;
	}
}

/* Is this scope in force for the current identity, if the user holds it? */
pg_attribute_hot bool
rbac_identity_lists(const char *scope, int length)
{
	const RbacIdentity *identity = rbac_identity();

	if (identity == NULL)
		return false;
	if (!identity->is_narrowed)
		return true;

	rbac_foreach_identity_scope(name, identity)
	{
		if (strncmp(name, scope, length) == 0 && name[length] == '\0')
			return true;
	}
	return false;
}

/*
 * Does the principal hold the scope: in the whole tenant, or, if a department
 * is asked about, in it or above it?  Part of a decision.
 */
static bool
principal_holds(const RbacPrincipal *principal, int32 scope_id, const pg_uuid_t *department_id)
{
	const RbacDepartmentPath *path;

	if (department_id == NULL)
		return bms_is_member(scope_id, principal->scopes);

	/*
	 * A department that does not exist, or is another tenant's, has no
	 * scopes, not even those of the whole tenant.
	 */
	if (!principal->key.has_tenant)
		return false;
	path = rbac_cache_department_path(&principal->key.tenant_id, department_id);
	if (path->npath == 0)
		return false;
	if (bms_is_member(scope_id, principal->scopes))
		return true;

	for (int i = 0; i < principal->ndepartments; i++)
	{
		if (!bms_is_member(scope_id, principal->departments[i].scopes))
			continue;
		for (int j = 0; j < path->npath; j++)
		{
			if (memcmp(&principal->departments[i].department_id, &path->path[j], UUID_LEN) == 0)
				return true;
		}
	}
	return false;
}

/*
 * Take a decision that needs no more than what all backends share.  False if it
 * does.
 */
static pg_attribute_hot bool
decide_at_a_glance(const RbacQuestion *question, const RbacPrincipalKey *key,
				   const char *scope, int length, TimestampTz now, RbacCallSite *site, bool *answer)
{
	RbacGlance	glance;

	if (!rbac_cache_may_glance() || !rbac_cache_glance(key, scope, length, now, &glance))
		return false;
	*answer = glance.held &&
		(!question->about_current || rbac_identity_lists(scope, length));
	if (site != NULL)
	{
		rbac_remember(site, key, scope, length, *answer);
		site->is_proven = true;
		site->proof = glance.proof;
		site->valid_from = glance.valid_from;
		site->valid_until = glance.valid_until;
	}
	return true;
}

/*
 * Take a decision, from the start and until nothing changed under it.  site,
 * if not NULL, remembers what was found.
 */
static pg_attribute_hot bool
decide(const RbacQuestion *question, const char *scope, int length, RbacCallSite *site)
{
	RbacPrincipalKey key;
	TimestampTz now = GetCurrentStatementStartTimestamp();
	RbacAttempt attempt = {0};
	int32		scope_id;
	bool		is_listed;
	const RbacPrincipal *principal;
	bool		answer;

	fill_key(&key, question->user_id, question->tenant_id);
	if (question->department_id == NULL &&
		decide_at_a_glance(question, &key, scope, length, now, site, &answer))
		return answer;

	do
	{
		rbac_attempt_begin(&attempt, false);
		scope_id = rbac_resolve_scope(scope, length);
		is_listed = !question->about_current || rbac_identity_lists(scope, length);
		principal = rbac_cache_principal(&key, now);
		answer = is_listed && principal_holds(principal, scope_id, question->department_id);
	} while (!rbac_attempt_stands(&attempt));

	/* an unknown scope is not remembered: what it means is a setting */
	if (site != NULL && attempt.lasts_an_epoch && scope_id != 0 && length <= RBAC_MAX_NAME_LENGTH)
	{
		rbac_remember(site, &key, scope, length, is_listed && bms_is_member(scope_id, principal->scopes));
		site->epoch = attempt.epoch;
		site->is_proven = false;
		site->valid_from = principal->valid_from;
		site->valid_until = principal->valid_until;
	}
	return answer;
}

/* For other rooms: a decision without a call site. */
bool
rbac_decide(const RbacQuestion *question, const char *scope)
{
	return decide(question, scope, strlen(scope), NULL);
}

/*
 * For other rooms: what would be decided at that moment, if nothing changed
 * until then?
 */
bool
rbac_decide_when(const RbacQuestion *question, const char *scope, TimestampTz when)
{
	int			length = strlen(scope);
	RbacPrincipalKey key;
	RbacAttempt attempt = {0};
	bool		answer;

	fill_key(&key, question->user_id, question->tenant_id);
	do
	{
		const RbacPrincipal *principal;
		int32		scope_id;

		rbac_attempt_begin(&attempt, true);
		scope_id = rbac_resolve_scope(scope, length);
		principal = rbac_cache_principal(&key, GetCurrentStatementStartTimestamp());
		if (when < principal->valid_from || when >= principal->valid_until)
			principal = rbac_cache_principal_when(&key, when);
		answer = (!question->about_current || rbac_identity_lists(scope, length)) &&
			principal_holds(principal, scope_id, question->department_id);
	} while (!rbac_attempt_stands(&attempt));
	return answer;
}

/*
 * Does the current user hold the scope in every tenant?  For the planner, so a
 * scope that does not exist is no error.
 */
bool
rbac_holds_everywhere(const char *scope, int length)
{
	RbacQuestion question;
	RbacAttempt attempt = {0};
	bool		answer;

	if (!rbac_current_question(&question) || !rbac_identity_lists(scope, length))
		return false;
	question.tenant_id = NULL;
	do
	{
		int32		id;

		rbac_attempt_begin(&attempt, false);
		id = rbac_cache_scope_id(scope, length);
		answer = bms_is_member(id, rbac_question_principal(&question)->scopes);
	} while (!rbac_attempt_stands(&attempt));
	return answer;
}

/* Who a question is about, with all that they hold.  Part of a decision. */
const RbacPrincipal *
rbac_question_principal(const RbacQuestion *question)
{
	RbacPrincipalKey key;

	fill_key(&key, question->user_id, question->tenant_id);
	return rbac_cache_principal(&key, GetCurrentStatementStartTimestamp());
}

/* The roles that they are authorized for.  Part of a decision. */
const RbacAuthorizedRoles *
rbac_question_roles(const RbacQuestion *question)
{
	RbacPrincipalKey key;

	fill_key(&key, question->user_id, question->tenant_id);
	return rbac_cache_authorized_roles(&key, GetCurrentStatementStartTimestamp());
}

/* The question about the user and the tenant of the current identity. */
static void
ask_as(RbacQuestion *question, const RbacIdentity *identity)
{
	question->user_id = &identity->user_id;
	question->tenant_id = identity->has_tenant ? &identity->tenant_id : NULL;
	question->department_id = NULL;
	question->about_current = true;
}

/* The question about the current user and tenant.  False if nobody is asking. */
bool
rbac_current_question(RbacQuestion *question)
{
	const RbacIdentity *identity = rbac_identity();

	if (identity == NULL)
		return false;
	ask_as(question, identity);
	return true;
}

/*
 * Decide with what the call site remembers, as long as that is still true.
 */
static pg_attribute_hot bool
decide_at(RbacCallSite *site, const RbacQuestion *question, const text *scope)
{
	if (likely(question->department_id == NULL &&
			   rbac_site_remembers(site, scope) &&
			   rbac_site_is_about(&site->key, question)))
		return rbac_site_answer(site);
	return decide(question, VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope), site);
}

/* For other functions whose first argument is a scope: a decision that the call site remembers. */
bool
rbac_decide_at(FunctionCallInfo fcinfo, const RbacQuestion *question)
{
	RbacCallSite   *site = rbac_call_site(fcinfo, 0);

	return decide_at(site, question, rbac_scope_argument(fcinfo, 0, site));
}

/*
 * Does whoever is asking hold the scope, the call's first argument, in this
 * tenant?  The call site remembers many tenants.
 */
static inline bool
has_scope_in(FunctionCallInfo fcinfo, const RbacIdentity *identity,
			 const pg_uuid_t *tenant_id, const pg_uuid_t *department_id)
{
	RbacCallSite   *site = rbac_call_site(fcinfo, 0);
	const text *scope = rbac_scope_argument(fcinfo, 0, site);
	RbacQuestion question;
	bool		answer;

	ask_as(&question, identity);
	question.tenant_id = tenant_id;
	question.department_id = department_id;
	if (department_id != NULL)
		return decide_at(site, &question, scope);

	if (rbac_site_remembers_tenant(site, scope, tenant_id, &answer))
		return answer;
	if (rbac_site_remembers(site, scope) && rbac_site_is_about(&site->key, &question))
		return rbac_site_answer(site);
	answer = decide(&question, VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope), site);
	rbac_remember_tenant(fcinfo->flinfo, site, tenant_id);
	return answer;
}

/* For other functions whose first argument is a scope.  There must be an identity. */
bool
rbac_has_scope_in(FunctionCallInfo fcinfo, const pg_uuid_t *tenant_id, const pg_uuid_t *department_id)
{
	return has_scope_in(fcinfo, rbac_identity(), tenant_id, department_id);
}

/* has_scope(scope [, tenant_id [, department_id]]) */
pg_attribute_hot Datum
rbac_has_scope(PG_FUNCTION_ARGS)
{
	const RbacIdentity *identity = rbac_identity();
	const text *scope;
	RbacCallSite   *site;
	RbacQuestion question;

	if (identity == NULL)
		PG_RETURN_BOOL(false);
	if (PG_NARGS() > 1)
		PG_RETURN_BOOL(has_scope_in(fcinfo, identity, PG_GETARG_UUID_P(1),
									PG_NARGS() > 2 ? PG_GETARG_UUID_P(2) : NULL));

	/* the same identity asks in the same tenant, so there is nothing to compare */
	site = rbac_call_site(fcinfo, 0);
	scope = rbac_scope_argument(fcinfo, 0, site);
	if (likely(rbac_site_remembers(site, scope)))
		PG_RETURN_BOOL(rbac_site_answer(site));
	ask_as(&question, identity);
	PG_RETURN_BOOL(decide_at(site, &question, scope));
}

/* has_scope_everywhere(scope): whatever the current tenant is */
Datum
rbac_has_scope_everywhere(PG_FUNCTION_ARGS)
{
	RbacQuestion question;

	if (!rbac_current_question(&question))
		PG_RETURN_BOOL(false);
	question.tenant_id = NULL;
	PG_RETURN_BOOL(rbac_decide_at(fcinfo, &question));
}

/* user_has_scope(user_id, scope, tenant_id [, department_id]) */
Datum
rbac_user_has_scope(PG_FUNCTION_ARGS)
{
	RbacCallSite   *site = rbac_call_site(fcinfo, 1);
	RbacQuestion question = {0};

	question.user_id = PG_GETARG_UUID_P(0);
	question.tenant_id = PG_GETARG_UUID_P(2);
	if (PG_NARGS() > 3)
		question.department_id = PG_GETARG_UUID_P(3);
	PG_RETURN_BOOL(decide_at(site, &question, rbac_scope_argument(fcinfo, 1, site)));
}

/*
 * How many of the scopes are held, all at one moment, and how many are asked
 * for.  A NULL among them is held by nobody.
 */
static int
count_held(FunctionCallInfo fcinfo, int *asked)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *elements;
	bool	   *nulls;
	RbacQuestion question;
	RbacAttempt attempt = {0};
	int			held;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, asked);
	if (!rbac_current_question(&question))
		return -1;
	if (PG_NARGS() > 1)
		question.tenant_id = PG_GETARG_UUID_P(1);

	do
	{
		const RbacPrincipal *principal;

		rbac_attempt_begin(&attempt, false);
		principal = rbac_question_principal(&question);
		held = 0;
		for (int i = 0; i < *asked; i++)
		{
			text	   *scope;
			int32		id;

			CHECK_FOR_INTERRUPTS();
			if (nulls[i])
				continue;
			scope = DatumGetTextPP(elements[i]);
			id = rbac_resolve_scope(VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope));
			if (rbac_identity_lists(VARDATA_ANY(scope), VARSIZE_ANY_EXHDR(scope)) &&
				principal_holds(principal, id, NULL))
				held++;
		}
	} while (!rbac_attempt_stands(&attempt));
	return held;
}

/* has_any_scope(scopes [, tenant_id]) */
Datum
rbac_has_any_scope(PG_FUNCTION_ARGS)
{
	int			asked;

	PG_RETURN_BOOL(count_held(fcinfo, &asked) > 0);
}

/*
 * has_all_scopes(scopes [, tenant_id]).  No scopes at all are a slip of the
 * caller rather than a permission for everybody: false.
 */
Datum
rbac_has_all_scopes(PG_FUNCTION_ARGS)
{
	int			asked;
	int			held = count_held(fcinfo, &asked);

	PG_RETURN_BOOL(asked > 0 && held == asked);
}

/* 42704 unless every scope that an identity lists exists, or need not. */
static void
require_scopes_known(const RbacIdentity *wanted)
{
	RbacAttempt attempt = {0};

	if (wanted->nscopes == 0)
		return;
	do
	{
		rbac_attempt_begin(&attempt, false);
		rbac_foreach_identity_scope(name, wanted)
			(void) rbac_resolve_scope(name, strlen(name));
	} while (!rbac_attempt_stands(&attempt));
}

/*
 * Before an identity comes into force: the user and the tenant exist, and a
 * switch leads to where the user holds a role.
 */
static void
admit_identity(const RbacIdentity *wanted, bool by_switch)
{
	RbacPrincipalKey key;
	RbacStanding standing;

	fill_key(&key, &wanted->user_id, wanted->has_tenant ? &wanted->tenant_id : NULL);
	rbac_cache_standing(&key, GetCurrentStatementStartTimestamp(), &standing);

	if (by_switch && !standing.holds_a_role)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to switch to tenant %s", rbac_uuid_text(&wanted->tenant_id)),
				 errdetail("The current user holds no role there, or there is no such active tenant.")));
	if (!standing.user_exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("user %s does not exist", rbac_uuid_text(&wanted->user_id)),
				 errhint("Create it with rbac.create_user(), or look for its id in rbac.users.")));
	if (!standing.tenant_exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tenant %s does not exist", rbac_uuid_text(&wanted->tenant_id)),
				 errhint("Create it with rbac.create_tenant(), or look for its id in rbac.tenants.")));

	/*
	 * Who switches keeps what the identity lists.  That was known as it was set,
	 * or settings list it: there it may well be meant for others than us.
	 */
	if (!by_switch)
		require_scopes_known(wanted);
	rbac_plans_meet(standing.holds_everywhere);

	if (next_admit_hook)
		next_admit_hook(wanted, by_switch);
}
