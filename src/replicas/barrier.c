/*
 * barrier.c
 *		Who still acts on what is no longer true?
 *
 * A check that starts after a revoke has committed denies, but a transaction
 * that asked before may still be acting on the answer that it got.  The barrier
 * waits until every transaction of this database that was running when it was
 * called has ended, whether or not it has a snapshot just now, and prepared
 * ones too.  What started later cannot have an older answer.
 *
 * Those who wait at a barrier themselves act on nothing, since a barrier is
 * refused inside a transaction block, so they must not be waited for: two
 * revokers would wait for each other.  Who waits holds a lock that names its
 * transaction, of a kind that SQL cannot take and a standby allows; whoever
 * finds it held counts the transaction as ended.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "storage/procarray.h"

#include "compat.h"
#include "replicas/patience.h"

PG_FUNCTION_INFO_V1(rbac_revoke_barrier);

/* No advisory lock has this kind. */
static LOCKTAG
waiting_tag(VirtualTransactionId transaction)
{
	LOCKTAG		tag = {
		.locktag_field1 = MyDatabaseId,
		.locktag_field2 = (uint32) rbac_vxid_backend(transaction),
		.locktag_field3 = transaction.localTransactionId,
		.locktag_type = LOCKTAG_USERLOCK,
		.locktag_lockmethodid = DEFAULT_LOCKMETHOD
	};

	return tag;
}

static bool
waits_itself(VirtualTransactionId transaction)
{
	LOCKTAG		tag = waiting_tag(transaction);

	if (LockAcquire(&tag, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		return true;
	LockRelease(&tag, ShareLock, false);
	return false;
}

static bool
acts_no_more(VirtualTransactionId transaction)
{
	return VirtualXactLock(transaction, false) || waits_itself(transaction);
}

/* What this very transaction has decided or written would not be over. */
static void
refuse_transaction_block(void)
{
	if (!IsTransactionBlock() && !IsSubTransaction() &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
			 errmsg("rbac.revoke_barrier() cannot run inside a transaction block"),
			 errdetail("What is revoked in a transaction is in force for others only once it has committed."),
			 errhint("Commit the revoke first, then call it as a statement of its own.")));
}

/* revoke_barrier(timeout) */
Datum
rbac_revoke_barrier(PG_FUNCTION_ARGS)
{
	Patience	patience = rbac_patience(fcinfo, 0);
	VirtualTransactionId *running;
	VirtualTransactionId mine;
	LOCKTAG		tag;
	int			nrunning;
	bool		is_over;

	refuse_transaction_block();

	GET_VXID_FROM_PGPROC(mine, *MyProc);
	tag = waiting_tag(mine);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);

	/* vacuum asks nothing */
	running = GetCurrentVirtualXIDs(InvalidTransactionId, false, false,
									PROC_IS_AUTOVACUUM | PROC_IN_VACUUM, &nrunning);
	do
	{
		CHECK_FOR_INTERRUPTS();
		while (nrunning > 0 && acts_no_more(running[nrunning - 1]))
			nrunning--;
		is_over = nrunning == 0;
	} while (!is_over && rbac_pause(&patience));

	LockRelease(&tag, ExclusiveLock, false);
	PG_RETURN_BOOL(is_over);
}
