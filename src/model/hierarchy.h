/*
 * hierarchy.h
 *		Walking the role hierarchy downwards.
 */
#ifndef RBAC_HIERARCHY_H
#define RBAC_HIERARCHY_H

#include "utils/hsearch.h"

#include "model/model.h"

/*
 * The roles that one role reaches, itself first, each once, nearest first.
 * from[i] is the place of the role that led to role[i]; from[0] is -1.
 */
typedef struct RbacHierarchy
{
	int			nroles;
	int			capacity;
	int32	   *role;
	int		   *from;
	HTAB	   *places;			/* NULL while there are few */
} RbacHierarchy;

extern RbacHierarchy *rbac_hierarchy_below(RbacReader *reader, int32 role_id);
extern int	rbac_hierarchy_find(const RbacHierarchy *hierarchy, int32 role_id);
extern char *rbac_hierarchy_path(RbacReader *reader, const RbacHierarchy *hierarchy, int place);

#endif							/* RBAC_HIERARCHY_H */
