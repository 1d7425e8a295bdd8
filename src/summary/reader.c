/*
 * reader.c
 *		Does a summary know the present row-level security of its source?
 *
 * A policy on the tables behind a summary asks here, once a statement.  What the
 * policies of the source have become since they were carried over must never be
 * guessed: until they are carried over again, nobody who is bound by them reads
 * anything.
 *
 * Kept for the backend's life; a relcache message about the source makes the next
 * caller look anew.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "model/model.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_summary_is_current);

#define SIGHT_LENGTH 32			/* of a hash, as text */

typedef struct Sight
{
	int32		summary_id;
	bool		is_valid;
	Oid			source;
	Oid			view;
	char		hash[SIGHT_LENGTH + 1];
} Sight;

static HTAB *sights = NULL;

static void
relation_changed(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS sequence;
	Sight	   *sight;

	if (sights == NULL)
		return;
	hash_seq_init(&sequence, sights);
	while ((sight = hash_seq_search(&sequence)) != NULL)
	{
		if (!OidIsValid(relid) || relid == sight->source)
			sight->is_valid = false;
	}
}

void
rbac_reader_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
}

static Oid
result_oid(int column)
{
	bool		isnull;

	return DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, &isnull));
}

/* False if there is no such summary. */
static bool
look(Sight *sight)
{
	Datum		argument = Int32GetDatum(sight->summary_id);
	Oid			type = INT4OID;
	char	   *hash;
	bool		exists;

	/* a message about what we find may come while we look: then it is not valid */
	sight->is_valid = true;
	SPI_connect();
	exists = rbac_fresh_query("SELECT source::oid, view::oid, rbac._sight_of(source) FROM rbac.summaries WHERE id = $1",
							  1, &type, &argument, NULL, 1) == 1;
	if (exists)
	{
		sight->source = result_oid(1);
		sight->view = result_oid(2);
		hash = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3);
		strlcpy(sight->hash, hash ? hash : "", sizeof(sight->hash));
	}
	SPI_finish();
	if (!exists)
		sight->is_valid = false;
	return exists;
}

static Sight *
find_sight(int32 summary_id)
{
	Sight	   *sight;
	bool		found;

	if (sights == NULL)
	{
		HASHCTL		control = {0};

		control.keysize = sizeof(int32);
		control.entrysize = sizeof(Sight);
		control.hcxt = CacheMemoryContext;
		sights = hash_create("who may read summaries", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	sight = hash_search(sights, &summary_id, HASH_ENTER, &found);
	if (!found)
	{
		sight->is_valid = false;
		sight->source = sight->view = InvalidOid;
	}
	/* the first look makes known what messages must be about */
	if (!sight->is_valid && (!look(sight) || !look(sight)))
		return NULL;
	return sight;
}

/* _summary_is_current(summary, as_of) */
Datum
rbac_summary_is_current(PG_FUNCTION_ARGS)
{
	const Sight *sight = find_sight(PG_GETARG_INT32(0));
	const char *as_of = text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (sight == NULL)
		PG_RETURN_BOOL(false);
	if (strcmp(sight->hash, as_of) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("summary \"%s\" does not know the present row-level security of table \"%s\"",
						get_rel_name(sight->view), get_rel_name(sight->source)),
				 errdetail("Policies of the table have changed since they were carried over to the summary."),
				 errhint("The owner of the table can carry them over again by rbac.rebuild_summary('%s').",
						 get_rel_name(sight->view))));
	PG_RETURN_BOOL(true);
}
