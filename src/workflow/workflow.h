/*
 * workflow.h
 *		The door of the room "workflow": may this task move?
 *
 * What it offers are SQL functions and triggers; other rooms only start it.
 */
#ifndef RBAC_WORKFLOW_H
#define RBAC_WORKFLOW_H

extern void rbac_workflow_init(void);

#endif							/* RBAC_WORKFLOW_H */
