/*
 * collection.c
 *		Sets of uuids or integers, as they are found.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/qunique.h"
#include "utils/memutils.h"

#include "decision/collection.h"

void
rbac_collect(RbacCollection *collection, const void *member)
{
	if (collection->n == collection->capacity)
	{
		collection->capacity = collection->capacity ? 2 * collection->capacity : 16;
		collection->member = collection->member
			? repalloc_huge(collection->member, collection->size * collection->capacity)
			: palloc(collection->size * collection->capacity);
	}
	memcpy(collection->member + collection->size * collection->n++, member, collection->size);
}

/* An array without nulls, such as rbac_collection_to_array makes. */
void
rbac_collect_all(RbacCollection *collection, ArrayType *uuids)
{
	pg_uuid_t  *member = (pg_uuid_t *) ARR_DATA_PTR(uuids);
	int			n = ArrayGetNItems(ARR_NDIM(uuids), ARR_DIMS(uuids));

	for (int i = 0; i < n; i++)
		rbac_collect(collection, &member[i]);
}

static int
compare_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

static int
compare_int32(const void *a, const void *b)
{
	int32		x = *(const int32 *) a;
	int32		y = *(const int32 *) b;

	return (x > y) - (x < y);
}

typedef int (*Comparison) (const void *a, const void *b);

static Comparison
comparison_for(const RbacCollection *collection)
{
	return collection->size == UUID_LEN ? compare_uuid : compare_int32;
}

/* In ascending order, each member once. */
void
rbac_sort_collection(RbacCollection *collection)
{
	Comparison	compare = comparison_for(collection);

	if (collection->n == 0)
		return;
	qsort(collection->member, collection->n, collection->size, compare);
	collection->n = qunique(collection->member, collection->n, collection->size, compare);
}

bool
rbac_collection_has(const RbacCollection *sorted, const void *member)
{
	return sorted->n > 0 &&
		bsearch(member, sorted->member, sorted->n, sorted->size, comparison_for(sorted)) != NULL;
}

ArrayType *
rbac_collection_to_array(const RbacCollection *sorted)
{
	bool		is_uuids = sorted->size == UUID_LEN;
	Datum	   *element = palloc_extended(sizeof(Datum) * Max(sorted->n, 1), MCXT_ALLOC_HUGE);

	for (int i = 0; i < sorted->n; i++)
	{
		char	   *member = sorted->member + sorted->size * i;

		element[i] = is_uuids ? UUIDPGetDatum((pg_uuid_t *) member) : Int32GetDatum(*(int32 *) member);
	}
	if (is_uuids)
		return construct_array(element, sorted->n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
	return construct_array(element, sorted->n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
}
