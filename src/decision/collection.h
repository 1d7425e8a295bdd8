/*
 * collection.h
 *		Sets of uuids or integers, as they are found: collected in an array that
 *		grows, then sorted.  For other rooms too.
 */
#ifndef RBAC_COLLECTION_H
#define RBAC_COLLECTION_H

#include "utils/array.h"
#include "utils/uuid.h"

typedef struct RbacCollection
{
	int			n;
	int			capacity;
	Size		size;			/* of a member */
	char	   *member;			/* in the memory context of the first */
} RbacCollection;

#define RBAC_UUIDS {.size = UUID_LEN}
#define RBAC_INTEGERS {.size = sizeof(int32)}

extern void rbac_collect(RbacCollection *collection, const void *member);
extern void rbac_collect_all(RbacCollection *collection, ArrayType *uuids);
extern void rbac_sort_collection(RbacCollection *collection);
extern bool rbac_collection_has(const RbacCollection *sorted, const void *member);
extern ArrayType *rbac_collection_to_array(const RbacCollection *sorted);

static inline const pg_uuid_t *
rbac_collected_uuid(const RbacCollection *collection, int i)
{
	return (const pg_uuid_t *) (collection->member + UUID_LEN * i);
}

#endif							/* RBAC_COLLECTION_H */
