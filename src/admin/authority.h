/*
 * authority.h
 *		Inside the room "admin": who may change what.
 *
 * One set of rules for the functions and for direct DML.  Each rbac_authorize_
 * function raises 42501 unless the current identity may do what its name says,
 * there.  Without an identity they let everything pass: whoever has none has
 * been judged before, by rbac_is_owner_of.
 */
#ifndef RBAC_AUTHORITY_H
#define RBAC_AUTHORITY_H

#include "admin/place.h"

/* authority.c */
extern bool rbac_is_owner_of(Oid table_owner);
extern void rbac_refuse_nobody(void);
extern void rbac_refuse_restricted(void);
extern bool rbac_asker_belongs_to(const pg_uuid_t *tenant_id);
extern void rbac_require_role_known(int32 role_id);
extern bool rbac_asker_holds(const char *scope, const RbacPlace *place);
extern void rbac_require_held(const char *scope, const RbacPlace *place);
extern void rbac_require_held_until(const char *scope, const RbacPlace *place, TimestampTz until);
extern void rbac_require_held_advised(const char *scope, const RbacPlace *place, const char *advice);
extern void rbac_require_role_handed_on(int32 role_id, const RbacPlace *place, TimestampTz until);
extern void rbac_require_permission_handed_on(int32 permission_id, const RbacPlace *place);
extern void rbac_require_scope_handed_on(int32 scope_id, const RbacPlace *place);

/* What a change of a user touches. */
typedef enum RbacUserChange
{
	RBAC_USER_PROFILE,			/* names and pictures */
	RBAC_USER_EXISTENCE,		/* suspended or deleted */
	RBAC_USER_SIGN_IN			/* what they sign in with, or that they can again */
} RbacUserChange;

/* authorize.c */
extern void rbac_authorize_assigning_at(const RbacPlace *place);
extern void rbac_authorize_assignment(int32 role_id, const RbacPlace *place, TimestampTz until);
extern void rbac_authorize_role_change(int32 role_id);
extern void rbac_authorize_roles_at(const RbacPlace *place);
extern void rbac_authorize_role_permission(int32 role_id, int32 permission_id);
extern void rbac_authorize_inheritance(int32 senior_id, int32 junior_id);
extern void rbac_authorize_conflict(int32 role_a, int32 role_b);
extern void rbac_authorize_permissions(void);
extern void rbac_authorize_permission_scope(int32 scope_id);
extern void rbac_authorize_scope_rename(void);
extern void rbac_authorize_tenants(void);
extern void rbac_authorize_new_user(void);
extern void rbac_authorize_user_change(const pg_uuid_t *user_id, RbacUserChange change);
extern void rbac_authorize_departments(const pg_uuid_t *tenant_id);
extern void rbac_authorize_department_move(const pg_uuid_t *tenant_id,
										   const pg_uuid_t *department_id,
										   const pg_uuid_t *parent_id);

#endif							/* RBAC_AUTHORITY_H */
