/*
 * explain.h
 *		Inside the room "decision": why, or why not?
 */
#ifndef RBAC_EXPLAIN_H
#define RBAC_EXPLAIN_H

#include "decision/decision.h"

/*
 * What a path comes to.  Nearer misses come first: findings are listed in this
 * order.
 */
typedef enum RbacReason
{
	RBAC_GRANTED,
	/* nothing is wrong with the path itself: up to and with narrowed */
	RBAC_USER_INACTIVE,
	RBAC_TENANT_INACTIVE,
	RBAC_NARROWED_BY_IDENTITY,
	/* held here, but not now */
	RBAC_NOT_YET_VALID,
	RBAC_EXPIRED,
	/* held elsewhere */
	RBAC_DEPARTMENT_ONLY,
	RBAC_OTHER_DEPARTMENT,
	RBAC_OTHER_TENANT,
	/* no path at all */
	RBAC_NOT_ASSIGNED,
	RBAC_NO_ROLE_CARRIES_SCOPE,
	/* the question itself leads nowhere */
	RBAC_NO_IDENTITY,
	RBAC_UNKNOWN_SCOPE,
	RBAC_UNKNOWN_USER,
	RBAC_UNKNOWN_TENANT,
	RBAC_UNKNOWN_DEPARTMENT,
	RBAC_DEPARTMENT_OF_OTHER_TENANT,
	/* nobody has any scope */
	RBAC_TABLES_NOT_IN_SYNC
} RbacReason;

/* One path from the user to the scope, or what stands in the way of all. */
typedef struct RbacFinding
{
	RbacReason	reason;
	bool		is_current;		/* within the assignment's period */
	bool		is_tenant_active;	/* the assignment's tenant, if any */
	char	   *role;			/* the assigned one, or one that would grant; or NULL */
	int			nsteps;
	char	  **step;			/* names: the role, those it inherits, the permission */
	char	   *tenant;			/* key; NULL: every tenant, or no assignment */
	char	   *department;
	TimestampTz valid_from;
	TimestampTz valid_until;
} RbacFinding;

typedef struct RbacExplanation
{
	char	   *user;			/* as messages call them: user "carol" */
	char	   *place;			/* in tenant "store-7" */
	int			nfindings;
	int			capacity;
	RbacFinding *finding;
} RbacExplanation;

extern RbacExplanation *rbac_explain(const RbacQuestion *question, const char *scope,
									 bool may_name_place);

#endif							/* RBAC_EXPLAIN_H */
