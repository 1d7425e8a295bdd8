/*
 * nearest.c
 *		Which known names are most like one that is not known?
 *
 * By edit distance, as PostgreSQL itself does for column names.  Everything is
 * in the current memory context.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "model/names.h"
#include "model/nearest.h"

/* wanted must outlive the search. */
void
rbac_nearest_init(RbacNearest *nearest, const char *wanted)
{
	memset(nearest, 0, sizeof(*nearest));
	nearest->wanted = wanted;
	nearest->length = strlen(wanted);
}

/* Consider a known name; it is copied if it is kept. */
void
rbac_nearest_offer(RbacNearest *nearest, const char *name)
{
	int			length = strlen(name);
	/* at least half of the name must be right */
	int			limit = Max(1, nearest->length / 2);
	int			distance;
	int			at;

	/* edit distance of long strings is refused by the server */
	if (nearest->length > RBAC_MAX_NAME_LENGTH || length > RBAC_MAX_NAME_LENGTH)
		return;

	distance = varstr_levenshtein_less_equal(nearest->wanted, nearest->length,
											 name, length, 1, 1, 1, limit, true);
	if (distance > limit)
		return;

	for (at = nearest->nkept; at > 0 && nearest->distance[at - 1] > distance; at--)
	{
		if (at < RBAC_NEAREST_KEPT)
		{
			nearest->distance[at] = nearest->distance[at - 1];
			nearest->name[at] = nearest->name[at - 1];
		}
	}
	if (at < RBAC_NEAREST_KEPT)
	{
		nearest->distance[at] = distance;
		nearest->name[at] = pstrdup(name);
		nearest->nkept = Min(nearest->nkept + 1, RBAC_NEAREST_KEPT);
	}
}

/* A sentence for HINT: what was meant perhaps, or else what the caller says. */
char *
rbac_nearest_hint(const RbacNearest *nearest, const char *otherwise)
{
	StringInfoData hint;

	if (nearest->nkept == 0)
		return pstrdup(otherwise);

	initStringInfo(&hint);
	appendStringInfoString(&hint, "Did you mean ");
	for (int i = 0; i < nearest->nkept; i++)
		appendStringInfo(&hint, "%s\"%s\"",
						 i == 0 ? "" : (i == nearest->nkept - 1 ? " or " : ", "),
						 nearest->name[i]);
	appendStringInfoChar(&hint, '?');
	return hint.data;
}
