/*
 * tenant_key.h
 *		Inside the room "decision": tenants by their keys.
 */
#ifndef RBAC_TENANT_KEY_H
#define RBAC_TENANT_KEY_H

#include "c.h"

extern bool rbac_key_is_number(const char *key, int64 *number);

#endif							/* RBAC_TENANT_KEY_H */
