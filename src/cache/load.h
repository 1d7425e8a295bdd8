/*
 * load.h
 *		Inside the room "cache": computing an entry from the tables.
 */
#ifndef RBAC_LOAD_H
#define RBAC_LOAD_H

#include "cache/cache.h"
#include "model/model.h"

/*
 * Where a load finds and leaves the scopes of roles, inheritance included.
 * keep copies the set and returns its copy.
 */
typedef struct RbacClosureStore
{
	bool		(*find) (int32 role_id, const Bitmapset **scopes, void *arg);
	const Bitmapset *(*keep) (int32 role_id, const Bitmapset *scopes, void *arg);
	void	   *arg;
} RbacClosureStore;

extern RbacPrincipal *rbac_load_principal(RbacReader *reader, const RbacPrincipalKey *key,
										  TimestampTz now, const RbacClosureStore *store);
extern RbacPrincipal *rbac_copy_principal(const RbacPrincipal *principal);
extern const Bitmapset *rbac_load_role_scopes(RbacReader *reader, int32 role_id,
											  const RbacClosureStore *store);
extern RbacDepartmentPath *rbac_copy_department_path(const RbacDepartmentPath *path);
extern RbacDepartmentPath *rbac_load_department_path(RbacReader *reader,
													 const pg_uuid_t *department_id);

#endif							/* RBAC_LOAD_H */
