/*
 * attempt.h
 *		Inside the room "cache": what an attempt at a decision relies on.
 */
#ifndef RBAC_ATTEMPT_H
#define RBAC_ATTEMPT_H

#include "cache/moment.h"

extern void rbac_relies_on_nothing(void);
extern void rbac_rely_on(const RbacKept *kept);
extern void rbac_relies_on_too_much(void);

#endif							/* RBAC_ATTEMPT_H */
