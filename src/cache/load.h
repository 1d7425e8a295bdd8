/*
 * load.h
 *		Inside the room "cache": computing an entry from the tables.
 */
#ifndef RBAC_LOAD_H
#define RBAC_LOAD_H

#include "cache/cache.h"
#include "model/model.h"

/* The scopes of a role, inheritance included, and what they follow from. */
typedef struct RbacClosure
{
	const Bitmapset *scopes;
	bool		has_tenant;		/* changes in this tenant may change it */
	pg_uuid_t	tenant_id;
	bool		is_traceable;	/* no others may, but of what all tenants share */
} RbacClosure;

/*
 * Where a load finds and leaves closures.  keep copies the scopes, and puts its
 * copy into the closure.
 */
typedef struct RbacClosureStore
{
	bool		(*find) (int32 role_id, RbacClosure *closure, void *arg);
	void		(*keep) (int32 role_id, RbacClosure *closure, void *arg);
	void	   *arg;
} RbacClosureStore;

extern RbacPrincipal *rbac_load_principal(RbacReader *reader, const RbacPrincipalKey *key,
										  TimestampTz now, const RbacClosureStore *store);
extern RbacAuthorizedRoles *rbac_load_authorized_roles(RbacReader *reader, const RbacPrincipalKey *key,
													   TimestampTz now);
extern void rbac_load_closure(RbacReader *reader, int32 role_id,
							  const RbacClosureStore *store, RbacClosure *closure);
extern void rbac_load_department_path(RbacReader *reader, RbacDepartmentPath *path);

#endif							/* RBAC_LOAD_H */
