/*
 * admin.h
 *		The door of the room "admin": grant, revoke, constrain.
 *
 * Rooms above let their own tables obey the same rules: a guard says who may
 * write which row.  Its place is what is asked about (place.h), and authority.h
 * has the questions.
 */
#ifndef RBAC_ADMIN_H
#define RBAC_ADMIN_H

#include "admin/authority.h"
#include "commands/trigger.h"

/* A change of one row: before is NULL for INSERT, after for DELETE. */
typedef struct RbacChange
{
	TriggerData *data;
	HeapTuple	before;
	HeapTuple	after;
} RbacChange;

/* Refuses by an error what the current identity, which there is, may not do. */
typedef void (*RbacGuard) (RbacChange *change);

extern void rbac_admin_init(void);
extern void rbac_guard_table(const char *table, RbacGuard guard);

#endif							/* RBAC_ADMIN_H */
