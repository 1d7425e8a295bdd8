/*
 * reach.h
 *		Inside the room "decision": by which of its permissions does a role
 *		carry a scope?
 */
#ifndef RBAC_REACH_H
#define RBAC_REACH_H

#include "model/hierarchy.h"

/* The permissions that carry a scope, ascending. */
typedef struct RbacCarriers
{
	int			n;
	int			capacity;
	int32	   *permission;
} RbacCarriers;

/*
 * Called for each permission found, with the role that has it: the one at
 * this place of the hierarchy.
 */
typedef void (*RbacReachVisitor) (const RbacHierarchy *below, int place,
								  int32 permission_id, void *arg);

extern RbacCarriers *rbac_carriers(RbacReader *reader, int32 scope_id);
extern void rbac_visit_reach(RbacReader *reader, const RbacCarriers *carriers,
							 const RbacHierarchy *below, RbacReachVisitor visit, void *arg);
extern bool rbac_role_reaches(RbacReader *reader, const RbacCarriers *carriers, int32 role_id);

#endif							/* RBAC_REACH_H */
