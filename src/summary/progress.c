/*
 * progress.c
 *		Saying how far a count of many rows is.
 *
 * A condition that is true of every row, and tells the client of every tenth of as
 * many rows as the table has by its statistics, if these are many.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(rbac_tell_progress);

#define MANY_ROWS	1000000
#define TENTHS		10

typedef struct Progress
{
	int64		rows;
	int64		tell_at;
	int			tenths;
} Progress;

/* _tell_progress(what, tbl, expected) */
Datum
rbac_tell_progress(PG_FUNCTION_ARGS)
{
	Progress   *progress = fcinfo->flinfo->fn_extra;

	if (unlikely(progress == NULL))
	{
		int64		expected = PG_GETARG_INT64(2);

		progress = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Progress));
		progress->tell_at = expected >= MANY_ROWS ? expected / TENTHS : PG_INT64_MAX;
		fcinfo->flinfo->fn_extra = progress;
	}
	if (unlikely(++progress->rows == progress->tell_at))
	{
		progress->tenths++;
		ereport(NOTICE,
				(errmsg("%s table \"%s\": " INT64_FORMAT " rows, about %d %%", text_to_cstring(PG_GETARG_TEXT_PP(0)),
						get_rel_name(PG_GETARG_OID(1)), progress->rows, progress->tenths * 100 / TENTHS)));
		/* the statistics may have been wrong */
		progress->tell_at = progress->tenths < TENTHS - 1 ? progress->tell_at + PG_GETARG_INT64(2) / TENTHS : PG_INT64_MAX;
	}
	PG_RETURN_BOOL(true);
}
