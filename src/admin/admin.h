/*
 * admin.h
 *		The door of the room "admin": grant, revoke, constrain.
 */
#ifndef RBAC_ADMIN_H
#define RBAC_ADMIN_H

extern void rbac_admin_init(void);

#endif							/* RBAC_ADMIN_H */
