/*
 * tenant_key.h
 *		Inside the room "decision": tenants by their keys.
 */
#ifndef RBAC_TENANT_KEY_H
#define RBAC_TENANT_KEY_H

#include "utils/uuid.h"

extern bool rbac_key_is_number(const char *key, int64 *number);
extern bool rbac_tenant_by_key(const char *key, int length, pg_uuid_t *tenant_id);

#endif							/* RBAC_TENANT_KEY_H */
