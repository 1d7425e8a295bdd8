/*
 * in_transaction.c
 *		Who is asking until the transaction ends: notes in its own memory.
 *
 * They follow savepoints as settings do: what is noted after a savepoint goes when
 * that is rolled back to, and stays when it is released.  Which notes count, if any,
 * is for the setting to say, by their mark (setting.c): marks grow, and the setting
 * only ever goes back to smaller ones.
 *
 * With the transaction all of them go, whatever way it ends.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/memutils.h"

#include "identity/in_transaction.h"
#include "identity/setting.h"

typedef struct Note
{
	struct Note *below;
	uint64		mark;
	int			level;			/* how deep in savepoints; never less than below */
	RbacIdentity *identity;		/* NULL: nobody */
} Note;

static Note *top = NULL;

static void
drop_note(Note **place)
{
	Note	   *note = *place;

	*place = note->below;
	if (note->identity != NULL)
		pfree(note->identity);
	pfree(note);
}

static bool
merges_with(const Note *note, const Note *below)
{
	return below != NULL && below->level == note->level && below->mark == note->mark;
}

/* From here on, at this depth of savepoints. */
void
rbac_note_identity(uint64 mark, const RbacIdentity *identity)
{
	Note	   *note = MemoryContextAllocZero(TopTransactionContext, sizeof(Note));

	note->below = top;
	note->mark = mark;
	note->level = GetCurrentTransactionNestLevel();
	if (identity != NULL)
	{
		Size		size = rbac_identity_size(identity);

		note->identity = MemoryContextAlloc(TopTransactionContext, size);
		memcpy(note->identity, identity, size);
	}
	top = note;
	if (merges_with(note, note->below))
		drop_note(&note->below);
}

/* NULL: nobody. */
const RbacIdentity *
rbac_noted_identity(uint64 mark)
{
	for (const Note *note = top; note != NULL && note->mark >= mark; note = note->below)
	{
		if (note->mark == mark)
			return note->identity;
	}
	return NULL;
}

/* The setting has gone back to this mark: nobody will ask for greater ones again. */
void
rbac_forget_notes_after(uint64 mark)
{
	while (top != NULL && top->mark > mark)
		drop_note(&top);
}

static void
subtransaction_ends(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();

	if (top == NULL || top->level < level)
		return;
	if (event == SUBXACT_EVENT_ABORT_SUB)
	{
		while (top != NULL && top->level >= level)
			drop_note(&top);
		rbac_identity_settle();
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
	{
		for (Note *note = top; note != NULL && note->level >= level; note = note->below)
		{
			note->level = level - 1;
			if (merges_with(note, note->below))
				drop_note(&note->below);
		}
	}
}

/* The memory goes with the transaction. */
static void
transaction_ends(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
		case XACT_EVENT_PARALLEL_COMMIT:
		case XACT_EVENT_PARALLEL_ABORT:
			if (top != NULL)
			{
				top = NULL;
				rbac_identity_settle();
			}
			break;
		default:
			break;
	}
}

void
rbac_identity_in_transaction_init(void)
{
	RegisterXactCallback(transaction_ends, NULL);
	RegisterSubXactCallback(subtransaction_ends, NULL);
}
