/*
 * cache.h
 *		The door of the room "cache": what do we know already, and is it still
 *		true?
 *
 * A decision is a loop: begin an attempt, ask the questions below, and begin
 * again unless the attempt stands.
 *
 *		RbacAttempt attempt = {0};
 *
 *		do
 *		{
 *			rbac_attempt_begin(&attempt, false);
 *			principal = rbac_cache_principal(&key, now);
 *			...
 *		} while (!rbac_attempt_stands(&attempt));
 *
 * What the questions return stays readable until the next rbac_cache_begin
 * (which an attempt begins with), and is never older than the last one.
 *
 * A caller may keep a result together with the epoch of the attempt that found
 * it: when a later rbac_cache_begin returns the same epoch, the result is still
 * there and still true (a principal's as long as its valid_from and valid_until
 * allow).
 */
#ifndef RBAC_CACHE_H
#define RBAC_CACHE_H

#include "nodes/bitmapset.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/*
 * What a user holds in one tenant, or (no tenant) by assignments for every
 * tenant alone.
 */
typedef struct RbacPrincipalKey
{
	pg_uuid_t	user_id;
	pg_uuid_t	tenant_id;		/* zeroes if none */
	int32		has_tenant;		/* no padding: the key is compared as bytes */
} RbacPrincipalKey;

typedef struct RbacDepartmentGrant
{
	pg_uuid_t	department_id;
	Bitmapset  *scopes;
} RbacDepartmentGrant;

typedef struct RbacPrincipal
{
	RbacPrincipalKey key;
	bool		user_exists;
	bool		tenant_exists;	/* or none was asked about */
	bool		holds_a_role;	/* user and tenant being active */
	Bitmapset  *scopes;			/* in the whole tenant */
	bool		scopes_are_shared;	/* scopes are one role's own set */
	int			ndepartments;
	RbacDepartmentGrant *departments;	/* in each of these, and below it */
	/* all of this is true for moments in [valid_from, valid_until) */
	TimestampTz valid_from;
	TimestampTz valid_until;
} RbacPrincipal;

/* A department and those above it, itself first.  npath is 0 if there is none. */
typedef struct RbacDepartmentPath
{
	pg_uuid_t	department_id;
	pg_uuid_t	tenant_id;
	int			npath;
	pg_uuid_t  *path;
} RbacDepartmentPath;

extern void rbac_cache_init(void);

/* attempt.c */
typedef struct RbacAttempt
{
	int			number;
	uint64		epoch;
	struct RbacReader *reader;	/* if needed, or not the first attempt */
} RbacAttempt;

extern void rbac_attempt_begin(RbacAttempt *attempt, bool needs_reader);
extern bool rbac_attempt_stands(RbacAttempt *attempt);

/* local.c */
extern uint64 rbac_cache_begin(void);
extern const RbacPrincipal *rbac_cache_principal(const RbacPrincipalKey *key, TimestampTz now);
extern const RbacDepartmentPath *rbac_cache_department_path(const pg_uuid_t *department_id);
extern const Bitmapset *rbac_cache_role_scopes(int32 role_id);
extern int32 rbac_cache_scope_id(const char *name, int length);
extern struct RbacReader *rbac_cache_read_begin(void);
extern void rbac_cache_read_end(struct RbacReader *reader);
extern uint64 rbac_cache_epoch(void);
extern bool rbac_cache_holds(uint64 since);

#endif							/* RBAC_CACHE_H */
