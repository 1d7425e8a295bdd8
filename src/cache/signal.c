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

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "cache/cache.h"
#include "cache/changes.h"
#include "cache/signal.h"
#include "cache/testing.h"
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

/* Our turn before commit is over: what is written now must be told at once. */
static bool past_pre_commit = false;

/* The role whose change was noted last: many rows of one role come in a row. */
static int32 noted_role = 0;

/* The two signal relations; looked up anew when a message says so. */
static bool signals_are_known = false;
static Oid	assignments_signal = InvalidOid;
static Oid	policy_signal = InvalidOid;
static bool triggers_are_sound = false;
static const char *unsound_table = NULL;

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
		signals_are_known = false;
	}
	else if (relid == assignments_signal)
		rbac_stale |= RBAC_ASSIGNMENTS;
	else if (relid == policy_signal)
		rbac_stale = RBAC_EVERYTHING;
	else if (rbac_catalog_is_ours(relid))
	{
		/* DDL, a rewrite, TRUNCATE, a trigger switched on or off */
		rbac_stale = RBAC_EVERYTHING;
		signals_are_known = false;
	}
}

/* What was found while the tables were in sync, or not, is not so any more. */
static void
subscriptions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	rbac_stale = RBAC_EVERYTHING;
}

/*
 * Do three triggers of ours stand on this table as they were made: always fired,
 * unconditional, for every kind of write?
 */
static bool
table_is_watched(Oid relid, Oid note_change)
{
	const int16 statement_events = TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE;
	const int16 end_events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;
	const int16 row_events = TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;
	Relation	table = table_open(relid, AccessShareLock);
	TriggerDesc *triggers = table->trigdesc;
	bool		statement = false;
	bool		end = false;
	bool		row = false;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgfoid != note_change ||
			trigger->tgenabled != TRIGGER_FIRES_ALWAYS ||
			trigger->tgqual != NULL || trigger->tgnattr != 0)
			continue;
		if (trigger->tgtype == statement_events)
			statement = true;
		else if (trigger->tgtype == end_events)
			end = true;
		else if (trigger->tgtype == row_events)
			row = true;
	}
	table_close(table, AccessShareLock);
	return statement && end && row;
}

/* Without asking for their version: an upgrade must be able to tell of itself. */
static void
find_signals(void)
{
	Oid			namespace = get_namespace_oid("rbac", true);

	assignments_signal = policy_signal = InvalidOid;
	if (OidIsValid(namespace))
	{
		assignments_signal = get_relname_relid("_assignments_changed", namespace);
		policy_signal = get_relname_relid("_policy_changed", namespace);
	}
}

static void
look_up_signals(void)
{
	static const RbacTable watched[] = {
		RBAC_TENANTS, RBAC_USERS, RBAC_DEPARTMENTS, RBAC_USER_ROLES,
		RBAC_SCOPES, RBAC_PERMISSION_SCOPES, RBAC_ROLES, RBAC_ROLE_PERMISSIONS,
		RBAC_ROLE_INHERITS, RBAC_ROLE_CONFLICTS
	};
	const RbacCatalog *catalog = rbac_catalog();
	Oid			note_change;
	bool		sound = true;

	find_signals();
	if (!OidIsValid(assignments_signal) || !OidIsValid(policy_signal))
		sound = false;

	note_change = LookupFuncName(list_make2(makeString(get_namespace_name(catalog->namespace)),
											makeString("_note_change")), 0, NULL, true);
	if (!OidIsValid(note_change))
		sound = false;

	/* A message that arrives while we look makes us look again next time. */
	signals_are_known = true;
	unsound_table = NULL;
	for (int i = 0; sound && i < (int) lengthof(watched); i++)
	{
		sound = table_is_watched(catalog->table[watched[i]], note_change);
		if (!sound)
			unsound_table = rbac_table_name(watched[i]);
	}
	triggers_are_sound = sound;
}

/* The first table whose triggers are not as they were made; NULL if none is. */
const char *
rbac_signal_unsound_table(void)
{
	return unsound_table;
}

/* Will we be told of changes? */
bool
rbac_signal_triggers_stand(void)
{
	if (unlikely(!signals_are_known))
		look_up_signals();
	return triggers_are_sound && signals_are_known;
}

/*
 * Will we be told of changes, and are the tables in sync?  If not, nothing may
 * be kept from one check to the next.
 */
bool
rbac_signal_sound(void)
{
	return rbac_signal_triggers_stand() && rbac_model_in_sync();
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
 * Tell others, once this transaction is visible.  There are no messages if the
 * extension is being dropped: the loss of its tables is a message of its own.
 */
static void
tell(int what)
{
	LOCKTAG		tag;

	set_committing_tag(&tag);
	if (!RBAC_MUTANT("W3-lock"))
		(void) LockAcquire(&tag, RowExclusiveLock, false, false);

	if (!signals_are_known)
		find_signals();
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(assignments_signal)) ||
		!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(policy_signal)))
		return;

	if (RBAC_MUTANT("W3-message"))
		return;
	if (what & RBAC_ASSIGNMENTS)
		CacheInvalidateRelcacheByRelid(assignments_signal);
	if (what & RBAC_POLICY)
		CacheInvalidateRelcacheByRelid(policy_signal);
}

/* What was noted is about to be committed, or prepared. */
static void
tell_all(bool is_prepare)
{
	if (to_tell || rbac_has_changes())
		tell(to_tell);
	if (is_prepare)
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
			tell_all(false);
			past_pre_commit = true;
			break;

		case XACT_EVENT_PRE_PREPARE:
			tell_all(true);
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
			noted_role = 0;
			statements_writing = 0;
			left_behind = false;
			to_tell = 0;
			past_pre_commit = false;
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
	if (past_pre_commit)
		tell_all(false);
}

/*
 * The arguments of a row trigger: the kind of message; whose word moves, and by
 * which column; and the columns whose change matters.
 */
#define ARGUMENT_KIND		0
#define ARGUMENT_WHOSE		1
#define ARGUMENT_KEY		2
#define ARGUMENT_MATTERS	3

/* Has one of the columns that matter changed? */
static bool
update_matters(TriggerData *data)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	for (int i = ARGUMENT_MATTERS; i < data->tg_trigger->tgnargs; i++)
	{
		int			number = SPI_fnumber(desc, data->tg_trigger->tgargs[i]);
		bool		old_isnull;
		bool		new_isnull;
		Datum		old_value;
		Datum		new_value;
		Form_pg_attribute attribute;

		if (number <= 0)
			return true;
		attribute = TupleDescAttr(desc, number - 1);
		old_value = heap_getattr(data->tg_trigtuple, number, desc, &old_isnull);
		new_value = heap_getattr(data->tg_newtuple, number, desc, &new_isnull);
		if (old_isnull != new_isnull)
			return true;
		if (!old_isnull &&
			!datum_image_eq(old_value, new_value, attribute->attbyval, attribute->attlen))
			return true;
	}
	return false;
}

static bool
note_tenant(const pg_uuid_t *tenant_id, void *arg)
{
	if (tenant_id == NULL)
		rbac_change_everything(MyDatabaseId);
	else
		rbac_change_tenant(tenant_id);
	return true;
}

/*
 * A role means something else: to its tenant, or to all that share it.  One
 * that is nowhere to be found could be anybody's.
 */
static void
note_role(int32 role_id)
{
	if (role_id == noted_role || rbac_changes_everything())
		return;
	if (!rbac_visit_tenants_of_role_ever(role_id, note_tenant, NULL))
		rbac_change_everything(MyDatabaseId);
	noted_role = role_id;
}

/* Note whose word a row moves, if its trigger says so. */
static void
note_row(Trigger *trigger, TupleDesc desc, HeapTuple row)
{
	const char *whose = trigger->tgnargs > ARGUMENT_KEY ? trigger->tgargs[ARGUMENT_WHOSE] : "everybody";
	int			number = trigger->tgnargs > ARGUMENT_KEY ? SPI_fnumber(desc, trigger->tgargs[ARGUMENT_KEY]) : 0;
	bool		isnull = true;
	Datum		key = 0;

	if (number > 0)
		key = heap_getattr(row, number, desc, &isnull);

	if (isnull)
		rbac_change_everything(MyDatabaseId);
	else if (strcmp(whose, "user") == 0)
		rbac_change_user(DatumGetUUIDP(key));
	else if (strcmp(whose, "tenant") == 0)
		rbac_change_tenant(DatumGetUUIDP(key));
	else if (strcmp(whose, "role") == 0)
		note_role(DatumGetInt32(key));
	else
		rbac_change_everything(MyDatabaseId);
}

static void
note_event(TriggerData *data)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		rbac_change_everything(MyDatabaseId);
		return;
	}
	note_row(data->tg_trigger, desc, data->tg_trigtuple);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
		note_row(data->tg_trigger, desc, data->tg_newtuple);
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

	what = strcmp(data->tg_trigger->tgargs[ARGUMENT_KIND], "assignments") == 0
		? RBAC_ASSIGNMENTS : RBAC_EVERYTHING;

	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event) && TRIGGER_FIRED_FOR_ROW(data->tg_event) &&
		!update_matters(data))
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
		note_event(data);
		if (past_pre_commit)
			tell_all(false);
	}
	return PointerGetDatum(NULL);
}

Datum
rbac_caching_is_sound(PG_FUNCTION_ARGS)
{
	AcceptInvalidationMessages();
	PG_RETURN_BOOL(rbac_signal_triggers_stand());
}
