/*
 * place.h
 *		Inside the room "admin": where something is held or done.
 */
#ifndef RBAC_PLACE_H
#define RBAC_PLACE_H

#include "model/model.h"

/* A department of a tenant, a whole tenant, or every tenant. */
typedef struct RbacPlace
{
	bool		has_tenant;
	bool		has_department;
	pg_uuid_t	tenant_id;
	pg_uuid_t	department_id;
} RbacPlace;

extern RbacPlace rbac_everywhere(void);
extern RbacPlace rbac_place(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id);
extern RbacPlace rbac_role_place(int32 role_id);
extern char *rbac_place_text(const RbacPlace *place);

#endif							/* RBAC_PLACE_H */
