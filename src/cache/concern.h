/*
 * concern.h
 *		Inside the room "cache": whom does a written row concern?
 */
#ifndef RBAC_CONCERN_H
#define RBAC_CONCERN_H

#include "commands/trigger.h"

extern int	rbac_kind_of_write(const TriggerData *data);
extern bool rbac_write_matters(const TriggerData *data);
extern void rbac_note_whom_it_concerns(const TriggerData *data);
extern void rbac_forget_whom_it_concerns(void);

#endif							/* RBAC_CONCERN_H */
