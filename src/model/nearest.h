/*
 * nearest.h
 *		Which known names are most like one that is not known?  For hints.
 */
#ifndef RBAC_NEAREST_H
#define RBAC_NEAREST_H

#define RBAC_NEAREST_KEPT 3

typedef struct RbacNearest
{
	const char *wanted;
	int			length;
	int			nkept;
	int			distance[RBAC_NEAREST_KEPT];
	char	   *name[RBAC_NEAREST_KEPT];
} RbacNearest;

extern void rbac_nearest_init(RbacNearest *nearest, const char *wanted);
extern void rbac_nearest_offer(RbacNearest *nearest, const char *name);
extern char *rbac_nearest_hint(const RbacNearest *nearest, const char *otherwise);

#endif							/* RBAC_NEAREST_H */
