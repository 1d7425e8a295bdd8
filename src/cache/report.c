/*
 * report.c
 *		What operators may know of the cache, and do to it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/uuid.h"

#include "cache/attempt.h"
#include "cache/cache.h"
#include "cache/counters.h"
#include "cache/facts.h"
#include "cache/local.h"
#include "cache/moment.h"
#include "cache/ring.h"
#include "cache/shared.h"
#include "cache/signal.h"
#include "cache/watched.h"

PG_FUNCTION_INFO_V1(rbac_cache_stats);
PG_FUNCTION_INFO_V1(rbac_cache_reset);
PG_FUNCTION_INFO_V1(rbac_cache_warm);
PG_FUNCTION_INFO_V1(rbac_status);
PG_FUNCTION_INFO_V1(rbac_forget);
PG_FUNCTION_INFO_V1(rbac_cache_counters);

static Datum
make_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* cache_stats() */
Datum
rbac_cache_stats(PG_FUNCTION_ARGS)
{
	RbacCounters sum;
	TimestampTz since;
	int64		entries = 0;
	int64		capacity = 0;
	Size		entry_size = 0;
	Size		bytes = rbac_local_bytes();
	Datum		values[19];
	bool		nulls[lengthof(values)] = {false};
	int			i = 0;

	rbac_counters_sum(&sum, &since);
	if (rbac_shared_exists())
	{
		rbac_facts_count(&entries, &capacity, &entry_size);
		bytes = entries * entry_size + rbac_ring_used();
	}

	values[i++] = TimestampTzGetDatum(since);
	values[i++] = Int64GetDatum(sum.call_site_hits);
	values[i++] = Int64GetDatum(sum.local_hits);
	values[i++] = Int64GetDatum(sum.shared_hits);
	values[i++] = Int64GetDatum(sum.loads);
	values[i++] = Int64GetDatum(sum.published);
	values[i++] = Int64GetDatum(sum.bypassed_own_writes);
	values[i++] = Int64GetDatum(sum.bypassed_prepared);
	values[i++] = Int64GetDatum(sum.bypassed_recovery);
	values[i++] = Int64GetDatum(sum.bypassed_unsound);
	values[i++] = Int64GetDatum(sum.bypassed_in_flight);
	values[i++] = Int64GetDatum(sum.evictions);
	values[i++] = Int64GetDatum(sum.stale[RBAC_GLOBAL]);
	values[i++] = Int64GetDatum(sum.stale[RBAC_TENANT]);
	values[i++] = Int64GetDatum(sum.stale[RBAC_USER]);
	values[i++] = Int64GetDatum(entries);
	values[i++] = Int64GetDatum(capacity);
	values[i++] = Int64GetDatum(bytes);
	values[i++] = Int64GetDatum(rbac_shared_exists() ? (int64) rbac_cache_size * 1024 * 1024 : 0);
	Assert(i == lengthof(values));
	PG_RETURN_DATUM(make_row(fcinfo, values, nulls));
}

/* cache_reset() */
Datum
rbac_cache_reset(PG_FUNCTION_ARGS)
{
	if (rbac_words != NULL)
		pg_atomic_fetch_add_u64(&rbac_words[rbac_global_slot(MyDatabaseId)], RBAC_WORD_VERSION);
	rbac_stale = RBAC_EVERYTHING;
	rbac_counters_reset();
	PG_RETURN_VOID();
}

/* Who holds roles in a tenant. */
typedef struct Warming
{
	RbacReader *reader;
	pg_uuid_t	tenant_id;
	int64		nusers;
	int64		capacity;
	pg_uuid_t  *user;
} Warming;

static bool
add_user(const RbacAssignment *assignment, void *arg)
{
	Warming    *warming = arg;

	if (warming->nusers == warming->capacity)
	{
		warming->capacity *= 2;
		warming->user = repalloc_huge(warming->user, sizeof(pg_uuid_t) * warming->capacity);
	}
	warming->user[warming->nusers++] = assignment->user_id;
	return true;
}

static bool
add_users_of_role(int32 role_id, void *arg)
{
	Warming    *warming = arg;

	CHECK_FOR_INTERRUPTS();
	rbac_visit_assignments_of_role(warming->reader, &warming->tenant_id, role_id, add_user, warming);
	return true;
}

static int
compare_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

/*
 * cache_warm(tenant_id): first whom the tenant has, then what each holds.  One
 * who comes in between will be met in time.
 */
Datum
rbac_cache_warm(PG_FUNCTION_ARGS)
{
	Warming		warming = {.tenant_id = *PG_GETARG_UUID_P(0),.capacity = 64};
	bool		exists;

	warming.user = palloc(sizeof(pg_uuid_t) * warming.capacity);
	warming.reader = rbac_read_begin();
	exists = rbac_read_tenant(warming.reader, &warming.tenant_id, NULL, NULL);
	if (exists)
		rbac_visit_assigned_roles(warming.reader, &warming.tenant_id, add_users_of_role, &warming);
	rbac_read_end(warming.reader);
	if (!exists)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tenant %s does not exist", rbac_uuid_text(&warming.tenant_id)),
				 errhint("Look for its id in rbac.tenants.")));

	qsort(warming.user, warming.nusers, sizeof(pg_uuid_t), compare_uuid);
	warming.nusers = qunique(warming.user, warming.nusers, sizeof(pg_uuid_t), compare_uuid);
	for (int64 i = 0; i < warming.nusers; i++)
	{
		RbacPrincipalKey key = {warming.user[i], warming.tenant_id, true};
		RbacStanding standing;

		CHECK_FOR_INTERRUPTS();
		rbac_cache_standing(&key, GetCurrentStatementStartTimestamp(), &standing);
	}
	PG_RETURN_INT64(warming.nusers);
}

/* For status(): why answers are not shared. */
static const char *const reason_texts[][2] = {
	{"version", "The extension and its library are of different versions: nothing is answered. Run ALTER EXTENSION rbac UPDATE, or restart the server."},
	{"unsound", "Triggers of rbac's own tables do not stand as they were made, or one of the tables inherits from another, so that changes could go unnoticed: every check reads the tables. Run rbac.repair(), or ALTER TABLE ... NO INHERIT."},
	{"tables_not_in_sync", "A subscription is still copying rbac's tables into this database: until they are in sync, nobody has any scope."},
	{"no_shared_memory", "rbac is not in shared_preload_libraries, or rbac.cache_size is 0: each session keeps its own answers."},
	{"recovery", "This is a standby: each session keeps its own answers."},
	{"own_writes", "This transaction has changed what answers follow from: it keeps its own until it ends."},
	{"prepared_transaction", "A prepared transaction may change what answers follow from: each session keeps its own until it is committed or rolled back."},
	{"worker", "This process sees what its leader, or the publisher, has not committed; or session_replication_role is replica."},
};

static const char *
reason_text(const char *reason)
{
	for (int i = 0; i < (int) lengthof(reason_texts); i++)
	{
		if (strcmp(reason_texts[i][0], reason) == 0)
			return reason_texts[i][1];
	}
	elog(ERROR, "unknown reason \"%s\"", reason);
	return NULL;
}

static void
set_text(const char *text, Datum *value, bool *isnull)
{
	*isnull = text == NULL;
	if (text != NULL)
		*value = CStringGetTextDatum(text);
}

/* Is the global word marked: may a prepared transaction change anything? */
static bool
is_unknown(void)
{
	return rbac_words != NULL &&
		(rbac_word_value(&rbac_words[rbac_global_slot(MyDatabaseId)]) & RBAC_WORD_UNKNOWN) != 0;
}

/* status() */
Datum
rbac_status(PG_FUNCTION_ARGS)
{
	Datum		values[12];
	bool		nulls[lengthof(values)] = {false};
	char	   *version = rbac_extension_version();
	const char *reason = "version";
	const char *mode = "refusing";
	bool		triggers_stand = false;
	bool		in_sync = false;
	int			i = 0;

	if (version != NULL && strcmp(version, RBAC_VERSION) == 0)
	{
		/* as a check would: what is over is noticed */
		(void) rbac_cache_begin();
		AcceptInvalidationMessages();
		triggers_stand = rbac_watched_all();
		in_sync = rbac_model_in_sync();
		reason = !triggers_stand ? "unsound" : !in_sync ? "tables_not_in_sync" : rbac_moment_why_local();
		mode = reason == NULL ? "shared" : triggers_stand && in_sync ? "local" : "uncached";
	}

	set_text(mode, &values[i], &nulls[i]), i++;
	set_text(reason, &values[i], &nulls[i]), i++;
	set_text(reason ? reason_text(reason) : NULL, &values[i], &nulls[i]), i++;
	values[i++] = BoolGetDatum(triggers_stand);
	set_text(rbac_watched_unsound_table(), &values[i], &nulls[i]), i++;
	values[i++] = BoolGetDatum(in_sync);
	values[i++] = BoolGetDatum(rbac_shared_exists());
	values[i++] = Int32GetDatum(rbac_shared_exists() ? rbac_cache_size : 0);
	set_text(version, &values[i], &nulls[i]), i++;
	set_text(RBAC_VERSION, &values[i], &nulls[i]), i++;
	values[i++] = BoolGetDatum(RecoveryInProgress());
	values[i++] = BoolGetDatum(is_unknown());
	Assert(i == lengthof(values));
	PG_RETURN_DATUM(make_row(fcinfo, values, nulls));
}

/* _forget(policy_too): this backend, whatever all share */
Datum
rbac_forget(PG_FUNCTION_ARGS)
{
	rbac_local_drop(PG_GETARG_BOOL(0) ? RBAC_EVERYTHING : RBAC_ASSIGNMENTS);
	PG_RETURN_VOID();
}

/* _cache_counters() */
Datum
rbac_cache_counters(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	/* by now at the latest, this backend counts in its place */
	(void) rbac_cache_begin();
	values[0] = Int64GetDatum(rbac_counters->loads);
	values[1] = Int64GetDatum((int64) rbac_epoch);
	PG_RETURN_DATUM(make_row(fcinfo, values, nulls));
}
