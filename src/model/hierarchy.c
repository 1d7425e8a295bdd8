/*
 * hierarchy.c
 *		Walking the role hierarchy downwards.
 *
 * Breadth first over role_inherits, each role once, so that a walk ends even
 * on tables that hold a cycle (restored or replicated past our rules).
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "model/hierarchy.h"

/* From here on a hash table finds a role faster than a look at each. */
#define FEW_ROLES 32

typedef struct PlaceEntry
{
	int32		role_id;		/* key */
	int			place;
} PlaceEntry;

typedef struct Step
{
	RbacHierarchy *hierarchy;
	int			place;			/* of the role whose juniors are visited */
} Step;

static void
index_place(RbacHierarchy *h, int place)
{
	PlaceEntry *entry = hash_search(h->places, &h->role[place], HASH_ENTER, NULL);

	entry->place = place;
}

static void
add_role(RbacHierarchy *h, int32 role_id, int from)
{
	if (h->nroles == h->capacity)
	{
		h->capacity *= 2;
		h->role = repalloc(h->role, sizeof(int32) * h->capacity);
		h->from = repalloc(h->from, sizeof(int) * h->capacity);
	}
	h->role[h->nroles] = role_id;
	h->from[h->nroles] = from;
	h->nroles++;

	if (h->places)
		index_place(h, h->nroles - 1);
	else if (h->nroles > FEW_ROLES)
	{
		HASHCTL		ctl = {.keysize = sizeof(int32), .entrysize = sizeof(PlaceEntry),
			.hcxt = CurrentMemoryContext};

		h->places = hash_create("rbac role hierarchy", 4 * FEW_ROLES, &ctl,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		for (int i = 0; i < h->nroles; i++)
			index_place(h, i);
	}
}

/* The place of a role among those reached, or -1. */
int
rbac_hierarchy_find(const RbacHierarchy *hierarchy, int32 role_id)
{
	if (hierarchy->places)
	{
		PlaceEntry *entry = hash_search(hierarchy->places, &role_id, HASH_FIND, NULL);

		return entry ? entry->place : -1;
	}
	for (int i = 0; i < hierarchy->nroles; i++)
	{
		if (hierarchy->role[i] == role_id)
			return i;
	}
	return -1;
}

static bool
visit_junior(int32 junior, void *arg)
{
	Step	   *step = arg;

	if (rbac_hierarchy_find(step->hierarchy, junior) < 0)
		add_role(step->hierarchy, junior, step->place);
	return true;
}

/* All that role_id reaches.  In the current memory context. */
RbacHierarchy *
rbac_hierarchy_below(RbacReader *reader, int32 role_id)
{
	RbacHierarchy *h = palloc(sizeof(RbacHierarchy));

	h->nroles = 0;
	h->capacity = 8;
	h->role = palloc(sizeof(int32) * h->capacity);
	h->from = palloc(sizeof(int) * h->capacity);
	h->places = NULL;

	add_role(h, role_id, -1);
	for (int i = 0; i < h->nroles; i++)
	{
		Step		step = {h, i};

		CHECK_FOR_INTERRUPTS();
		rbac_visit_juniors(reader, h->role[i], visit_junior, &step);
	}
	return h;
}

static char *
name_of(RbacReader *reader, int32 role_id)
{
	char	   *name;

	if (rbac_read_role(reader, role_id, NULL, NULL, &name))
		return name;
	return psprintf("role %d", role_id);
}

/*
 * How the walk came to a place, as the roles' names: a -> b -> c.  Of a long
 * way the middle is left out: it is for people to read.
 */
char *
rbac_hierarchy_path(RbacReader *reader, const RbacHierarchy *hierarchy, int place)
{
	const int	shown_at_each_end = 5;
	List	   *places = NIL;		/* from the last one to the first */
	StringInfoData path;
	int			length;

	for (int at = place; at >= 0; at = hierarchy->from[at])
		places = lappend_int(places, at);
	length = list_length(places);

	initStringInfo(&path);
	for (int i = length - 1; i >= 0; i--)
	{
		if (i < length - shown_at_each_end && i >= shown_at_each_end)
		{
			if (i == shown_at_each_end)
				appendStringInfoString(&path, "... -> ");
			continue;
		}
		appendStringInfo(&path, "\"%s\"%s",
						 name_of(reader, hierarchy->role[list_nth_int(places, i)]),
						 i > 0 ? " -> " : "");
	}
	list_free(places);
	return path.data;
}
