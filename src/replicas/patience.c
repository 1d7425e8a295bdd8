/*
 * patience.c
 *		Waiting, for a time that the caller names.
 *
 * What we wait for happens in other processes, which do not know of us, so we
 * look again and again: soon at first, since a replica is mostly a moment
 * behind, then every LONGEST_PAUSE.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/builtins.h"

#include "compat.h"
#include "replicas/patience.h"

#define FIRST_PAUSE 1			/* in milliseconds */
#define LONGEST_PAUSE 20

/* Read the argument "timeout".  22004 if it is NULL, 22023 if it is negative. */
Patience
rbac_patience(FunctionCallInfo fcinfo, int argument)
{
	Patience	patience = {.pause = FIRST_PAUSE};
	TimestampTz now = GetCurrentTimestamp();

	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("timeout cannot be null")));
	patience.deadline = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
																TimestampTzGetDatum(now),
																PG_GETARG_DATUM(argument)));
	if (patience.deadline < now)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("timeout cannot be negative")));
	return patience;
}

/* Sleep a little.  False, at once, if the time is over. */
bool
rbac_pause(Patience *patience)
{
	long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), patience->deadline);

	if (left <= 0)
		return false;
	(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
					 Min(left, patience->pause), PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
	patience->pause = Min(2 * patience->pause, LONGEST_PAUSE);
	return true;
}
