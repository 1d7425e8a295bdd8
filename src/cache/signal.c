/*
 * signal.c
 *		Learning that cached answers may have changed, and telling others.
 *
 * Writers: a trigger notes what a transaction writes.  Before it commits (or
 * prepares), the transaction moves the version words of what it has changed
 * (changes.c), and queues one relcache message for each kind of change.  The
 * words serve the cache that all backends share.  The messages serve whoever
 * keeps answers for itself: sessions of a server that does not preload us,
 * standbys, transactions that have written, and all while a prepared
 * transaction is pending.  PostgreSQL sends them after the commit has become
 * visible and before COMMIT returns, for prepared transactions at COMMIT
 * PREPARED, on standbys at replay.  So a check that starts after COMMIT has
 * returned finds the message waiting.
 *
 * Between a commit's becoming visible and its message there is a gap, in which
 * a statement's snapshot already sees what has not been told.  The committing
 * lock closes it: a transaction holds it (RowExclusiveLock) from before it is
 * visible until after its messages are out, a prepared one across a restart.
 * Whoever gets it in ShareLock knows that every change that was visible by then
 * is in the message queue, and that no prepared transaction is left that could
 * change anything unannounced.  Readers only ever try; they never wait for a
 * writer.  On a standby, where nobody holds it, the startup process tells the
 * same by having replayed all that it has begun to replay.
 *
 * Why relcache messages on two empty tables, and not NOTIFY: they are
 * delivered in order with visibility, travel through WAL to standbys and
 * through two-phase files across restarts, cannot get lost (an overrun queue
 * says "everything"), and need no preloading.
 *
 * What this transaction itself has written is private to it: it uses nothing
 * of what all share, and the store drops what it read as the command counter
 * moves, when a savepoint is rolled back, and at the end of the transaction.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "cache/cache.h"
#include "cache/changes.h"
#include "cache/concern.h"
#include "cache/signal.h"
#include "cache/testing.h"
#include "cache/watched.h"
#include "cache/words.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(rbac_note_change);
PG_FUNCTION_INFO_V1(rbac_caching_is_sound);

int			rbac_stale = RBAC_EVERYTHING;
int			rbac_written = 0;

/*
 * Statements of this transaction that write, begun and not ended.  Those that
 * a rolled back subtransaction leaves behind are never counted down.
 */
static int	statements_writing = 0;
static bool left_behind = false;

/* What this transaction must tell others at its end. */
static int	to_tell = 0;

/* One of the tables that it has written. */
static Oid	table_written = InvalidOid;

/*
 * Our turn before commit, or before PREPARE, is over: what is written now must
 * be told at once.
 */
static enum
{
	RUNNING,
	COMMITTING,
	PREPARING
}			stage = RUNNING;

/* The two signal relations; looked up anew when a message says so. */
static Oid	assignments_signal = InvalidOid;
static Oid	policy_signal = InvalidOid;

static void relation_changed(Datum arg, Oid relid);
static void subscriptions_changed(Datum arg, int cacheid, uint32 hashvalue);
static void end_of_transaction(XactEvent event, void *arg);
static void end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
								  SubTransactionId parent, void *arg);

void
rbac_signal_init(void)
{
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(SUBSCRIPTIONRELMAP, subscriptions_changed, (Datum) 0);
	RegisterXactCallback(end_of_transaction, NULL);
	RegisterSubXactCallback(end_of_subtransaction, NULL);
}

/* Flags only: it may run in an aborted transaction. */
static void
relation_changed(Datum arg, Oid relid)
{
	if (!OidIsValid(relid))
	{
		rbac_stale = RBAC_EVERYTHING;
		rbac_watched_look_anew();
	}
	else if (relid == assignments_signal)
		rbac_stale |= RBAC_ASSIGNMENTS;
	else if (relid == policy_signal)
		rbac_stale = RBAC_EVERYTHING;
	else if (rbac_catalog_is_ours(relid))
	{
		/* DDL, a rewrite, TRUNCATE, a trigger switched on or off */
		rbac_stale = RBAC_EVERYTHING;
		rbac_watched_look_anew();
	}
}

/* What was found while the tables were in sync, or not, is not so any more. */
static void
subscriptions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	rbac_stale = RBAC_EVERYTHING;
}

/*
 * Find the signal relations, and say whether both are there.  Without asking for
 * their version: an upgrade must be able to tell of itself.  Until both have
 * been found, messages about those known before still count.
 */
bool
rbac_signal_find(void)
{
	Oid			namespace = get_namespace_oid("rbac", true);
	Oid			assignments = InvalidOid;
	Oid			policy = InvalidOid;

	if (OidIsValid(namespace))
	{
		assignments = get_relname_relid("_assignments_changed", namespace);
		policy = get_relname_relid("_policy_changed", namespace);
	}
	assignments_signal = assignments;
	policy_signal = policy;
	return OidIsValid(assignments) && OidIsValid(policy);
}

/*
 * Will we be told of changes, and are the tables in sync?  If not, nothing may
 * be kept from one check to the next.
 */
bool
rbac_signal_sound(void)
{
	return rbac_watched_all() && rbac_model_in_sync();
}

/*
 * One for a global word and all databases that share it, since it guards the
 * mark in the word.
 */
static void
set_committing_tag(LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, InvalidOid, RelationRelationId, rbac_global_slot(MyDatabaseId), 1);
}

/*
 * Could a prepared transaction have done DDL to our tables?  One that was
 * prepared before the server began to preload us has not taken the committing
 * lock for that.  But it still holds what DDL takes.
 */
static bool
ddl_may_be_prepared(void)
{
	for (int i = 0; i < RBAC_NUM_TABLES; i++)
	{
		Oid			relid = rbac_catalog()->table[i];

		if (!OidIsValid(relid))
			continue;
		if (!ConditionalLockRelationOid(relid, RowExclusiveLock))
			return true;
		UnlockRelationOid(relid, RowExclusiveLock);
	}
	return false;
}

/*
 * No prepared transaction is left that has changed anything; the caller holds
 * the committing lock.  What was found out before it was prepared may be out
 * of date, so the version moves.
 */
static void
clear_unknown(void)
{
	pg_atomic_uint64 *word;
	uint64		value;

	if (rbac_words == NULL)
		return;
	word = &rbac_words[rbac_global_slot(MyDatabaseId)];
	value = pg_atomic_read_u64(word);
	if (!(value & RBAC_WORD_UNKNOWN) || ddl_may_be_prepared())
		return;
	while ((value & RBAC_WORD_UNKNOWN) &&
		   !pg_atomic_compare_exchange_u64(word, &value, (value & ~RBAC_WORD_UNKNOWN) +
										   (RBAC_MUTANT("R4-version") ? 0 : RBAC_WORD_VERSION)))
		 /* somebody else has moved it: again */ ;
}

/*
 * Is nobody between becoming visible and having told?  If so, every change
 * that was visible when we were called is in the message queue: accept the
 * messages after this, then look at rbac_stale.
 */
bool
rbac_signal_quiet(void)
{
	LOCKTAG		tag;

	/*
	 * On a standby, what is visible was made so by a record that had begun to
	 * be replayed; its messages are out when its replay has ended.
	 */
	if (RecoveryInProgress())
	{
		XLogRecPtr	begun = GetCurrentReplayRecPtr(NULL);

		return GetXLogReplayRecPtr(NULL) >= begun || RBAC_MUTANT("standby-quiet");
	}

	/* our own commit is under way, and our own lock would not keep us out */
	if (stage != RUNNING)
		return false;

	set_committing_tag(&tag);
	if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
	{
		if (RBAC_MUTANT("R4-lock"))
			clear_unknown();
		return RBAC_MUTANT("S-lock");
	}
	clear_unknown();
	LockRelease(&tag, ShareLock, false);
	return true;
}

/*
 * Tell others, once this transaction is visible.  If the signals are gone, by
 * somebody's hand or as the extension is being dropped, a message about a table
 * of ours makes everybody find that out.
 */
static void
tell(int what)
{
	LOCKTAG		tag;

	set_committing_tag(&tag);
	if (!RBAC_MUTANT("W3-lock"))
		(void) LockAcquire(&tag, RowExclusiveLock, false, false);

	if (RBAC_MUTANT("W3-message"))
		return;
	if (!rbac_signal_find())
	{
		if (SearchSysCacheExists1(RELOID, ObjectIdGetDatum(table_written)))
			CacheInvalidateRelcacheByRelid(table_written);
		return;
	}
	if (what & RBAC_ASSIGNMENTS)
		CacheInvalidateRelcacheByRelid(assignments_signal);
	if (what & RBAC_POLICY)
		CacheInvalidateRelcacheByRelid(policy_signal);
}

/* What was noted is about to be committed, or prepared. */
static void
tell_all(void)
{
	if (to_tell || rbac_has_changes())
		tell(to_tell);
	if (stage == PREPARING)
		rbac_changes_become_unknown();
	else
		rbac_changes_announce();
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			stage = COMMITTING;
			tell_all();
			break;

		case XACT_EVENT_PRE_PREPARE:
			stage = PREPARING;
			tell_all();
			break;

		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_ABORT:
			rbac_changes_forget();
			/* FALLTHROUGH */

			/* after a commit, what was noted is forgotten when it was told */
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PARALLEL_COMMIT:
			if (RBAC_MUTANT("W4-early"))
				rbac_changes_forget();
			RBAC_RACE();
			if (!RBAC_MUTANT("W4-private"))
				rbac_stale |= rbac_written;
			if (rbac_written)
				rbac_epoch++;
			rbac_written = 0;
			rbac_forget_whom_it_concerns();
			statements_writing = 0;
			left_behind = false;
			to_tell = 0;
			table_written = InvalidOid;
			stage = RUNNING;
			break;

		case XACT_EVENT_PARALLEL_PRE_COMMIT:
			break;
	}
}

/*
 * What was rolled back may have been read.  What is to be told stays: telling
 * too much costs a load, telling too little is a lie.
 */
static void
end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB && !RBAC_MUTANT("W6"))
	{
		rbac_stale |= rbac_written;
		left_behind |= statements_writing > 0;
	}
}

bool
rbac_is_writing(void)
{
	return statements_writing > 0 || left_behind;
}

/* From here on, what is read may be what no one else can see. */
static void
become_private(int what)
{
	if (rbac_written == 0)
		rbac_epoch++;
	rbac_written |= what;
	rbac_stale |= what;
}

void
rbac_signal_upheaval(void)
{
	become_private(RBAC_EVERYTHING);
	rbac_change_everything(MyDatabaseId);
	/* where nothing is shared, so that nobody takes it for over before they are told */
	to_tell |= RBAC_EVERYTHING;
	if (stage != RUNNING)
		tell_all();
}

/*
 * Before a statement: from now on, what this transaction reads is its own
 * affair, and until after the statement, nothing of it can be kept.  After a
 * row, and before TRUNCATE: others have something to learn.
 *
 * Logical replication fires only the row triggers, so they do both.
 */
Datum
rbac_note_change(PG_FUNCTION_ARGS)
{
	TriggerData *data = (TriggerData *) fcinfo->context;
	int			what;

	if (!CALLED_AS_TRIGGER(fcinfo) || data->tg_trigger->tgnargs < 1)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"rbac._note_change\" serves the triggers of extension \"rbac\" only")));

	what = rbac_kind_of_write(data);

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) && TRIGGER_FIRED_FOR_ROW(data->tg_event) &&
		!rbac_write_matters(data))
		return PointerGetDatum(NULL);

	if (TRIGGER_FIRED_FOR_STATEMENT(data->tg_event) && !TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		if (TRIGGER_FIRED_BEFORE(data->tg_event))
			statements_writing++;
		else if (statements_writing > 0)
			statements_writing--;
	}

	if (!RBAC_MUTANT("W1"))
		become_private(what);
	if ((TRIGGER_FIRED_FOR_ROW(data->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(data->tg_event)) &&
		!RBAC_MUTANT("W2"))
	{
		to_tell |= what;
		table_written = RelationGetRelid(data->tg_relation);
		rbac_note_whom_it_concerns(data);
		if (stage != RUNNING)
			tell_all();
	}
	return PointerGetDatum(NULL);
}

Datum
rbac_caching_is_sound(PG_FUNCTION_ARGS)
{
	AcceptInvalidationMessages();
	PG_RETURN_BOOL(rbac_watched_all());
}
