/*
 * local.c
 *		What this backend knows already.
 *
 * Principals, department paths, role closures and the ids of scopes, each in a
 * hash table of the backend's own.  rbac_cache_begin decides whether all of it
 * is still true as of now and of the statement's snapshot; if it cannot tell,
 * it drops it.  There are no tags on entries: everything that is kept is true
 * at one moment, and that moment is moved forward or everything goes.
 *
 * So that an answer never mixes two states, every load makes sure, after
 * taking its snapshot, that what is kept from before is true of that snapshot
 * as well.
 *
 * What is dropped stays readable until the next rbac_cache_begin, because a
 * decision may hold pointers to it.
 *
 * Bounded by MAX_LOCAL_BYTES: beyond that everything goes.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "funcapi.h"
#include "replication/logicalworker.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "cache/age.h"
#include "cache/cache.h"
#include "cache/load.h"
#include "cache/signal.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_forget);
PG_FUNCTION_INFO_V1(rbac_cache_counters);

#define MAX_LOCAL_BYTES (16 * 1024 * 1024)

/*
 * What a load needs for itself, kept from load to load: each scan of a B-tree
 * takes some 27 kB, and to get them from the operating system and give them
 * back costs more than the scan.
 */
#define SCRATCH_BYTES (256 * 1024)

typedef struct PrincipalEntry
{
	RbacPrincipalKey key;
	RbacPrincipal *principal;
} PrincipalEntry;

typedef struct DepartmentEntry
{
	pg_uuid_t	department_id;
	RbacDepartmentPath *path;
} DepartmentEntry;

typedef struct ClosureEntry
{
	int32		role_id;
	Bitmapset  *scopes;
} ClosureEntry;

typedef struct ScopeEntry
{
	char		name[RBAC_MAX_NAME_LENGTH + 1];
	int32		id;				/* 0 if there is none */
} ScopeEntry;

/* All that hangs on who holds what, and all that hangs on what roles mean. */
static MemoryContext assignments_context = NULL;
static HTAB *principals;
static HTAB *department_paths;

static MemoryContext policy_context = NULL;
static HTAB *closures;
static HTAB *scope_ids;

/* Parent of what was dropped since the decision began. */
static MemoryContext dropped_context = NULL;
static bool something_dropped = false;

/* Empty between loads. */
static MemoryContext scratch_context = NULL;

/* MAX_LOCAL_BYTES were exceeded: to be put right as the next decision starts. */
static bool is_too_much = false;

/* Changes whenever something is dropped. */
static uint64 epoch = 0;

/* What is kept is true of a snapshot of this age. */
static SnapshotAge true_as_of;

/* The statement in which the last decision began, if it can be told from others. */
static bool began_well = false;
static TimestampTz began_at;
static SnapshotAge began_with;

/*
 * While a reader is open, further readers of the same decision read by its
 * snapshot, so that a decision that reads much ends also when transactions
 * commit all the time.
 */
static RbacReader *outer_reader = NULL;

/* The command in which a writing transaction read what is kept. */
static CommandId read_in_command;

static int64 loads = 0;
static int64 purges = 0;

static MemoryContext
drop_context(MemoryContext context)
{
	if (context != NULL)
	{
		MemoryContextSetParent(context, dropped_context);
		something_dropped = true;
	}
	return NULL;
}

/* A principal's sets may be its roles' own, so policy takes it along. */
static void
drop(int what)
{
	if (dropped_context == NULL)
		dropped_context = AllocSetContextCreate(TopMemoryContext, "rbac dropped", ALLOCSET_SMALL_SIZES);

	assignments_context = drop_context(assignments_context);
	if (what & RBAC_POLICY)
		policy_context = drop_context(policy_context);
	epoch++;
	purges++;
}

static HTAB *
create_table(const char *name, Size key, Size entry, int flags, MemoryContext context)
{
	HASHCTL		ctl = {.keysize = key, .entrysize = entry, .hcxt = context};

	return hash_create(name, 16, &ctl, HASH_ELEM | HASH_CONTEXT | flags);
}

static void
create_missing(void)
{
	if (assignments_context == NULL)
	{
		MemoryContext context = AllocSetContextCreate(TopMemoryContext, "rbac assignments", ALLOCSET_DEFAULT_SIZES);

		principals = create_table("rbac principals", sizeof(RbacPrincipalKey),
								  sizeof(PrincipalEntry), HASH_BLOBS, context);
		department_paths = create_table("rbac department paths", sizeof(pg_uuid_t),
										sizeof(DepartmentEntry), HASH_BLOBS, context);
		assignments_context = context;
	}
	if (policy_context == NULL)
	{
		MemoryContext context = AllocSetContextCreate(TopMemoryContext, "rbac policy", ALLOCSET_DEFAULT_SIZES);

		closures = create_table("rbac role closures", sizeof(int32),
								sizeof(ClosureEntry), HASH_BLOBS, context);
		scope_ids = create_table("rbac scope ids", RBAC_MAX_NAME_LENGTH + 1,
								 sizeof(ScopeEntry), HASH_STRINGS, context);
		policy_context = context;
	}
}

/*
 * Make what is kept true of a snapshot that was taken before this call, or
 * mark it as stale.
 */
static void
catch_up(SnapshotAge age)
{
	if (rbac_signal_quiet())
		AcceptInvalidationMessages();
	else
		rbac_stale = RBAC_EVERYTHING;
	true_as_of = age;
}

static void
drop_stale(void)
{
	if (rbac_stale)
	{
		drop(rbac_stale);
		rbac_stale = 0;
	}
}

/*
 * Has a decision of this very statement begun already, and is nothing known to
 * have changed since?  Then there is no need to ask whether others have changed
 * something: to this statement it would be as if they had done so later.
 *
 * A statement is told from the next by the time of the client's message, and,
 * within what one message runs, by its snapshot.  Where a transaction has one
 * snapshot for all its statements, we do ask.
 */
static inline bool
is_same_statement(void)
{
	return began_well && !(rbac_stale | rbac_written) && !is_too_much &&
		began_at == GetCurrentStatementStartTimestamp() &&
		!IsolationUsesXactSnapshot() && ActiveSnapshotSet() &&
		has_age(GetActiveSnapshot(), &began_with);
}

/*
 * Start a decision.  Returns the epoch, which stays the same as long as
 * nothing was dropped.
 */
uint64
rbac_cache_begin(void)
{
	outer_reader = NULL;		/* an error may have left it */
	if (likely(is_same_statement()))
		return epoch;

	AcceptInvalidationMessages();

	if (unlikely(something_dropped))
	{
		MemoryContextDeleteChildren(dropped_context);
		something_dropped = false;
	}

	/* Nobody tells us: keep nothing beyond one decision. */
	if (unlikely(!rbac_signal_sound() || is_too_much))
	{
		rbac_stale = RBAC_EVERYTHING;
		is_too_much = false;
	}

	/*
	 * Apply workers and the workers of a writing leader see what its owner has
	 * not committed, and hear nothing of it.
	 */
	if (unlikely((IsParallelWorker() && TransactionIdIsValid(GetTopTransactionIdIfAny())) ||
				 IsLogicalWorker()))
		rbac_written = RBAC_EVERYTHING;

	/*
	 * Own writes show from the next command on; those of a statement that is
	 * still writing, row by row to commands within it.
	 */
	if (unlikely(rbac_written))
	{
		CommandId	command = GetCurrentCommandId(false);

		if (command != read_in_command || rbac_is_writing())
		{
			rbac_stale |= rbac_written;
			read_in_command = command;
		}
	}

	/* An answer must not be older than what the statement itself sees. */
	if (likely(ActiveSnapshotSet()))
	{
		SnapshotAge age = snapshot_age(GetActiveSnapshot());

		if (unlikely(is_newer(age, true_as_of)))
			catch_up(age);
		began_with = age;
		began_at = GetCurrentStatementStartTimestamp();
		began_well = rbac_signal_sound();
	}
	else
		began_well = false;

	if (unlikely(rbac_stale))
		drop_stale();
	create_missing();
	return epoch;
}

/*
 * A reader within a decision, with what is kept being true of its snapshot.
 * To be ended by rbac_cache_read_end.
 *
 * What a reader within a reader finds may be older than a message that came
 * in between; that message stays raised until the next decision, which drops
 * what was found.
 */
RbacReader *
rbac_cache_read_begin(void)
{
	SnapshotAge age;

	if (outer_reader != NULL)
		return rbac_read_begin_at(rbac_reader_snapshot(outer_reader));

	outer_reader = rbac_read_begin();
	age = own_snapshot_age(rbac_reader_snapshot(outer_reader));
	if (!is_same_age(age, true_as_of))
		catch_up(age);
	drop_stale();
	create_missing();
	return outer_reader;
}

void
rbac_cache_read_end(RbacReader *reader)
{
	if (reader == outer_reader)
		outer_reader = NULL;
	rbac_read_end(reader);
}

/*
 * After a load: drop all at the next decision if it has become too much.  Not
 * before: one decision may need more than that, and would never end.
 */
static void
check_size(void)
{
	if (MemoryContextMemAllocated(assignments_context, true) +
		MemoryContextMemAllocated(policy_context, true) > MAX_LOCAL_BYTES)
		is_too_much = true;
}

static bool
find_closure(int32 role_id, const Bitmapset **scopes, void *arg)
{
	ClosureEntry *entry = hash_search(closures, &role_id, HASH_FIND, NULL);

	if (entry == NULL)
		return false;
	*scopes = entry->scopes;
	return true;
}

static const Bitmapset *
keep_closure(int32 role_id, const Bitmapset *scopes, void *arg)
{
	MemoryContext old = MemoryContextSwitchTo(policy_context);
	Bitmapset  *kept = bms_copy(scopes);
	ClosureEntry *entry;

	MemoryContextSwitchTo(old);
	entry = hash_search(closures, &role_id, HASH_ENTER, NULL);
	entry->scopes = kept;
	return kept;
}

static const RbacClosureStore closure_store = {find_closure, keep_closure, NULL};

/* An error may have left the last load's remains there. */
static MemoryContext
empty_scratch(void)
{
	if (scratch_context == NULL)
		scratch_context = AllocSetContextCreate(TopMemoryContext, "rbac load",
												SCRATCH_BYTES, SCRATCH_BYTES, ALLOCSET_DEFAULT_MAXSIZE);
	MemoryContextReset(scratch_context);
	return scratch_context;
}

/* What this user holds in this tenant.  Never NULL. */
const RbacPrincipal *
rbac_cache_principal(const RbacPrincipalKey *key, TimestampTz now)
{
	PrincipalEntry *entry = hash_search(principals, key, HASH_FIND, NULL);
	RbacPrincipal *principal;
	RbacReader *reader;
	MemoryContext old;

	if (likely(entry && now >= entry->principal->valid_from && now < entry->principal->valid_until))
		return entry->principal;

	old = MemoryContextSwitchTo(empty_scratch());
	reader = rbac_cache_read_begin();
	principal = rbac_load_principal(reader, key, now, &closure_store);
	rbac_cache_read_end(reader);
	MemoryContextSwitchTo(assignments_context);
	principal = rbac_copy_principal(principal);
	MemoryContextSwitchTo(old);
	MemoryContextReset(scratch_context);
	loads++;

	entry = hash_search(principals, key, HASH_ENTER, NULL);
	entry->principal = principal;
	check_size();
	return principal;
}

/* Where a department lies.  Never NULL; npath is 0 if there is no such one. */
const RbacDepartmentPath *
rbac_cache_department_path(const pg_uuid_t *department_id)
{
	DepartmentEntry *entry = hash_search(department_paths, department_id, HASH_FIND, NULL);
	RbacDepartmentPath *path;
	RbacReader *reader;
	MemoryContext old;

	if (likely(entry))
		return entry->path;

	old = MemoryContextSwitchTo(empty_scratch());
	reader = rbac_cache_read_begin();
	path = rbac_load_department_path(reader, department_id);
	rbac_cache_read_end(reader);
	MemoryContextSwitchTo(assignments_context);
	path = rbac_copy_department_path(path);
	MemoryContextSwitchTo(old);

	entry = hash_search(department_paths, department_id, HASH_ENTER, NULL);
	entry->path = path;
	check_size();
	return path;
}

/* The scopes of a role and of all that it inherits. */
const Bitmapset *
rbac_cache_role_scopes(int32 role_id)
{
	RbacReader *reader;
	const Bitmapset *scopes;

	if (find_closure(role_id, &scopes, NULL))
		return scopes;

	reader = rbac_cache_read_begin();
	scopes = rbac_load_role_scopes(reader, role_id, &closure_store);
	rbac_cache_read_end(reader);
	check_size();
	return scopes;
}

/* A scope's id, or 0 if there is no scope of that name. */
int32
rbac_cache_scope_id(const char *name, int length)
{
	char		key[RBAC_MAX_NAME_LENGTH + 1] = {0};
	ScopeEntry *entry;
	RbacReader *reader;
	int32		id = 0;

	/* scope tokens are ASCII, so bytes are characters */
	if (length > RBAC_MAX_NAME_LENGTH)
		return 0;
	memcpy(key, name, length);

	entry = hash_search(scope_ids, key, HASH_FIND, NULL);
	if (likely(entry))
		return entry->id;

	reader = rbac_cache_read_begin();
	if (!rbac_read_scope_id(reader, name, length, &id))
		id = 0;
	rbac_cache_read_end(reader);

	/* names that are no scopes' are without end: they must not fill us up */
	if (id == 0 && is_too_much)
		return 0;

	entry = hash_search(scope_ids, key, HASH_ENTER, NULL);
	entry->id = id;
	check_size();
	return id;
}

/* The epoch as it is in the middle of a decision. */
uint64
rbac_cache_epoch(void)
{
	return epoch;
}

/* Does what was found since rbac_cache_begin returned this epoch belong together? */
bool
rbac_cache_holds(uint64 since)
{
	return epoch == since && !rbac_stale;
}

void
rbac_cache_init(void)
{
	rbac_signal_init();
}

/* _forget(policy_too) */
Datum
rbac_forget(PG_FUNCTION_ARGS)
{
	rbac_stale |= PG_GETARG_BOOL(0) ? RBAC_EVERYTHING : RBAC_ASSIGNMENTS;
	PG_RETURN_VOID();
}

Datum
rbac_cache_counters(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[2];
	bool		nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	values[0] = Int64GetDatum(loads);
	values[1] = Int64GetDatum(purges);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
