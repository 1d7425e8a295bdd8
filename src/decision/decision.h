/*
 * decision.h
 *		The door of the room "decision": may this subject do this?
 */
#ifndef RBAC_DECISION_H
#define RBAC_DECISION_H

#include "fmgr.h"
#include "nodes/bitmapset.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "cache/cache.h"

/* What is asked.  tenant_id NULL: only what is held in every tenant counts. */
typedef struct RbacQuestion
{
	const pg_uuid_t *user_id;
	const pg_uuid_t *tenant_id;
	const pg_uuid_t *department_id; /* NULL: the whole tenant */
	bool		about_current;	/* the current user: the identity narrows */
} RbacQuestion;

extern void rbac_decision_init(void);

/* decide.c */
extern bool rbac_decide(const RbacQuestion *question, const char *scope);
extern bool rbac_decide_when(const RbacQuestion *question, const char *scope, TimestampTz when);
extern bool rbac_holds_everywhere(const char *scope, int length);
extern const RbacPrincipal *rbac_question_principal(const RbacQuestion *question);
extern const RbacAuthorizedRoles *rbac_question_roles(const RbacQuestion *question);
extern bool rbac_current_question(RbacQuestion *question);
extern bool rbac_identity_lists(const char *scope, int length);
extern bool rbac_has_scope_in(FunctionCallInfo fcinfo, const pg_uuid_t *tenant_id,
							  const pg_uuid_t *department_id);
extern bool rbac_decide_at(FunctionCallInfo fcinfo, const RbacQuestion *question);

/* sets.c */
extern ArrayType *rbac_set_of_tenants(const char *scope);
extern ArrayType *rbac_set_of_touched_tenants(const char *scope);

/* require.c */
extern void rbac_require(const RbacQuestion *question, const char *scope);
extern char *rbac_describe(const RbacQuestion *question, const char *scope,
						   bool is_held, bool may_name_place);

/* index_condition.c */
extern Expr *rbac_member_of_set(Node *column, const char *function, List *args,
								Oid type, Oid opfamily, Oid collation);

/* support.c */
extern double rbac_share_of_one_tenant(void);

/* scope_names.c */
typedef enum RbacUnknownScope
{
	RBAC_UNKNOWN_SCOPE_ERROR,
	RBAC_UNKNOWN_SCOPE_DENY
} RbacUnknownScope;

extern int	rbac_unknown_scope;
extern int32 rbac_resolve_scope(const char *name, int length);
extern void rbac_refuse_unknown_scope(const char *name);
extern void rbac_require_known_scope(const char *name);

#endif							/* RBAC_DECISION_H */
