/*
 * held.h
 *		Inside the room "admin": what a user holds that excludes each other.
 */
#ifndef RBAC_HELD_H
#define RBAC_HELD_H

#include "model/model.h"

/* Two roles of a conflict, both held in one tenant at one time. */
typedef struct RbacExclusion
{
	int32		role_a;
	int32		role_b;
	int32		through_a;		/* the assigned roles that reach them */
	int32		through_b;
	bool		everywhere;		/* both in every tenant */
	pg_uuid_t	tenant_id;		/* else a tenant where both are held */
} RbacExclusion;

/* Returns false to see no more. */
typedef bool (*RbacExclusionVisitor) (const RbacExclusion *exclusion, void *arg);

extern List *rbac_held_now(RbacReader *reader, const pg_uuid_t *user_id, TimestampTz now);
extern List *rbac_held_from(RbacReader *reader, const pg_uuid_t *user_id, TimestampTz now);
extern void rbac_visit_exclusions(RbacReader *reader, const List *held, const char *kind,
								  RbacExclusionVisitor visit, void *arg);

#endif							/* RBAC_HELD_H */
