/*
 * setting.h
 *		Inside the room "identity": the setting rbac.identity.
 */
#ifndef RBAC_SETTING_H
#define RBAC_SETTING_H

#include "identity/identity.h"

static inline Size
rbac_identity_size(const RbacIdentity *identity)
{
	return offsetof(RbacIdentity, scopes) + identity->scopes_length + 1;
}

extern void rbac_identity_setting_init(void);
extern void rbac_identity_settle(void);
extern void rbac_put_for_session(const RbacIdentity *wanted);
extern void rbac_put_for_transaction(const RbacIdentity *wanted);

#endif							/* RBAC_SETTING_H */
