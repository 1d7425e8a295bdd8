/*
 * writer.c
 *		Changing subjects in every kind of transaction.
 *
 * Each writer owns the subjects whose number is its own modulo the number of
 * writers, so that the states of each are issued in order.  When the outcome of
 * a transaction is unknown (the connection broke), it reads the tables by plain
 * SQL before it goes on; until then both states are allowed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define SQL_LENGTH 1200

typedef struct Writer
{
	int			number;
	Session		session;
	Session		other;			/* ends what the first one has prepared */
	long		serial;			/* of prepared transactions */
	char		prepared[40];	/* name of the one that may be pending; "" if none */
	bool		to_commit;		/* ... and how it is to end */
} Writer;

/* The statements that put a subject into a state. */
static void
change_sql(Writer *writer, Subject *subject, long state, char *sql)
{
	int			turn = (int) (state % TURNS);
	int			n = subject->number;

	switch (subject->kind)
	{
		case ASSIGNMENT_UPDATED:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.user_roles SET role_id = %d WHERE user_id = '%s'",
					 1000 + turn, subject->user);
			break;
		case ASSIGNMENT_REPLACED:
			if (pick(&writer->session, 2) == 0)
				snprintf(sql, SQL_LENGTH,
						 "DELETE FROM rbac.user_roles WHERE user_id = '%s'; "
						 "INSERT INTO rbac.user_roles (user_id, role_id) VALUES ('%s', %d)",
						 subject->user, subject->user, 1000 + turn);
			else
				snprintf(sql, SQL_LENGTH,
						 "SELECT rbac.revoke_role('%s', role_id, NULL) FROM rbac.user_roles WHERE user_id = '%s'; "
						 "SELECT rbac.grant_role('%s', %d, NULL)",
						 subject->user, subject->user, subject->user, 1000 + turn);
			break;
		case TENANT_ROLE:
		case SHARED_ROLE:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.role_permissions SET permission_id = %d WHERE role_id = %d",
					 1000 + turn, 2000 + n);
			break;
		case INHERITANCE:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.role_inherits SET inherits_role_id = %d WHERE role_id = %d",
					 1000 + turn, 2000 + n);
			break;
		case PERMISSION:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.permission_scopes SET scope_id = %d WHERE permission_id = %d",
					 1000 + turn, 3000 + n);
			break;
		case DEPARTMENT:
			snprintf(sql, SQL_LENGTH,
					 "UPDATE rbac.departments SET parent_id = md5('department %d %d')::uuid WHERE id = '%s'; "
					 "UPDATE rbac.user_roles SET role_id = %d, department_id = md5('department %d %d')::uuid WHERE user_id = '%s'",
					 n, turn, subject->department, 1000 + turn, n, turn, subject->user);
			break;
		case VALIDITY:
			snprintf(sql, SQL_LENGTH,
					 "UPDATE rbac.user_roles SET valid_until = CASE WHEN role_id <> %d THEN timestamptz '2000-01-01' END "
					 "WHERE user_id = '%s'", 1000 + turn, subject->user);
			break;
		case USER_ACTIVE:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.users SET is_active = %s WHERE id = '%s'",
					 state % 2 == 0 ? "true" : "false", subject->user);
			break;
		default:
			snprintf(sql, SQL_LENGTH, "UPDATE rbac.tenants SET is_active = %s WHERE id = '%s'",
					 state % 2 == 0 ? "true" : "false", subject->tenant);
			break;
	}
}

/*
 * Under an old snapshot a table that has just been rewritten by ALTER TABLE is
 * empty; then nothing is changed, and the transaction is of no use.
 */
static bool
change(Writer *writer, Subject *subject, long state)
{
	char		sql[SQL_LENGTH];
	PGresult   *result;
	bool		ok;

	change_sql(writer, subject, state, sql);
	if (is_lost(&writer->session))
		return false;
	result = PQexec(writer->session.conn, sql);
	ok = (PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK) &&
		strcmp(PQcmdStatus(result), "UPDATE 0") != 0;
	PQclear(result);
	return ok;
}

static bool
has_two_states(Subject *subject)
{
	return subject->kind == USER_ACTIVE || subject->kind == TENANT_ACTIVE;
}

/* A state that no one but we may ever see. */
static long
never(Subject *subject, long state)
{
	return has_two_states(subject) ? state + 1 : NEVER(state);
}

/* What this transaction has done must show in it at once (G2). */
static void
check_own(Writer *writer, Subject *subject, long state, const char *how)
{
	Window		window = {state, state};
	bool		held[TURNS] = {false};
	char		sql[SQL_LENGTH];
	PGresult   *result;

	if (subject->department[0])
		snprintf(sql, sizeof(sql),
				 "SELECT i FROM generate_series(0, %d) AS i WHERE rbac.user_has_scope('%s', 'turn:' || i, '%s', '%s')",
				 TURNS - 1, subject->user, subject->tenant, subject->department);
	else
		snprintf(sql, sizeof(sql),
				 "SELECT substr(s, 6) FROM rbac.effective_scopes('%s', '%s') AS s WHERE s LIKE 'turn:%%'",
				 subject->user, subject->tenant);
	result = ask(&writer->session, pick(&writer->session, PROTOCOLS), sql);
	if (result == NULL)
		return;
	for (int i = 0; i < PQntuples(result); i++)
		held[atoi(PQgetvalue(result, i, 0))] = true;
	PQclear(result);
	judge_all(subject, window, held, how);
}

/* The number of a query's only row, or -1. */
static int
number(Session *session, const char *sql)
{
	PGresult   *result = ask(session, 0, sql);
	int			value = -1;

	if (result != NULL && PQntuples(result) == 1)
		value = atoi(PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

/* End what may have been prepared.  True if it is known to be over. */
static bool
end_prepared(Writer *writer)
{
	char		sql[SQL_LENGTH];
	int			pending;

	if (!writer->prepared[0])
		return true;
	if (is_lost(&writer->other) && !reconnect(&writer->other))
		return false;
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM pg_prepared_xacts WHERE gid = '%s'", writer->prepared);
	pending = number(&writer->other, sql);
	if (pending == 1)
	{
		snprintf(sql, sizeof(sql), "%s PREPARED '%s'", writer->to_commit ? "COMMIT" : "ROLLBACK", writer->prepared);
		if (!run(&writer->other, sql))
			return false;
	}
	if (pending >= 0)
		writer->prepared[0] = '\0';
	return pending >= 0;
}

/* A transaction broke: find out in which state its subject is. */
static void
learn(Writer *writer, Subject *subject)
{
	long		known = atomic_load(&subject->acknowledged);
	char		sql[SQL_LENGTH];

	snprintf(sql, sizeof(sql), "SELECT stress.truth(%d)", subject->number);
	while (!atomic_load(&is_over))
	{
		int			turn;

		if (is_lost(&writer->session) && !reconnect(&writer->session))
			return;
		(void) run(&writer->session, "ROLLBACK");
		if (!end_prepared(writer))
			continue;
		turn = number(&writer->session, sql);
		if (turn < 0)
			continue;
		if (turn == (known + 1) % (has_two_states(subject) ? 2 : TURNS))
			atomic_store(&subject->acknowledged, known + 1);
		return;
	}
}

static void
issue(Subject *subject, long state)
{
	if (atomic_load(&subject->issued) < state)
		atomic_store(&subject->issued, state);
}

/*
 * While anything is prepared, nobody shares anything.  So that both is tried, all
 * writers prepare in one second of four, and none does in the others.
 */
static bool
is_time_to_prepare(Session *session)
{
	return time(NULL) % 4 == 0 && pick(session, 2) == 0;
}

/* A transaction that commits, or is meant to.  False if it did not, for all we know. */
static bool
commit_change(Writer *writer, Subject *subject, long next)
{
	Session    *session = &writer->session;
	char		sql[SQL_LENGTH];
	char		both[SQL_LENGTH + 80];

	switch (pick(session, is_time_to_prepare(session) ? 6 : 5))
	{
		case 0:					/* one message, one transaction */
			change_sql(writer, subject, next, sql);
			issue(subject, next);
			return run(session, sql);
		case 1:					/* the same, with more around it */
			change_sql(writer, subject, next, sql);
			snprintf(both, sizeof(both), "SELECT 1; %s; SELECT 2", sql);
			issue(subject, next);
			return run(session, both);
		case 2:					/* a block with pauses */
			if (!run(session, subject->kind == ASSIGNMENT_REPLACED || subject->kind == DEPARTMENT || pick(session, 2)
					 ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ") ||
				!change(writer, subject, next))
				return false;
			check_own(writer, subject, next, "own change");
			/* many messages that go out before ours make the gap before them wide */
			if (pick(session, 8) == 0 &&
				!run(session, "DO $$ BEGIN EXECUTE (SELECT format('CREATE TEMP TABLE wide (%s) ON COMMIT DROP', "
					 "string_agg('c' || n || ' int', ', ')) FROM generate_series(1, 1000) AS n); END $$"))
				return false;
			nap(session, 2000);
			issue(subject, next);
			return run(session, "COMMIT");
		case 3:					/* over a state that is taken back */
			if (!run(session, "BEGIN; SAVEPOINT s") ||
				!change(writer, subject, never(subject, next - 1)))
				return false;
			check_own(writer, subject, never(subject, next - 1), "own change in a savepoint");
			if (!run(session, "ROLLBACK TO s"))
				return false;
			check_own(writer, subject, next - 1, "after ROLLBACK TO");
			atomic_fetch_add(&tally.rollbacks, 1);
			if (!change(writer, subject, next) || !run(session, "RELEASE s"))
				return false;
			check_own(writer, subject, next, "after RELEASE");
			issue(subject, next);
			return run(session, "COMMIT");
		case 4:					/* by extended protocol, ending in deferred triggers */
			if (!run(session, "BEGIN"))
				return false;
			if (subject->kind == ASSIGNMENT_REPLACED || subject->kind == DEPARTMENT)
			{
				if (!change(writer, subject, next))
					return false;
			}
			else
			{
				PGresult   *result;
				bool		ok;

				change_sql(writer, subject, next, sql);
				result = PQexecParams(session->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
				ok = PQresultStatus(result) == PGRES_COMMAND_OK;
				PQclear(result);
				if (!ok)
					return false;
			}
			issue(subject, next);
			return run(session, "COMMIT");
		default:				/* prepared here, committed there */
			if (!run(session, "BEGIN") || !change(writer, subject, next))
				return false;
			snprintf(writer->prepared, sizeof(writer->prepared), "w%d-%ld", writer->number, ++writer->serial);
			writer->to_commit = true;
			snprintf(sql, sizeof(sql), "PREPARE TRANSACTION '%s'", writer->prepared);
			if (!run(session, sql))
			{
				/* if it is there all the same, it will be committed */
				issue(subject, next);
				return false;
			}
			nap(session, 5000);
			issue(subject, next);
			snprintf(sql, sizeof(sql), "COMMIT PREPARED '%s'", writer->prepared);
			if (is_lost(&writer->other) || !run(&writer->other, sql))
				return false;
			writer->prepared[0] = '\0';
			atomic_fetch_add(&tally.prepared, 1);
			return true;
	}
}

/* A transaction that is not to be seen by anybody. */
static bool
take_back(Writer *writer, Subject *subject, long now)
{
	Session    *session = &writer->session;
	char		sql[SQL_LENGTH];

	if (!run(session, "BEGIN") || !change(writer, subject, never(subject, now)))
		return false;
	check_own(writer, subject, never(subject, now), "own change before ROLLBACK");
	nap(session, 2000);
	switch (pick(session, is_time_to_prepare(session) ? 3 : 2))
	{
		case 0:
			return run(session, "ROLLBACK");
		case 1:
			return reconnect(session);
		default:
			snprintf(writer->prepared, sizeof(writer->prepared), "w%d-%ld", writer->number, ++writer->serial);
			writer->to_commit = false;
			snprintf(sql, sizeof(sql), "PREPARE TRANSACTION '%s'", writer->prepared);
			if (!run(session, sql))
				return false;
			nap(session, 5000);
			return end_prepared(writer);
	}
}

void *
write_subjects(void *argument)
{
	Writer		writer = {.number = (int) (long) argument};
	Session    *session = &writer.session;

	open_session(session, options.write_to, options.seed + 100 + writer.number);
	open_session(&writer.other, options.write_to, options.seed + 200 + writer.number);
	while (!atomic_load(&is_over))
	{
		Subject    *subject = &subjects[(pick(session, SUBJECTS) / options.writers) * options.writers + writer.number];
		long		now;
		bool		ok;

		if (subject >= subjects + SUBJECTS)
			continue;
		/* what concerns everybody, rarely: or nobody would ever know anything */
		if ((subject->kind == SHARED_ROLE || subject->kind == PERMISSION || subject->kind == INHERITANCE) &&
			pick(session, 20) != 0)
			continue;

		now = atomic_load(&subject->acknowledged);
		if (pick(session, 4) == 0)
		{
			ok = take_back(&writer, subject, now);
			atomic_fetch_add(&tally.rollbacks, 1);
		}
		else
		{
			ok = commit_change(&writer, subject, now + 1);
			if (ok)
			{
				atomic_store(&subject->acknowledged, now + 1);
				atomic_fetch_add(&tally.changes, 1);
			}
		}
		if (!ok)
			learn(&writer, subject);
		nap(session, 4000);
	}
	/* nothing of ours may stay prepared */
	for (int tries = 0; tries < 100 && !end_prepared(&writer); tries++)
		usleep(50000);
	close_session(&writer.other);
	close_session(session);
	return NULL;
}
