/*
 * describe.h
 *		Inside the room "workflow": tasks, steps and who may take them, in words.
 */
#ifndef RBAC_WORKFLOW_DESCRIBE_H
#define RBAC_WORKFLOW_DESCRIBE_H

#include "workflow/judge.h"

extern char *rbac_type_text(int32 task_type);
extern char *rbac_status_text(int32 status);
extern char *rbac_stepper_text(void);
extern bool rbac_may_know_workflow(const RbacWorkflow *workflow, const RbacTask *task);
extern char *rbac_takers_text(const RbacOutlook *outlook, const RbacTask *task, int32 to);
extern char *rbac_shortfalls_text(const RbacOutlook *outlook, const RbacTask *task, int32 to);
extern char *rbac_next_statuses_text(const RbacOutlook *outlook, const RbacTask *task);

#endif							/* RBAC_WORKFLOW_DESCRIBE_H */
