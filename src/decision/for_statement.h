/*
 * for_statement.h
 *		What is good for one statement.
 *
 * Something that was found by reading the tables may be used again by the same
 * statement, as long as the same identity asks and the transaction has written
 * nothing of ours.  It is then never older than the statement.
 */
#ifndef RBAC_FOR_STATEMENT_H
#define RBAC_FOR_STATEMENT_H

#include "access/xact.h"

#include "cache/cache.h"
#include "identity/identity.h"

typedef struct RbacForStatement
{
	RbacStatement statement;
	CommandId	command;
	uint64		serial;			/* of the identity */
} RbacForStatement;

/* False if nothing can be kept, or the statement cannot be told from the next one. */
static inline bool
rbac_for_statement_note(RbacForStatement *what)
{
	rbac_statement_note(&what->statement);
	what->command = GetCurrentCommandId(false);
	what->serial = rbac_identity_serial;
	what->statement.is_known = what->statement.is_known && rbac_cache_lasts_a_statement();
	return what->statement.is_known;
}

static inline bool
rbac_for_statement_holds(const RbacForStatement *what)
{
	return what->serial == rbac_identity_serial && rbac_cache_lasts_a_statement() &&
		what->command == GetCurrentCommandId(false) &&
		rbac_statement_is_current(&what->statement);
}

#endif							/* RBAC_FOR_STATEMENT_H */
