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

/* Moves whenever the identity changes, for those who keep what follows from it. */
extern uint64 rbac_identity_serial;

/* Use rbac_identity(). */
extern const RbacIdentity *rbac_identity_in_force;

extern void rbac_identity_init(void);

/* Who is asking, or NULL for nobody.  Readable until the identity changes. */
static inline const RbacIdentity *
rbac_identity(void)
{
	return rbac_identity_in_force;
}

#endif							/* RBAC_IDENTITY_H */
