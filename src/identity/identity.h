/*
 * identity.h
 *		The door of the room "identity": who is asking?
 */
#ifndef RBAC_IDENTITY_H
#define RBAC_IDENTITY_H

#include "utils/uuid.h"

typedef struct RbacIdentity
{
	pg_uuid_t	user_id;
	pg_uuid_t	tenant_id;		/* zeroes if none */
	bool		has_tenant;
	bool		is_local;		/* ends with the transaction */
	bool		is_narrowed;	/* only the listed scopes are in force */
	int			nscopes;
	int			scopes_length;	/* in bytes, terminators included */
	char		scopes[FLEXIBLE_ARRAY_MEMBER];	/* names, each ended by NUL */
} RbacIdentity;

/* Each name in an identity's list. */
#define rbac_foreach_identity_scope(name, identity) \
	for (const char *name = (identity)->scopes; \
		 name < (identity)->scopes + (identity)->scopes_length; \
		 name += strlen(name) + 1)

/*
 * Called before an identity comes into force, to refuse it by an error.  Rooms
 * above hang themselves in, and call who was there before.
 */
typedef void (*rbac_identity_admit_hook_type) (const RbacIdentity *wanted, bool by_switch);
extern rbac_identity_admit_hook_type rbac_identity_admit_hook;

/*
 * Asked once in each transaction about an identity that settings name, since
 * nobody sets that: false makes it nobody.  What is wrong with the identity is
 * no error.  Not part of a decision: it may take decisions itself.
 */
typedef bool (*rbac_identity_tolerate_hook_type) (const RbacIdentity *named);
extern rbac_identity_tolerate_hook_type rbac_identity_tolerate_hook;

/*
 * Moves whenever the identity changes, for those who keep what follows from it.
 * Ask rbac_identity() first: what settings name is only noticed when asked for.
 */
extern uint64 rbac_identity_serial;

/* Use rbac_identity(). */
extern const RbacIdentity *rbac_identity_in_force;
extern bool rbac_identity_may_be_in_settings;
extern const RbacIdentity *rbac_identity_from_settings(void);

extern void rbac_identity_init(void);

/*
 * Who is asking, or NULL for nobody.  Readable until the identity changes.
 *
 * Ask before a decision begins, also if it is asked again within: the first
 * question in a transaction may have to judge who is asking.
 */
static inline const RbacIdentity *
rbac_identity(void)
{
	if (likely(rbac_identity_in_force != NULL) || likely(!rbac_identity_may_be_in_settings))
		return rbac_identity_in_force;
	return rbac_identity_from_settings();
}

#endif							/* RBAC_IDENTITY_H */
