/*
 * index_condition.h
 *		Inside the room "decision": from has_scope(scope, tenant_id) to an index
 *		condition.
 */
#ifndef RBAC_INDEX_CONDITION_H
#define RBAC_INDEX_CONDITION_H

#include "nodes/pathnodes.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "nodes/supportnodes.h"

extern Oid	rbac_find_function(const char *name, List *args);
extern List *rbac_index_condition(SupportRequestIndexCondition *request);
extern Expr *rbac_estimable_condition(const List *args);
extern bool rbac_is_held_everywhere(const Node *scope);
extern bool rbac_is_named_by_query(const PlannerInfo *root, Node *column);

#endif							/* RBAC_INDEX_CONDITION_H */
