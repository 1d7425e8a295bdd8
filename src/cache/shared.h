/*
 * shared.h
 *		Inside the room "cache": the memory that all backends share.
 */
#ifndef RBAC_SHARED_H
#define RBAC_SHARED_H

/* Megabytes, as set; what counts is whether there is memory. */
extern int	rbac_cache_size;

extern void rbac_shared_init(void);

/* While the library is loaded: will there be a cache that all share? */
extern bool rbac_shared_is_coming(void);

/* Is there a cache that all share?  Known from the server's start. */
extern bool rbac_shared_exists(void);

#endif							/* RBAC_SHARED_H */
