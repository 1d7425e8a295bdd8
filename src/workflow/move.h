/*
 * move.h
 *		Inside the room "workflow": rows that an UPDATE moves to another partition.
 */
#ifndef RBAC_WORKFLOW_MOVE_H
#define RBAC_WORKFLOW_MOVE_H

#include "commands/trigger.h"

#include "workflow/judge.h"

extern bool rbac_row_is_moving(const TriggerData *data);
extern void rbac_move_begins(const TriggerData *data, const RbacTask *before);
extern bool rbac_move_ends(const TriggerData *data, RbacTask *before);

#endif							/* RBAC_WORKFLOW_MOVE_H */
