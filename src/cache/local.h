/*
 * local.h
 *		Inside the room "cache": what this backend keeps for itself.
 */
#ifndef RBAC_LOCAL_H
#define RBAC_LOCAL_H

#include "nodes/bitmapset.h"

#include "cache/ring.h"

/* It has grown too large: to be put right as the next decision starts. */
extern bool rbac_local_is_too_much;

extern void rbac_local_drop(int what);
extern void rbac_local_reclaim(void);
extern bool rbac_local_set(RbacRingPosition position, Bitmapset **set);
extern Size rbac_local_bytes(void);

#endif							/* RBAC_LOCAL_H */
