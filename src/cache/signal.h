/*
 * signal.h
 *		Inside the room "cache": learning that cached answers may have changed.
 */
#ifndef RBAC_SIGNAL_H
#define RBAC_SIGNAL_H

/* What can change: who holds what, and what roles and permissions mean. */
#define RBAC_ASSIGNMENTS	1
#define RBAC_POLICY			2
#define RBAC_EVERYTHING		(RBAC_ASSIGNMENTS | RBAC_POLICY)

/*
 * Raised by messages, at any moment at which messages are accepted; lowered by
 * the store when it drops what is out of date.
 */
extern int	rbac_stale;

/*
 * What this transaction has written, itself or (in a parallel worker) by its
 * leader: what is read now includes what no one else may see.
 */
extern int	rbac_written;

/* Is a statement that writes under way? */
extern bool rbac_is_writing(void);

/* This transaction does to our tables what no row trigger sees. */
extern void rbac_signal_upheaval(void);

extern void rbac_signal_init(void);
extern bool rbac_signal_find(void);
extern bool rbac_signal_sound(void);
extern bool rbac_signal_quiet(void);

#endif							/* RBAC_SIGNAL_H */
