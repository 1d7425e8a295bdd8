/*
 * replication.h
 *		The door of the room "replication": what do other machines know, and who
 *		still acts on what is no longer true?
 */
#ifndef RBAC_REPLICATION_H
#define RBAC_REPLICATION_H

extern void rbac_replication_init(void);

#endif							/* RBAC_REPLICATION_H */
