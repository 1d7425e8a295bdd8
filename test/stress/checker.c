/*
 * checker.c
 *		Asking about subjects in every way there is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stress.h"

#define SQL_LENGTH 1000

/* The ways to ask about all turns in one statement. */
typedef enum Way
{
	EFFECTIVE_SCOPES,			/* one decision */
	USER_HAS_SCOPE,				/* a decision for each turn */
	HAS_SCOPE,					/* the same, by an identity */
	HAS_SCOPE_IN_TENANT,
	IN_PLPGSQL,
	IN_WORKERS,
	TENANTS_WITH_SCOPE,
	HAS_ANY_SCOPE,
	ALWAYS,						/* one decision, whose answer never changes */
	WAYS
} Way;

static const char *const names[WAYS] = {
	"effective_scopes", "user_has_scope", "has_scope", "has_scope in tenant", "plpgsql",
	"parallel workers", "tenants_with_scope", "has_any_scope",
	"always"
};

/* Does a way need somebody to be asking? */
static bool
needs_identity(Way way)
{
	return way == HAS_SCOPE || way == HAS_SCOPE_IN_TENANT || way == TENANTS_WITH_SCOPE || way == HAS_ANY_SCOPE;
}

/* Rows of a turn and whether it is held, but for the two ways that say less. */
static void
question_sql(Way way, Subject *subject, char *sql)
{
	const char *u = subject->user;
	const char *t = subject->tenant;

	if (way == ALWAYS)
	{
		snprintf(sql, SQL_LENGTH, "SELECT rbac.user_has_scope('%s', 'always', '%s'%s%s%s)", u, t,
				 subject->department[0] ? ", '" : "", subject->department, subject->department[0] ? "'" : "");
		return;
	}
	if (subject->department[0])
	{
		if (needs_identity(way))
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, rbac.has_scope('turn:' || i, '%s', '%s') FROM generate_series(0, %d) AS i",
					 t, subject->department, TURNS - 1);
		else
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, rbac.user_has_scope('%s', 'turn:' || i, '%s', '%s') FROM generate_series(0, %d) AS i",
					 u, t, subject->department, TURNS - 1);
		return;
	}
	switch (way)
	{
		case EFFECTIVE_SCOPES:
			snprintf(sql, SQL_LENGTH,
					 "SELECT substr(s, 6), true FROM rbac.effective_scopes('%s', '%s') AS s WHERE s LIKE 'turn:%%'", u, t);
			break;
		case USER_HAS_SCOPE:
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, rbac.user_has_scope('%s', 'turn:' || i, '%s') FROM generate_series(0, %d) AS i",
					 u, t, TURNS - 1);
			break;
		case HAS_SCOPE:
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, rbac.has_scope('turn:' || i) FROM generate_series(0, %d) AS i", TURNS - 1);
			break;
		case HAS_SCOPE_IN_TENANT:
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, rbac.has_scope('turn:' || i, '%s') FROM generate_series(0, %d) AS i", t, TURNS - 1);
			break;
		case IN_PLPGSQL:
			snprintf(sql, SQL_LENGTH,
					 "SELECT i - 1, answer FROM unnest(stress.ask_in_plpgsql('%s', '%s')) WITH ORDINALITY AS a (answer, i)",
					 u, t);
			break;
		case IN_WORKERS:
			snprintf(sql, SQL_LENGTH,
					 "SELECT DISTINCT turn, held FROM (SELECT turn, rbac.user_has_scope('%s', 'turn:' || turn, '%s') AS held FROM stress.turns OFFSET 0) AS asked",
					 u, t);
			break;
		case TENANTS_WITH_SCOPE:
			snprintf(sql, SQL_LENGTH,
					 "SELECT i, '%s' = ANY (rbac.tenants_with_scope('turn:' || i)) FROM generate_series(0, %d) AS i",
					 t, TURNS - 1);
			break;
		default:
			snprintf(sql, SQL_LENGTH,
					 "SELECT rbac.has_any_scope(a), rbac.has_all_scopes(a[1:2]) FROM (SELECT array_agg('turn:' || i) FROM generate_series(0, %d) AS i) AS x (a)",
					 TURNS - 1);
			break;
	}
}

/* One of all is held, and never two: whatever the state, but for the active ones. */
static void
judge_any(Subject *subject, Window window, PGresult *result)
{
	bool		any = PQgetvalue(result, 0, 0)[0] == 't';
	bool		two = PQgetvalue(result, 0, 1)[0] == 't';

	if (subject->kind == USER_ACTIVE || subject->kind == TENANT_ACTIVE)
	{
		judge_one(subject, window, 0, any, "has_any_scope");
		return;
	}
	atomic_fetch_add(&tally.checks, 1);
	if (!any || two)
		violation(subject, window, "has_any_scope", any ? "two are held" : "none is held");
}

static void
judge_always(Subject *subject, Window window, PGresult *result)
{
	/* a permission of its own carries one scope only */
	if (subject->kind == USER_ACTIVE || subject->kind == TENANT_ACTIVE ||
		subject->kind == PERMISSION || subject->kind == TENANT_ROLE || subject->kind == SHARED_ROLE)
		return;
	atomic_fetch_add(&tally.checks, 1);
	if (PQgetvalue(result, 0, 0)[0] != 't')
		violation(subject, window, "always", "not held");
}

static void
judge(Way way, Subject *subject, Window window, PGresult *result)
{
	if (way == ALWAYS)
		judge_always(subject, window, result);
	else if (way == HAS_ANY_SCOPE && !subject->department[0])
		judge_any(subject, window, result);
	else if (way == EFFECTIVE_SCOPES && !subject->department[0])
	{
		bool		held[TURNS] = {false};

		for (int i = 0; i < PQntuples(result); i++)
			held[atoi(PQgetvalue(result, i, 0))] = true;
		judge_all(subject, window, held, names[way]);
	}
	else
	{
		for (int i = 0; i < PQntuples(result); i++)
			judge_one(subject, window, atoi(PQgetvalue(result, i, 0)),
					  PQgetvalue(result, i, 1)[0] == 't', names[way]);
	}
}

/* Who is asking.  For the transaction, or for the session. */
static bool
identify(Session *session, Subject *subject)
{
	char		sql[SQL_LENGTH];

	snprintf(sql, sizeof(sql), "SELECT rbac.set_identity('%s', '%s', local => %s)",
			 subject->user, subject->tenant, pick(session, 2) ? "true" : "false");
	return run(session, sql);
}

void *
check_subjects(void *argument)
{
	Session		session;

	open_session(&session, options.ask_at, options.seed + 300 + (int) (long) argument);
	while (!atomic_load(&is_over))
	{
		static const char *const begins[] = {
			"BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
			"BEGIN ISOLATION LEVEL SERIALIZABLE", "BEGIN; SAVEPOINT s"
		};
		Subject    *subject = &subjects[pick(&session, SUBJECTS)];
		int			questions = 1 + pick(&session, pick(&session, 10) == 0 ? 40 : 4);
		bool		ok = true;

		/* a new connection for one question, or the same for some in a block */
		if (is_lost(&session) || pick(&session, 30) == 0)
			(void) reconnect(&session);
		ok = run(&session, begins[pick(&session, 4)]) ||
			(run(&session, "ROLLBACK") && run(&session, "BEGIN"));	/* no SERIALIZABLE on standbys */
		if (ok && pick(&session, 8) == 0)
			ok = run(&session, "SET LOCAL force_parallel_mode = on; SET LOCAL min_parallel_table_scan_size = 0; "
					 "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0") ||
				(run(&session, "ROLLBACK") && run(&session, "BEGIN"));
		ok = ok && identify(&session, subject);
		while (ok && questions-- > 0 && !atomic_load(&is_over))
		{
			Way			way = pick(&session, WAYS);
			char		sql[SQL_LENGTH];
			PGresult   *result;
			Window		window;

			question_sql(way, subject, sql);
			window = window_before(subject);
			result = ask(&session, pick(&session, PROTOCOLS), sql);
			window_after(subject, &window);
			ok = result != NULL;
			if (ok)
				judge(way, subject, window, result);
			PQclear(result);
			nap(&session, 1000);
		}
		if (!run(&session, "COMMIT"))
			(void) run(&session, "ROLLBACK");
		(void) run(&session, "SELECT rbac.clear_identity()");
	}
	close_session(&session);
	return NULL;
}
