/*
 * plan_class.h
 *		Plans that suit one kind of asker.
 */
#ifndef RBAC_PLAN_CLASS_H
#define RBAC_PLAN_CLASS_H

#include "nodes/pathnodes.h"

extern bool rbac_plan_may_suit_asker(void);
extern void rbac_plan_suits_asker(PlannerInfo *root);
extern void rbac_plans_meet(bool holds_everywhere);

#endif							/* RBAC_PLAN_CLASS_H */
