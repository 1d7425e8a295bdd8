/*
 * lookup.h
 *		Inside the room "admin": what is meant by an id or a name.
 *
 * What does not exist raises 42704 with the nearest names that do.
 */
#ifndef RBAC_LOOKUP_H
#define RBAC_LOOKUP_H

#include "admin/place.h"

typedef struct RbacRole
{
	int32		id;
	bool		has_tenant;
	pg_uuid_t	tenant_id;
	char	   *name;
} RbacRole;

extern char *rbac_find_user(const pg_uuid_t *user_id);
extern char *rbac_find_tenant(const pg_uuid_t *tenant_id);
extern RbacPlace rbac_find_place(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id);
extern RbacRole rbac_find_role(const char *name, const pg_uuid_t *tenant_id);
extern RbacRole rbac_find_role_by_id(int32 role_id);
extern int32 rbac_find_permission(const char *name);
extern int32 rbac_find_scope(const char *name);

#endif							/* RBAC_LOOKUP_H */
