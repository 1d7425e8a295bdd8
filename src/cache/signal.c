/*
 * signal.c
 *		Learning that cached answers may have changed, and telling others.
 *
 * Writers: a trigger notes what a transaction writes.  Before it commits (or
 * prepares), the transaction takes the committing lock and queues one relcache
 * message for each kind of change; PostgreSQL sends them after the commit has
 * become visible and before COMMIT returns, for prepared transactions at
 * COMMIT PREPARED, on standbys at replay.  So a check that starts after COMMIT
 * has returned finds the message waiting.
 *
 * Between a commit's becoming visible and its message there is a gap, in which
 * a statement's snapshot already sees what the cache has not been told.  The
 * committing lock closes it: a transaction holds it (RowExclusiveLock) from
 * before it is visible until after its messages are out.  Whoever gets it in
 * ShareLock knows that every change that was visible by then is in the message
 * queue.  Readers only ever try; they never wait for a writer.
 *
 * Why relcache messages on two empty tables, and not NOTIFY or a counter in
 * shared memory: they are delivered in order with visibility, travel through
 * WAL to standbys and through two-phase files across restarts, cannot get lost
 * (an overrun queue says "everything"), and need no preloading.
 *
 * What this transaction itself has written is private to it: the store drops
 * what it read as the command counter moves, when a savepoint is rolled back,
 * and at the end of the transaction.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
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

#include "cache/signal.h"
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

/* The two signal relations; looked up anew when a message says so. */
static bool signals_are_known = false;
static Oid	assignments_signal = InvalidOid;
static Oid	policy_signal = InvalidOid;
static bool triggers_are_sound = false;

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

static void
look_up_signals(void)
{
	static const RbacTable watched[] = {
		RBAC_TENANTS, RBAC_USERS, RBAC_DEPARTMENTS, RBAC_USER_ROLES,
		RBAC_SCOPES, RBAC_PERMISSION_SCOPES, RBAC_ROLE_PERMISSIONS, RBAC_ROLE_INHERITS,
		RBAC_ROLE_CONFLICTS
	};
	const RbacCatalog *catalog = rbac_catalog();
	Oid			note_change;
	bool		sound = true;

	assignments_signal = get_relname_relid("_assignments_changed", catalog->namespace);
	policy_signal = get_relname_relid("_policy_changed", catalog->namespace);
	if (!OidIsValid(assignments_signal) || !OidIsValid(policy_signal))
		sound = false;

	note_change = LookupFuncName(list_make2(makeString(get_namespace_name(catalog->namespace)),
											makeString("_note_change")), 0, NULL, true);
	if (!OidIsValid(note_change))
		sound = false;

	/* A message that arrives while we look makes us look again next time. */
	signals_are_known = true;
	for (int i = 0; sound && i < (int) lengthof(watched); i++)
		sound = table_is_watched(catalog->table[watched[i]], note_change);
	triggers_are_sound = sound;
}

static bool
triggers_stand(void)
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
	return triggers_stand() && rbac_model_in_sync();
}

static void
set_committing_tag(LOCKTAG *tag)
{
	SET_LOCKTAG_OBJECT(*tag, MyDatabaseId, RelationRelationId, assignments_signal, 1);
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

	/* A standby may not take the lock, and nobody there would hold it. */
	if (RecoveryInProgress())
		return false;

	set_committing_tag(&tag);
	if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return false;
	LockRelease(&tag, ShareLock, false);
	return true;
}

/*
 * Tell others, once this transaction is visible.  Not if the extension is
 * being dropped: the loss of its tables is a message of its own.
 */
static void
tell(int what)
{
	LOCKTAG		tag;

	if (!signals_are_known)
	{
		if (!OidIsValid(get_extension_oid("rbac", true)))
			return;
		look_up_signals();
	}
	if (!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(assignments_signal)) ||
		!SearchSysCacheExists1(RELOID, ObjectIdGetDatum(policy_signal)))
		return;

	set_committing_tag(&tag);
	(void) LockAcquire(&tag, RowExclusiveLock, false, false);
	if (what & RBAC_ASSIGNMENTS)
		CacheInvalidateRelcacheByRelid(assignments_signal);
	if (what & RBAC_POLICY)
		CacheInvalidateRelcacheByRelid(policy_signal);
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (to_tell)
				tell(to_tell);
			past_pre_commit = true;
			break;

		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			rbac_stale |= rbac_written;
			rbac_written = 0;
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
	if (event == SUBXACT_EVENT_ABORT_SUB)
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

/* Has one of the columns that matter changed?  All matter if none is named. */
static bool
update_matters(TriggerData *data)
{
	TupleDesc	desc = RelationGetDescr(data->tg_relation);

	for (int i = 1; i < data->tg_trigger->tgnargs; i++)
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
	return data->tg_trigger->tgnargs == 1;
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

	what = strcmp(data->tg_trigger->tgargs[0], "assignments") == 0 ? RBAC_ASSIGNMENTS : RBAC_EVERYTHING;

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

	rbac_written |= what;
	rbac_stale |= what;
	if (TRIGGER_FIRED_FOR_ROW(data->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		to_tell |= what;
		if (past_pre_commit)
			tell(what);
	}
	return PointerGetDatum(NULL);
}

Datum
rbac_caching_is_sound(PG_FUNCTION_ARGS)
{
	AcceptInvalidationMessages();
	PG_RETURN_BOOL(triggers_stand());
}
