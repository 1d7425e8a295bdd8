/*
 * replicas.h
 *		The door of the room "replicas": what do other machines know, and who
 *		still acts on what is no longer true?
 */
#ifndef RBAC_REPLICAS_H
#define RBAC_REPLICAS_H

extern void rbac_replicas_init(void);

#endif							/* RBAC_REPLICAS_H */
