/*
 * load.h
 *		Inside the room "cache": computing an entry from the tables.
 */
#ifndef RBAC_LOAD_H
#define RBAC_LOAD_H

#include "cache/cache.h"
#include "model/model.h"

/* Where a load finds the scopes of a role, inheritance included. */
typedef const Bitmapset *(*RbacRoleScopes) (int32 role_id, void *arg);

extern RbacPrincipal *rbac_load_principal(RbacReader *reader, const RbacPrincipalKey *key,
										  TimestampTz now, RbacRoleScopes role_scopes, void *arg);
extern RbacPrincipal *rbac_copy_principal(const RbacPrincipal *principal);
extern Bitmapset *rbac_load_role_scopes(RbacReader *reader, int32 role_id);
extern RbacDepartmentPath *rbac_load_department_path(RbacReader *reader,
													 const pg_uuid_t *department_id);

#endif							/* RBAC_LOAD_H */
