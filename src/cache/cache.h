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
 * Most checks need less: rbac_cache_glance answers from what all backends
 * share, if all that it takes is known there.
 *
 * A caller may keep an answer, together with the epoch and with the proof that
 * it came with: while the epoch is the same and the proof holds, the answer is
 * true.  An answer that came without a proof is true while rbac_cache_begin
 * returns the same epoch (a principal's as long as its valid_from and
 * valid_until allow).
 */
#ifndef RBAC_CACHE_H
#define RBAC_CACHE_H

#include "nodes/bitmapset.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "cache/counters.h"
#include "cache/statement.h"
#include "cache/words.h"

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
	bool		holds_everywhere;	/* one of them by an assignment for every tenant */
	Bitmapset  *scopes;			/* in the whole tenant */
	bool		scopes_are_shared;	/* scopes are one role's own set */
	int			ndepartments;
	RbacDepartmentGrant *departments;	/* in each of these, and below it */
	bool		is_traceable;	/* changes about key and of what all share tell all */
	/* all of this is true for moments in [valid_from, valid_until) */
	TimestampTz valid_from;
	TimestampTz valid_until;
} RbacPrincipal;

/*
 * A department of a tenant and those above it, itself first.  npath is 0 if the
 * tenant has no such department.
 */
typedef struct RbacDepartmentPath
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	department_id;
	int			npath;
	pg_uuid_t  *path;
	bool		is_traceable;	/* changes in the tenant tell all */
} RbacDepartmentPath;

/*
 * The roles that a user is authorized for in the whole of one tenant: assigned
 * there, or inherited by one that is.
 */
typedef struct RbacAuthorizedRoles
{
	RbacPrincipalKey key;
	bool		is_active;		/* user and tenant, or none was asked about */
	int			nroles;
	int32	   *role;			/* ascending */
	bool		is_traceable;	/* changes about key and of what all share tell all */
	/* all of this is true for moments in [valid_from, valid_until) */
	TimestampTz valid_from;
	TimestampTz valid_until;
} RbacAuthorizedRoles;

/*
 * What a room above finds out and wants kept as the cache keeps its own: it
 * follows from rows about one tenant and from what all tenants share.
 */
typedef enum RbacNotionKind
{
	RBAC_NOTION_WORKFLOW = 1	/* id: of a task type */
} RbacNotionKind;

typedef struct RbacNotionKey
{
	int32		kind;
	int32		id;
	pg_uuid_t	tenant_id;		/* zeroes if none */
	int32		has_tenant;		/* no padding: the key is compared as bytes */
} RbacNotionKey;

/*
 * Finds it out: *size bytes in the current memory context, without pointers, for
 * they are copied; never NULL.  *is_traceable (true before): changes about the
 * tenant, and of what all share, tell all.
 */
struct RbacReader;
typedef void *(*RbacNotionFinder) (struct RbacReader *reader, const RbacNotionKey *key,
								   Size *size, bool *is_traceable);

extern void rbac_cache_init(void);

/* attempt.c */
typedef struct RbacAttempt
{
	int			number;
	uint64		epoch;
	bool		lasts_an_epoch; /* what it finds is true as long as the epoch */
	struct RbacReader *reader;	/* if needed, or not the first attempt */
} RbacAttempt;

extern void rbac_attempt_begin(RbacAttempt *attempt, bool needs_reader);
extern bool rbac_attempt_stands(RbacAttempt *attempt);

/* moment.c */
extern uint64 rbac_epoch;
extern uint64 rbac_cache_begin(void);
extern bool rbac_cache_lasts_a_statement(void);
extern struct RbacReader *rbac_cache_read_begin(void);
extern void rbac_cache_read_end(struct RbacReader *reader);

/* local.c */
extern const RbacPrincipal *rbac_cache_principal(const RbacPrincipalKey *key, TimestampTz now);
extern const RbacPrincipal *rbac_cache_principal_when(const RbacPrincipalKey *key, TimestampTz when);
extern const RbacDepartmentPath *rbac_cache_department_path(const pg_uuid_t *tenant_id,
															const pg_uuid_t *department_id);
extern const Bitmapset *rbac_cache_role_scopes(int32 role_id);
extern int32 rbac_cache_scope_id(const char *name, int length);
extern bool rbac_cache_has_dynamic_duty(void);
extern const RbacAuthorizedRoles *rbac_cache_authorized_roles(const RbacPrincipalKey *key, TimestampTz now);
extern const void *rbac_cache_notion(const RbacNotionKey *key, RbacNotionFinder find);

/* exchange.c */
typedef struct RbacGlance
{
	bool		held;			/* in the whole tenant */
	/* true while the proof holds, for moments in [valid_from, valid_until) */
	RbacProof	proof;
	TimestampTz valid_from;
	TimestampTz valid_until;
} RbacGlance;

/* What there is to know of somebody before they ask. */
typedef struct RbacStanding
{
	bool		user_exists;
	bool		tenant_exists;	/* or none was asked about */
	bool		holds_a_role;	/* user and tenant being active */
	bool		holds_everywhere;	/* one of them by an assignment for every tenant */
} RbacStanding;

extern void rbac_cache_standing(const RbacPrincipalKey *key, TimestampTz now, RbacStanding *standing);
extern bool rbac_cache_may_glance(void);
extern bool rbac_cache_vouches(void);
extern bool rbac_cache_glance_at_duty(bool *exists);
extern bool rbac_cache_glance(const RbacPrincipalKey *key, const char *scope, int length,
							  TimestampTz now, RbacGlance *glance);

#endif							/* RBAC_CACHE_H */
