/*
 * summary.h
 *		The door of the room "summary": how many rows stand where?
 *
 * What it offers are SQL functions and aggregates; other rooms only start it.
 */
#ifndef RBAC_SUMMARY_H
#define RBAC_SUMMARY_H

extern void rbac_summary_init(void);

#endif							/* RBAC_SUMMARY_H */
