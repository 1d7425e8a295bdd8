/*
 * testing.h
 *		Inside the room "cache": what only tests compile in (-DRBAC_MUTANTS).
 *
 * A mutant is the protocol with one step left out; the setting rbac.mutant
 * names it.  A race window is a place where another process may do its worst;
 * the setting rbac.race_delay makes us linger there, so that it does.
 * Otherwise both compile to nothing.
 */
#ifndef RBAC_TESTING_H
#define RBAC_TESTING_H

#ifdef RBAC_MUTANTS
extern char *rbac_mutant;
extern int	rbac_race_delay;

extern void rbac_testing_init(void);
extern void rbac_linger(void);

#define RBAC_MUTANT(name)	(rbac_mutant != NULL && strcmp(rbac_mutant, name) == 0)
#define RBAC_RACE()			do { if (rbac_race_delay > 0) rbac_linger(); } while (0)
#else
#define RBAC_MUTANT(name)	false
#define RBAC_RACE()			((void) 0)
#endif

#endif							/* RBAC_TESTING_H */
