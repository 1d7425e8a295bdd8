/*
 * outsider.c
 *		Who enters a tenant without belonging to it?
 *
 * Whoever holds a role in every tenant can switch to any.  If nobody has given
 * them one in that tenant, its people did not let them in, so the server's log
 * says that they came.
 */
#include "postgres.h"

#include "access/xact.h"

#include "identity/outsider.h"
#include "model/model.h"

static bool
note_valid(const RbacAssignment *assignment, void *arg)
{
	bool	   *belongs = arg;
	TimestampTz now = GetCurrentStatementStartTimestamp();

	*belongs = now >= assignment->valid_from && now < assignment->valid_until;
	return !*belongs;
}

/* To be called once the switch is in force.  The client is told nothing. */
void
rbac_log_outsider(const RbacIdentity *identity)
{
	RbacReader *reader = rbac_read_begin();
	bool		belongs = false;
	char	   *username;
	char	   *key;

	rbac_visit_assignments_in(reader, &identity->user_id, &identity->tenant_id, note_valid, &belongs);
	if (!belongs &&
		rbac_read_user(reader, &identity->user_id, NULL, &username) &&
		rbac_read_tenant(reader, &identity->tenant_id, NULL, &key))
		ereport(LOG_SERVER_ONLY,
				(errmsg("user \"%s\" switched to tenant \"%s\" by a role held in every tenant",
						username, key),
				 errhidestmt(true),
				 errhidecontext(true)));
	rbac_read_end(reader);
}
