/*
 * outsider.h
 *		Inside the room "identity": who enters a tenant without belonging to it?
 */
#ifndef RBAC_OUTSIDER_H
#define RBAC_OUTSIDER_H

#include "identity/identity.h"

extern void rbac_log_outsider(const RbacIdentity *identity);

#endif							/* RBAC_OUTSIDER_H */
