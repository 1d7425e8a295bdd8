/*
 * move.c
 *		Rows that an UPDATE moves to another partition.
 *
 * PostgreSQL makes of such an UPDATE a DELETE in one partition and an INSERT into
 * another one, and fires their AFTER triggers one after the other.  It is judged
 * as the UPDATE that it is: the row that went is remembered until the one that
 * came is judged.
 *
 * That a row went by moving, PostgreSQL has written down in it, which nobody can
 * forge.  The row that came is the next one that the same command inserts into
 * another partition of the same table.  (Somebody else's trigger may keep the
 * moved row from coming, and MERGE may insert another one in its place: that is
 * a row that they could have made of the one that went.)  The numbers of commands
 * are never used twice in a transaction, so that whatever triggers do in between
 * is told apart, and what is left behind is met by nothing.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "utils/rel.h"

#include "compat.h"
#include "storage/proc.h"
#include "workflow/move.h"

typedef struct Move
{
	LocalTransactionId transaction;
	CommandId	command;
	Oid			partition;		/* that the row went from */
	RbacTask	before;
} Move;

/* Of commands within commands; who has more of them loses the outermost. */
#define MAX_MOVES 16

static Move moves[MAX_MOVES];
static int	nmoves = 0;

/* After DELETE: has the row gone to another partition? */
bool
rbac_row_is_moving(const TriggerData *data)
{
	return data->tg_trigtuple != NULL &&
		HeapTupleHeaderIndicatesMovedPartitions(data->tg_trigtuple->t_data);
}

/* Forget what another transaction has left, and the last move of the same command. */
static void
forget(CommandId command)
{
	int			kept = 0;

	for (int i = 0; i < nmoves; i++)
	{
		if (moves[i].transaction == rbac_local_transaction() && moves[i].command != command)
			moves[kept++] = moves[i];
	}
	nmoves = kept;
}

/* After DELETE, of a row that is moving. */
void
rbac_move_begins(const TriggerData *data, const RbacTask *before)
{
	CommandId	command = HeapTupleHeaderGetCmax(data->tg_trigtuple->t_data);
	Move	   *move;

	forget(command);
	if (nmoves == MAX_MOVES)
	{
		memmove(&moves[0], &moves[1], sizeof(Move) * (MAX_MOVES - 1));
		nmoves--;
	}
	move = &moves[nmoves++];
	move->transaction = rbac_local_transaction();
	move->command = command;
	move->partition = RelationGetRelid(data->tg_relation);
	move->before = *before;
}

static Oid
root_of(Oid partition)
{
	List	   *ancestors = get_partition_ancestors(partition);

	return ancestors == NIL ? partition : llast_oid(ancestors);
}

/* After INSERT: was the row elsewhere before, and what was it there? */
bool
rbac_move_ends(const TriggerData *data, RbacTask *before)
{
	Oid			partition = RelationGetRelid(data->tg_relation);
	CommandId	command;

	if (nmoves == 0 || !data->tg_relation->rd_rel->relispartition)
		return false;
	/* a row that is not stored here (a foreign table's) was made by nobody we know */
	if (!TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(data->tg_trigtuple->t_data)))
		return false;
	command = HeapTupleHeaderGetCmin(data->tg_trigtuple->t_data);
	for (int i = 0; i < nmoves; i++)
	{
		if (moves[i].transaction == rbac_local_transaction() && moves[i].command == command &&
			moves[i].partition != partition && root_of(moves[i].partition) == root_of(partition))
		{
			*before = moves[i].before;
			forget(command);
			return true;
		}
	}
	return false;
}
