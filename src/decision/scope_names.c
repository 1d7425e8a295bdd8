/*
 * scope_names.c
 *		From a scope's name to its id, and what to say when there is none.
 */
#include "postgres.h"

#include "cache/cache.h"
#include "decision/decision.h"
#include "model/model.h"
#include "model/nearest.h"

static bool
offer_scope(int32 id, const char *name, void *arg)
{
	rbac_nearest_offer(arg, name);
	return true;
}

/*
 * Raises 42704 with the names that are most like this one.  Returns if the
 * tables are not in sync: then nobody knows, and the caller denies.
 */
void
rbac_refuse_unknown_scope(const char *name)
{
	RbacReader *reader = rbac_read_begin();
	RbacNearest nearest;

	if (!rbac_reader_in_sync(reader))
	{
		rbac_read_end(reader);
		return;
	}
	rbac_nearest_init(&nearest, name);
	rbac_visit_scopes(reader, offer_scope, &nearest);
	rbac_read_end(reader);

	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("scope \"%s\" does not exist", name),
			 errhint("%s", rbac_nearest_hint(&nearest, "Create it with rbac.create_scope()."))));
}

/*
 * A scope's id.  A name that is no scope's is an error, because a slip in a
 * policy must not deny in silence; with rbac.unknown_scope = deny it is 0,
 * which nobody holds.  Part of a decision: call after rbac_cache_begin.
 */
int32
rbac_resolve_scope(const char *name, int length)
{
	int32		id = rbac_cache_scope_id(name, length);

	if (unlikely(id == 0 && rbac_unknown_scope == RBAC_UNKNOWN_SCOPE_ERROR))
		rbac_refuse_unknown_scope(pnstrdup(name, length));
	return id;
}

/* 42704 if a check of this scope would raise it. */
void
rbac_require_known_scope(const char *name)
{
	RbacAttempt attempt = {0};

	do
	{
		rbac_attempt_begin(&attempt, false);
		(void) rbac_resolve_scope(name, strlen(name));
	} while (!rbac_attempt_stands(&attempt));
}
