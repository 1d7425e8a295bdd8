/*
 * isolation.h
 *		The door of the room "isolation": which rows?
 *
 * What it offers are SQL functions; other rooms only start it.
 */
#ifndef RBAC_ISOLATION_H
#define RBAC_ISOLATION_H

extern void rbac_isolation_init(void);

#endif							/* RBAC_ISOLATION_H */
