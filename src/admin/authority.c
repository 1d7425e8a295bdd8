/*
 * authority.c
 *		What the asker holds, and what they may therefore hand on.
 *
 * Every question is a decision about the current identity, narrowed by the
 * scopes that it lists, and as fresh as any other decision.
 *
 * Nobody can hand on what they do not hold.  Handing on is judged step by
 * step (a scope put into a permission, a permission or a junior role put into
 * a role, a role given to a user) and each step at the widest place where it
 * is felt.  So no sequence of steps, of one person or several, hands on more
 * than their steps did, in whatever order they commit.
 *
 * Nor for longer than they hold it, as things stand: whoever holds something
 * until tomorrow could otherwise give it to themselves for good today.  What is
 * put into a permission or a role stays there, and so is handed on for good.
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"

#include "admin/authority.h"
#include "cache/cache.h"
#include "decision/decision.h"
#include "identity/identity.h"

/* A message that lists more scopes than this helps nobody. */
#define MAX_LISTED 5

/* Does the current role own the table, by itself, by membership, or as superuser? */
bool
rbac_is_owner_of(Oid table_owner)
{
	return has_privs_of_role(GetUserId(), table_owner);
}

/* What a stranger without an identity is told. */
void
rbac_refuse_nobody(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
			 errmsg("nobody is asking: no identity is set"),
			 errdetail("Without an identity, only the owner of the tables of extension \"rbac\" administers it."),
			 errhint("Set an identity with rbac.set_identity() first.")));
}

/*
 * 42501 where PostgreSQL keeps a function of somebody else's from doing harm:
 * an index, a view or a statistic being made or refreshed.  The identity in
 * force is not that function's to use.
 */
void
rbac_refuse_restricted(void)
{
	if (InSecurityRestrictedOperation())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("cannot administer within a security-restricted operation")));
}

static RbacQuestion
question_at(const RbacPlace *place)
{
	RbacQuestion question;

	if (!rbac_current_question(&question))
		elog(ERROR, "nobody is asking");
	question.tenant_id = place->has_tenant ? &place->tenant_id : NULL;
	question.department_id = place->has_department ? &place->department_id : NULL;
	return question;
}

/* Does whoever is asking hold this scope there?  There must be an identity. */
bool
rbac_asker_holds(const char *scope, const RbacPlace *place)
{
	RbacQuestion question = question_at(place);

	return rbac_decide(&question, scope);
}

/* The same at the last moment before until; DT_NOEND: for good. */
static bool
asker_holds_until(const char *scope, const RbacPlace *place, TimestampTz until)
{
	RbacQuestion question = question_at(place);

	return until <= GetCurrentStatementStartTimestamp() ||
		rbac_decide_when(&question, scope, until - 1);
}

/*
 * Is anything of this tenant the asker's to know?  If they hold a role there,
 * or are the owner of the tables without an identity.
 */
bool
rbac_asker_belongs_to(const pg_uuid_t *tenant_id)
{
	RbacPlace	tenant = rbac_place(tenant_id, NULL);
	RbacAttempt attempt = {0};
	RbacQuestion question;
	bool		belongs;

	if (rbac_identity() == NULL)
		return true;
	question = question_at(&tenant);
	do
	{
		rbac_attempt_begin(&attempt, false);
		belongs = rbac_question_principal(&question)->holds_a_role;
	} while (!rbac_attempt_stands(&attempt));
	return belongs;
}

/*
 * 42704 for a role of a tenant that is not the asker's to know, as for one that
 * does not exist.  One that cannot be seen is judged by what else is asked.
 */
void
rbac_require_role_known(int32 role_id)
{
	RbacReader *reader;
	bool		has_tenant = false;
	pg_uuid_t	tenant_id;

	if (rbac_identity() == NULL)
		return;
	reader = rbac_read_begin();
	(void) rbac_read_role(reader, role_id, &has_tenant, &tenant_id, NULL);
	rbac_read_end(reader);
	if (has_tenant && !rbac_asker_belongs_to(&tenant_id))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("role %d does not exist", role_id),
				 errhint("Create it with rbac.create_role(), or look for its id in rbac.roles.")));
}

static char *
asker_name(void)
{
	const RbacIdentity *identity = rbac_identity();
	RbacReader *reader = rbac_read_begin();
	char	   *name = NULL;

	if (!rbac_read_user(reader, &identity->user_id, NULL, &name))
		name = rbac_uuid_text(&identity->user_id);
	rbac_read_end(reader);
	return name;
}

/* 42501 unless the asker holds this scope there. */
void
rbac_require_held(const char *scope, const RbacPlace *place)
{
	rbac_require_held_advised(scope, place, NULL);
}

/* The same, with a sentence on what they may do instead. */
void
rbac_require_held_advised(const char *scope, const RbacPlace *place, const char *advice)
{
	char	   *where;

	if (rbac_identity() == NULL || rbac_asker_holds(scope, place))
		return;

	where = rbac_place_text(place);
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied: user \"%s\" lacks scope \"%s\" %s",
					asker_name(), scope, where),
			 rbac_identity()->is_narrowed
			 ? errdetail("The identity in force is narrowed to the scopes that it lists.") : 0,
			 errhint("Somebody who holds a role with \"%s\" %s can do this.%s%s", scope, where,
					 advice ? " " : "", advice ? advice : "")));
}

static void
refuse_outlasting(const char *scope, const RbacPlace *place)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied: user \"%s\" does not hold \"%s\" %s for that long",
					asker_name(), scope, rbac_place_text(place)),
			 errdetail("The grant would outlast what you hold."),
			 errhint("Give valid_until, or ask somebody who holds it longer.")));
}

/* 42501 unless the asker still holds this scope there just before until. */
void
rbac_require_held_until(const char *scope, const RbacPlace *place, TimestampTz until)
{
	if (rbac_identity() != NULL && !asker_holds_until(scope, place, until))
		refuse_outlasting(scope, place);
}

/* 42501 unless the asker holds all of these scopes there, now. */
static void
require_all_held(const Bitmapset *scopes, const RbacPlace *place, const char *carrier)
{
	RbacReader *reader;
	StringInfoData missing;
	int			nmissing = 0;
	int			id = -1;

	initStringInfo(&missing);
	reader = rbac_read_begin();
	while ((id = bms_next_member(scopes, id)) >= 0)
	{
		char	   *name = rbac_read_scope_name(reader, id);

		CHECK_FOR_INTERRUPTS();

		/* one that cannot be seen is being made just now: nobody holds it */
		if (name != NULL && rbac_asker_holds(name, place))
			continue;
		if (name == NULL)
			name = psprintf("scope %d", id);
		if (++nmissing <= MAX_LISTED)
			appendStringInfo(&missing, "%s\"%s\"", nmissing == 1 ? "" : ", ", name);
	}
	rbac_read_end(reader);

	if (nmissing > MAX_LISTED)
		appendStringInfo(&missing, " and %d more", nmissing - MAX_LISTED);
	if (nmissing > 0)
	{
		char	   *where = rbac_place_text(place);

		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied: user \"%s\" cannot hand on %s %s",
						asker_name(), missing.data, where),
				 errdetail("%s would hand on what its giver does not hold there%s.", carrier,
						   rbac_identity()->is_narrowed
						   ? ", or has not in force: the identity is narrowed to the scopes that it lists" : ""),
				 errhint("Somebody who holds what is handed on, or \"rbac:escalate\", %s can do this.",
						 where)));
	}
}

/* 42501 unless the asker still holds all of these scopes there just before until. */
static void
require_all_held_until(const Bitmapset *scopes, const RbacPlace *place, TimestampTz until)
{
	int			id = -1;

	while ((id = bms_next_member(scopes, id)) >= 0)
	{
		RbacReader *reader = rbac_read_begin();
		char	   *name = rbac_read_scope_name(reader, id);

		rbac_read_end(reader);
		CHECK_FOR_INTERRUPTS();
		if (name == NULL || !asker_holds_until(name, place, until))
			refuse_outlasting(name ? name : psprintf("scope %d", id), place);
	}
}

/*
 * 42501 unless the asker holds all of these scopes there until then, or may
 * hand on what they do not hold.  carrier says what would hand them on.
 */
static void
require_handed_on(const Bitmapset *scopes, const RbacPlace *place, TimestampTz until,
				  const char *carrier)
{
	if (!rbac_asker_holds("rbac:escalate", place))
		require_all_held(scopes, place, carrier);
	if (!asker_holds_until("rbac:escalate", place, until))
		require_all_held_until(scopes, place, until);
}

/* The asker may hand on all that this role carries, inherited or not, until then. */
void
rbac_require_role_handed_on(int32 role_id, const RbacPlace *place, TimestampTz until)
{
	RbacAttempt attempt = {0};
	Bitmapset  *scopes = NULL;
	RbacReader *reader;
	char	   *name = NULL;

	if (rbac_identity() == NULL)
		return;

	do
	{
		rbac_attempt_begin(&attempt, false);
		/* a copy: the decisions to come start the cache anew */
		bms_free(scopes);
		scopes = bms_copy(rbac_cache_role_scopes(role_id));
	} while (!rbac_attempt_stands(&attempt));

	reader = rbac_read_begin();
	if (!rbac_read_role(reader, role_id, NULL, NULL, &name))
		name = psprintf("%d", role_id);
	rbac_read_end(reader);

	require_handed_on(scopes, place, until, psprintf("Role \"%s\"", name));
	bms_free(scopes);
}

static bool
collect_scope(int32 id, void *arg)
{
	Bitmapset **scopes = arg;

	*scopes = bms_add_member(*scopes, id);
	return true;
}

/* The asker may hand on all that this permission carries, for good. */
void
rbac_require_permission_handed_on(int32 permission_id, const RbacPlace *place)
{
	Bitmapset  *scopes = NULL;
	RbacReader *reader;
	char	   *name;

	if (rbac_identity() == NULL)
		return;

	reader = rbac_read_begin();
	rbac_visit_permission_scopes(reader, &permission_id, 1, collect_scope, &scopes);
	name = rbac_read_permission_name(reader, permission_id);
	if (name == NULL)
		name = psprintf("%d", permission_id);
	rbac_read_end(reader);
	require_handed_on(scopes, place, DT_NOEND, psprintf("Permission \"%s\"", name));
	bms_free(scopes);
}

/* The asker may hand on this scope, for good. */
void
rbac_require_scope_handed_on(int32 scope_id, const RbacPlace *place)
{
	if (rbac_identity() == NULL)
		return;

	/* an id that no scope can have will be refused when it is written */
	if (scope_id >= 0 && scope_id <= RBAC_MAX_SCOPE_ID)
		require_handed_on(bms_make_singleton(scope_id), place, DT_NOEND, "The permission");
}
