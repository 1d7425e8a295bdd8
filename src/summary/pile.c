/*
 * pile.c
 *		What has been counted and is not yet written down.
 *
 * Row triggers add to a pile; the trigger at the end of the statement writes the
 * pile down, one row for each key, so that the next statement sees it.  What no
 * such trigger comes for (a subscription's worker, a partition that was made while
 * event triggers were off) is written before commit at the latest.
 *
 * Writing down is nothing but appending rows: no two transactions ever write one
 * row, so none waits for another, and none can deadlock.
 *
 * Each subtransaction has piles of its own, for a rollback takes back what was
 * counted in it.  A pile is of bounded size: a large one is written before its
 * statement ends.
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "commands/trigger.h"
#include "common/hashfn.h"
#include "executor/tuptable.h"
#include "lib/ilist.h"
#include "replication/logicalworker.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "model/trigger.h"
#include "summary/counted.h"

PG_FUNCTION_INFO_V1(rbac_count_row);
PG_FUNCTION_INFO_V1(rbac_write_counted);

#define FIRST_SIZE	16
#define MAX_KEYS	10000
#define PARTS_AT_ONCE 100

typedef struct Key
{
	Datum		value[RBAC_MAX_KEY_COLUMNS];
	bool		isnull[RBAC_MAX_KEY_COLUMNS];
} Key;

typedef struct KeyCount
{
	Key		   *key;
	uint32		hash;
	char		status;			/* of the entry in its table */
	int64		count;
} KeyCount;

static uint32
hash_key(RbacCounted *counted, const Key *key)
{
	int			last = counted->nkeys - 1;
	uint32		status = key->isnull[last] ? 0
		: DatumGetUInt32(FunctionCall1Coll(&counted->column[last].hash, C_COLLATION_OID, key->value[last]));

	return hash_combine((uint32) rbac_slot_of(counted, key->value, key->isnull), status);
}

static bool
is_same_key(RbacCounted *counted, const Key *a, const Key *b)
{
	for (int i = 0; i < counted->nkeys; i++)
	{
		if (a->isnull[i] != b->isnull[i])
			return false;
		if (!a->isnull[i] &&
			!DatumGetBool(FunctionCall2Coll(&counted->column[i].equal, C_COLLATION_OID,
											a->value[i], b->value[i])))
			return false;
	}
	return true;
}

#define SH_PREFIX pile
#define SH_ELEMENT_TYPE KeyCount
#define SH_KEY_TYPE Key *
#define SH_KEY key
#define SH_HASH_KEY(table, key) hash_key((table)->private_data, (key))
#define SH_EQUAL(table, a, b) is_same_key((table)->private_data, (a), (b))
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) ((entry)->hash)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Pile
{
	dlist_node	node;
	MemoryContext memory;
	RbacCounted *counted;		/* or of another partition of the same source */
	SubTransactionId subxact;
	pile_hash  *counts;
} Pile;

/* In TopTransactionContext; what was begun last comes first. */
static dlist_head piles = DLIST_STATIC_INIT(piles);

static void end_of_transaction(XactEvent event, void *arg);
static void end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
								  SubTransactionId parent, void *arg);

void
rbac_pile_init(void)
{
	RegisterXactCallback(end_of_transaction, NULL);
	RegisterSubXactCallback(end_of_subtransaction, NULL);
}

static Pile *
find_pile(RbacCounted *counted)
{
	SubTransactionId subxact = GetCurrentSubTransactionId();
	MemoryContext memory;
	Pile	   *pile;
	dlist_iter	iterator;

	dlist_foreach(iterator, &piles)
	{
		pile = dlist_container(Pile, node, iterator.cur);
		if (pile->subxact == subxact &&
			pile->counted->key.summary_id == counted->key.summary_id)
			return pile;
	}
	memory = AllocSetContextCreate(TopTransactionContext, "rbac counted rows", ALLOCSET_DEFAULT_SIZES);
	pile = MemoryContextAlloc(memory, sizeof(Pile));
	pile->memory = memory;
	pile->counted = counted;
	pile->subxact = subxact;
	pile->counts = pile_create(memory, FIRST_SIZE, counted);
	dlist_push_head(&piles, &pile->node);
	return pile;
}

static void
forget_pile(Pile *pile)
{
	dlist_delete(&pile->node);
	MemoryContextDelete(pile->memory);
}

static Key *
copy_key(const RbacCounted *counted, const Key *key, MemoryContext memory)
{
	MemoryContext old = MemoryContextSwitchTo(memory);
	Key		   *copy = palloc(sizeof(Key));

	for (int i = 0; i < counted->nkeys; i++)
	{
		const RbacKeyColumn *column = &counted->column[i];

		copy->isnull[i] = key->isnull[i];
		copy->value[i] = key->isnull[i] ? (Datum) 0
			: datumCopy(key->value[i], column->by_value, column->length);
	}
	MemoryContextSwitchTo(old);
	return copy;
}

static HeapTuple
form_part(const RbacCounted *counted, TupleDesc desc, const KeyCount *entry)
{
	Datum		values[RBAC_MAX_KEY_COLUMNS + 2];
	bool		isnull[RBAC_MAX_KEY_COLUMNS + 2] = {false};

	values[0] = Int32GetDatum(rbac_slot_of(counted, entry->key->value, entry->key->isnull));
	memcpy(values + 1, entry->key->value, sizeof(Datum) * counted->nkeys);
	memcpy(isnull + 1, entry->key->isnull, sizeof(bool) * counted->nkeys);
	values[counted->nkeys + 1] = Int64GetDatum(entry->count);
	return heap_form_tuple(desc, values, isnull);
}

/*
 * Together, so that a page is locked and logged once.  Returns their weight (fold.c).
 */
static double
write_counts(Pile *pile, Relation pending)
{
	TupleTableSlot *parts[PARTS_AT_ONCE];
	TupleDesc	desc = RelationGetDescr(pending);
	CommandId	command = GetCurrentCommandId(true);
	pile_iterator iterator;
	const KeyCount *entry;
	int			nparts = 0;
	int			nslots = 0;
	double		weight = 0;

	pile_start_iterate(pile->counts, &iterator);
	do
	{
		entry = pile_iterate(pile->counts, &iterator);
		if (entry != NULL && entry->count != 0)
		{
			if (nparts == nslots)
				parts[nslots++] = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
			ExecForceStoreHeapTuple(form_part(pile->counted, desc, entry), parts[nparts++], true);
			weight += rbac_fold_weight(pile->counted, rbac_slot_of(pile->counted, entry->key->value, entry->key->isnull));
		}
		if (nparts == PARTS_AT_ONCE || (entry == NULL && nparts > 0))
		{
			heap_multi_insert(pending, parts, nparts, command, 0, NULL);
			nparts = 0;
		}
	} while (entry != NULL);

	for (int i = 0; i < nslots; i++)
		ExecDropSingleTupleTableSlot(parts[i]);
	return weight;
}

/* Write a pile down and forget it.  Returns the weight of the rows. */
static double
write_pile(Pile *pile)
{
	Relation	pending = table_open(pile->counted->pending, RowExclusiveLock);
	double		weight;

	/* it may have been altered since the rows were counted */
	rbac_require_as_made(pending, pile->counted);
	weight = write_counts(pile, pending);

	/* until the transaction ends, nobody drops what it has written to */
	table_close(pending, NoLock);
	forget_pile(pile);
	return weight;
}

static void
read_key(const RbacCounted *counted, TupleTableSlot *row, Key *key)
{
	for (int i = 0; i < counted->nkeys; i++)
		key->value[i] = slot_getattr(row, counted->column[i].number, &key->isnull[i]);
}

/* To the last byte; keys that differ in their bytes alone cancel each other out. */
static bool
is_identical(const RbacCounted *counted, const Key *a, const Key *b)
{
	for (int i = 0; i < counted->nkeys; i++)
	{
		const RbacKeyColumn *column = &counted->column[i];

		if (a->isnull[i] != b->isnull[i] ||
			(!a->isnull[i] && !datum_image_eq(a->value[i], b->value[i], column->by_value, column->length)))
			return false;
	}
	return true;
}

static void
add_key(RbacCounted *counted, Key *key, int64 by)
{
	Pile	   *pile = find_pile(counted);
	KeyCount   *entry;
	bool		found;

	entry = pile_insert(pile->counts, key, &found);
	if (!found)
	{
		entry->count = 0;
		entry->key = copy_key(counted, key, pile->memory);
	}
	entry->count += by;
	if (pile->counts->members > MAX_KEYS)
		(void) write_pile(pile);
}

/* Count a row whose key is in these columns. */
void
rbac_pile_add(RbacCounted *counted, TupleTableSlot *row, const AttrNumber *numbers, int64 by)
{
	Key			key;

	for (int i = 0; i < counted->nkeys; i++)
		key.value[i] = slot_getattr(row, numbers[i], &key.isnull[i]);
	add_key(counted, &key, by);
}

/*
 * _count_row(summary): after a row was written.  One that a subscription's worker
 * writes is a statement of its own, and has no trigger at its end.
 */
Datum
rbac_count_row(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	RbacCounted *counted = rbac_counted(data->tg_relation, rbac_summary_of_trigger(fcinfo));
	Key			key;
	Key			new_key;

	if (!TRIGGER_FIRED_AFTER(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must fire after a row was written", data->tg_trigger->tgname)));

	read_key(counted, data->tg_trigslot, &key);
	if (TRIGGER_FIRED_BY_UPDATE(data->tg_event))
	{
		read_key(counted, data->tg_newslot, &new_key);
		if (is_identical(counted, &key, &new_key))
			return PointerGetDatum(NULL);
		add_key(counted, &new_key, 1);
	}
	add_key(counted, &key, TRIGGER_FIRED_BY_INSERT(data->tg_event) ? 1 : -1);

	if (IsLogicalWorker())
		rbac_pile_write(counted->key.summary_id);
	return PointerGetDatum(NULL);
}

/*
 * Write down what the current subtransaction has counted for a summary.  There may
 * be several piles, of subtransactions that have ended meanwhile.
 */
void
rbac_pile_write(int32 summary_id)
{
	SubTransactionId subxact = GetCurrentSubTransactionId();
	RbacCounted *counted = NULL;
	double		weight = 0;
	dlist_mutable_iter iterator;

	dlist_foreach_modify(iterator, &piles)
	{
		Pile	   *pile = dlist_container(Pile, node, iterator.cur);

		if (pile->subxact == subxact && pile->counted->key.summary_id == summary_id)
		{
			counted = pile->counted;
			weight += write_pile(pile);
		}
	}
	if (counted != NULL)
		rbac_fold_sometimes(counted, weight);
}

/* Forget it, for all rows are being counted anew. */
void
rbac_pile_forget(int32 summary_id)
{
	SubTransactionId subxact = GetCurrentSubTransactionId();
	dlist_mutable_iter iterator;

	dlist_foreach_modify(iterator, &piles)
	{
		Pile	   *pile = dlist_container(Pile, node, iterator.cur);

		if (pile->subxact == subxact && pile->counted->key.summary_id == summary_id)
			forget_pile(pile);
	}
}

/* _write_counted(summary): at the end of a statement. */
Datum
rbac_write_counted(PG_FUNCTION_ARGS)
{
	rbac_pile_write(rbac_summary_of_trigger(fcinfo));
	return PointerGetDatum(NULL);
}

static void
end_of_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			if (dlist_is_empty(&piles))
				break;
			/* for what is stored out of line */
			PushActiveSnapshot(GetTransactionSnapshot());
			while (!dlist_is_empty(&piles))
				(void) write_pile(dlist_head_element(Pile, node, &piles));
			PopActiveSnapshot();
			break;
		default:
			/* their memory goes with the transaction */
			dlist_init(&piles);
			break;
	}
}

static void
end_of_subtransaction(SubXactEvent event, SubTransactionId mine,
					  SubTransactionId parent, void *arg)
{
	dlist_mutable_iter iterator;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	dlist_foreach_modify(iterator, &piles)
	{
		Pile	   *pile = dlist_container(Pile, node, iterator.cur);

		if (pile->subxact != mine)
			continue;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			forget_pile(pile);
		else
			pile->subxact = parent;
	}
}
