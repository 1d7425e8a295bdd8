/*
 * readiness.c
 *		Nobody becomes anybody on a subscriber whose tables are not in sync.
 *
 * That nobody has any scope there is decided below (model/read.c).  An identity
 * that was set by half a copy, though, would outlive the copying: its roles
 * might exclude each other, and nobody would have noticed.
 *
 * Where all share a cache, it mostly knows; else the catalogs say.
 */
#include "postgres.h"

#include "utils/inval.h"

#include "cache/cache.h"
#include "identity/identity.h"
#include "model/model.h"
#include "replicas/replicas.h"

static rbac_identity_admit_hook_type next_admit_hook = NULL;
static rbac_identity_tolerate_hook_type next_tolerate_hook = NULL;

static bool
is_ready(void)
{
	if (rbac_cache_vouches())
		return true;
	AcceptInvalidationMessages();
	return rbac_model_in_sync();
}

static void
admit_identity(const RbacIdentity *wanted, bool by_switch)
{
	if (!is_ready())
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot set an identity while the tables of rbac are not in sync"),
				 errdetail("A subscription is still copying them into this database."),
				 errhint("Wait until srsubstate of the tables in pg_subscription_rel is \"r\".")));
	if (next_admit_hook)
		next_admit_hook(wanted, by_switch);
}

/* The same of an identity that settings name, which nobody sets. */
static bool
tolerate_identity(const RbacIdentity *named)
{
	return is_ready() && (next_tolerate_hook == NULL || next_tolerate_hook(named));
}

void
rbac_replicas_init(void)
{
	next_admit_hook = rbac_identity_admit_hook;
	rbac_identity_admit_hook = admit_identity;
	next_tolerate_hook = rbac_identity_tolerate_hook;
	rbac_identity_tolerate_hook = tolerate_identity;
}
