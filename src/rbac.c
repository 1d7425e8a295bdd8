/*
 * rbac.c
 *		The library's entry: one call a room, from the bottom up.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "admin/admin.h"
#include "cache/cache.h"
#include "decision/decision.h"
#include "identity/identity.h"
#include "isolation/isolation.h"
#include "model/model.h"
#include "replicas/replicas.h"
#include "summary/summary.h"
#include "workflow/workflow.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	rbac_model_init();
	rbac_identity_init();
	rbac_cache_init();
	rbac_decision_init();
	rbac_admin_init();
	rbac_replicas_init();
	rbac_isolation_init();
	rbac_workflow_init();
	rbac_summary_init();

	/* After all settings: what is left under our prefix is nobody's. */
	MarkGUCPrefixReserved("rbac");
}
