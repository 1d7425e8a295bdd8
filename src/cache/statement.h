/*
 * statement.h
 *		Which statement is this?  For what is good for one statement.
 *
 * A statement is told from the next by the time of the client's message, and,
 * within what one message runs, by its snapshot.  Where a transaction has one
 * snapshot for all its statements, it is not told from others.
 */
#ifndef RBAC_STATEMENT_H
#define RBAC_STATEMENT_H

#include "access/xact.h"
#include "utils/snapmgr.h"

#include "cache/age.h"

typedef struct RbacStatement
{
	bool		is_known;
	TimestampTz began_at;
	SnapshotAge age;
} RbacStatement;

static inline void
rbac_statement_note(RbacStatement *statement)
{
	statement->is_known = ActiveSnapshotSet() && !IsolationUsesXactSnapshot();
	if (statement->is_known)
	{
		statement->began_at = GetCurrentStatementStartTimestamp();
		statement->age = snapshot_age(GetActiveSnapshot());
	}
}

static inline bool
rbac_statement_is_current(const RbacStatement *statement)
{
	return statement->is_known &&
		statement->began_at == GetCurrentStatementStartTimestamp() &&
		!IsolationUsesXactSnapshot() && ActiveSnapshotSet() &&
		has_age(GetActiveSnapshot(), &statement->age);
}

#endif							/* RBAC_STATEMENT_H */
