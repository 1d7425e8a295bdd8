/*
 * ring.h
 *		Inside the room "cache": byte strings that many entries share.
 */
#ifndef RBAC_RING_H
#define RBAC_RING_H

/* Where a string lies.  0 stands for the empty string, which lies nowhere. */
typedef uint64 RbacRingPosition;

extern Size rbac_ring_size(void);
extern Size rbac_ring_strings_size(Size budget);
extern void rbac_ring_attach(void *memory, void *memory_for_strings, Size budget, bool is_new);

extern RbacRingPosition rbac_ring_put(const void *data, uint32 length);
extern void *rbac_ring_get(RbacRingPosition position, uint32 *length);
extern const void *rbac_ring_look(RbacRingPosition position, uint32 *length);
extern bool rbac_ring_has(RbacRingPosition position);
extern Size rbac_ring_used(void);

#endif							/* RBAC_RING_H */
