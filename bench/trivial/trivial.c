/*
 * trivial.c
 *		The yardstick for benchmarks: the least that a C function called from
 *		SQL, or fired for a row, can do, and the processor time and page faults of
 *		this backend.
 */
#include "postgres.h"

#include <sys/resource.h>
#include <time.h>

#include "commands/trigger.h"
#include "fmgr.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(trivial);
PG_FUNCTION_INFO_V1(trivial_trigger);
PG_FUNCTION_INFO_V1(cpu_ns);
PG_FUNCTION_INFO_V1(page_faults);

/* trivial(anything) returns boolean: always true. */
Datum
trivial(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(true);
}

/* trivial_trigger() returns trigger: lets every row pass. */
Datum
trivial_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		elog(ERROR, "not called as a trigger");
	if (TRIGGER_FIRED_AFTER(data->tg_event))
		return PointerGetDatum(NULL);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple);
}

/* cpu_ns() returns bigint: nanoseconds of processor time since the backend began. */
Datum
cpu_ns(PG_FUNCTION_ARGS)
{
	struct timespec now;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the processor clock: %m")));
	PG_RETURN_INT64((int64) now.tv_sec * 1000000000 + now.tv_nsec);
}

/* page_faults() returns bigint: pages mapped since the backend began, without reading them from a disk. */
Datum
page_faults(PG_FUNCTION_ARGS)
{
	struct rusage usage;

	if (getrusage(RUSAGE_SELF, &usage) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not read the usage of resources: %m")));
	PG_RETURN_INT64(usage.ru_minflt);
}
