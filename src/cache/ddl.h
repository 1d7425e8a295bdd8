/*
 * ddl.h
 *		Inside the room "cache": noticing what happens to our tables behind
 *		their triggers' back.
 */
#ifndef RBAC_DDL_H
#define RBAC_DDL_H

extern void rbac_ddl_init(void);

#endif							/* RBAC_DDL_H */
