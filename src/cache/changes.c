/*
 * changes.c
 *		Which words this transaction must move.
 *
 * While it runs, a transaction notes the words of all that it changes.  Before
 * its commit can be seen, it moves each and marks it as in flight; it takes the
 * mark away only after its commit is visible and its invalidation messages are
 * out (the resource owners release locks then), or after it has been rolled
 * back.  So whoever reads a settled word knows that every change up to that
 * version is visible, and that whatever DDL went with it has been told.
 *
 * In between nothing may fail: notes and marks are in static memory of fixed
 * size.  Whoever changes more than that moves the global word.
 *
 * A prepared transaction will be committed by somebody who knows nothing of
 * it.  So it marks the global word as unknown, for as long as it may take
 * (signal.c says how that ends).
 *
 * A rolled back savepoint leaves its notes: they cost a load.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/resowner.h"

#include "cache/changes.h"
#include "cache/testing.h"
#include "cache/words.h"

/* Of tenants and users; global words find room beyond that. */
#define MAX_NOTES 1024
#define ROOM_FOR_NOTES (MAX_NOTES + RBAC_GLOBAL_WORDS)

/*
 * A set of slots: the table holds slot + 1 near the place that the slot's lower
 * bits name, 0 where there is none.
 */
#define TABLE_SIZE (4 * MAX_NOTES)

static int	nnotes = 0;
static uint32 notes[ROOM_FOR_NOTES];
static uint32 note_table[TABLE_SIZE];
static bool everything_is_noted = false;

/* The first so many notes are marked as in flight. */
static int	nmarked = 0;

static bool exit_is_watched = false;

static void release_marks(void);

/* Note a slot, unless it is noted already. */
static void
note(uint32 slot)
{
	uint32		at = slot % TABLE_SIZE;

	while (note_table[at] != 0)
	{
		if (note_table[at] == slot + 1)
			return;
		at = (at + 1) % TABLE_SIZE;
	}
	Assert(nnotes < ROOM_FOR_NOTES);
	note_table[at] = slot + 1;
	notes[nnotes++] = slot;
}

/*
 * Of the current database, or of another one, which comes or goes.  Of one's
 * own, nothing else is worth noting after that.
 */
void
rbac_change_everything(Oid database)
{
	if (rbac_words == NULL || (database == MyDatabaseId && everything_is_noted))
		return;
	note(rbac_global_slot(database));
	everything_is_noted |= database == MyDatabaseId;
}

static void
note_some(uint32 slot)
{
	if (nnotes < MAX_NOTES)
		note(slot);
	else
		rbac_change_everything(MyDatabaseId);
}

void
rbac_change_tenant(const pg_uuid_t *tenant_id)
{
	if (rbac_words != NULL && !everything_is_noted && !RBAC_MUTANT("W2-tenant"))
		note_some(rbac_tenant_slot(MyDatabaseId, tenant_id));
}

void
rbac_change_user(const pg_uuid_t *user_id)
{
	if (rbac_words != NULL && !everything_is_noted && !RBAC_MUTANT("W2-user"))
		note_some(rbac_user_slot(MyDatabaseId, user_id));
}

bool
rbac_changes_everything(void)
{
	return everything_is_noted;
}

bool
rbac_has_changes(void)
{
	return nnotes > 0;
}

static void
release_marks_at_exit(int code, Datum arg)
{
	release_marks();
}

/* Nothing of this may fail: it is the last moment before a commit. */
void
rbac_changes_announce(void)
{
	if (nmarked == nnotes)
		return;
	if (!exit_is_watched)
	{
		on_shmem_exit(release_marks_at_exit, (Datum) 0);
		exit_is_watched = true;
	}
	for (; nmarked < nnotes; nmarked++)
	{
		if (!RBAC_MUTANT("W3"))
			pg_atomic_fetch_add_u64(&rbac_words[notes[nmarked]],
									RBAC_WORD_VERSION + (RBAC_MUTANT("W3-in-flight") ? 0 : 1));
	}
	RBAC_RACE();
}

/* Before PREPARE, under the committing lock. */
void
rbac_changes_become_unknown(void)
{
	if (nnotes > 0 && !RBAC_MUTANT("W5-unknown"))
		pg_atomic_fetch_or_u64(&rbac_words[rbac_global_slot(MyDatabaseId)], RBAC_WORD_UNKNOWN);
}

/* Rolled back, or prepared: nobody has to learn anything. */
void
rbac_changes_forget(void)
{
	release_marks();
	if (nnotes > 0)
		memset(note_table, 0, sizeof(note_table));
	nnotes = 0;
	everything_is_noted = false;
}

static void
release_marks(void)
{
	for (int i = 0; i < nmarked; i++)
	{
		if (!RBAC_MUTANT("W3") && !RBAC_MUTANT("W3-in-flight"))
			pg_atomic_fetch_sub_u64(&rbac_words[notes[i]], 1);
	}
	nmarked = 0;
}

/*
 * Comes for every resource owner that is released, and may come when there is
 * nothing to do.  Locks are released after the messages are out.
 */
static void
resources_released(ResourceReleasePhase phase, bool is_commit, bool is_top_level, void *arg)
{
	if (nmarked > 0 && is_top_level && phase == RESOURCE_RELEASE_LOCKS)
	{
		RBAC_RACE();
		rbac_changes_forget();
	}
}

void
rbac_changes_init(void)
{
	RegisterResourceReleaseCallback(resources_released, NULL);
}
