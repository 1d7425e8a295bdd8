/*
 * chaos.c
 *		What happens to a server.
 */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

/* A restart takes a second or two, and is not for whoever looks at the end. */
#define SECONDS_TO_FIRST_CRASH 2
#define SECONDS_TO_CRASH 5
#define SECONDS_AFTER_CRASH 3

/* Some backend of ours: its process id, or 0. */
static int
some_backend(Session *session)
{
	PGresult   *result = ask(session, 0,
							 "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1");
	int			pid = 0;

	if (result != NULL && PQntuples(result) == 1)
		pid = atoi(PQgetvalue(result, 0, 0));
	PQclear(result);
	return pid;
}

/* Triggers that are off for a while: changes are made, and nobody is told. */
static void
switch_off(Session *session)
{
	if (!run(session, "ALTER TABLE rbac.user_roles DISABLE TRIGGER note_row; "
			 "ALTER TABLE rbac.user_roles DISABLE TRIGGER note_statement"))
		return;
	usleep(30000 + pick(session, 70000));
	while (!atomic_load(&is_over) && !run(session, "SELECT rbac.repair()"))
		(void) (is_lost(session) && reconnect(session));
}

void *
disturb(void *unused)
{
	static const char *const upheavals[] = {
		"VACUUM FULL rbac.user_roles",
		"CLUSTER rbac.user_roles USING user_roles_pkey",
		"REINDEX TABLE CONCURRENTLY rbac.user_roles",
		"ALTER TABLE rbac.users ALTER COLUMN phone TYPE text",
		"ALTER TABLE rbac.users ALTER COLUMN phone TYPE varchar(90)",
		"BEGIN; LOCK rbac.user_roles; CREATE TEMP TABLE kept ON COMMIT DROP AS TABLE rbac.user_roles; "
		"TRUNCATE rbac.user_roles; INSERT INTO rbac.user_roles SELECT * FROM kept; COMMIT",
		"ANALYZE rbac.role_permissions",
		"SELECT rbac.cache_reset()"
	};
	Session		session;
	time_t		no_crash_after = time(NULL) + options.seconds - SECONDS_AFTER_CRASH;
	time_t		last_crash = time(NULL) - SECONDS_TO_CRASH + SECONDS_TO_FIRST_CRASH;

	open_session(&session, options.write_to, options.seed + 1);
	while (!atomic_load(&is_over))
	{
		int			what = pick(&session, 24);
		int			pid;

		usleep(20000 + pick(&session, 200000));
		if (is_lost(&session) && !reconnect(&session))
			break;
		if (options.crashes && time(NULL) >= last_crash + SECONDS_TO_CRASH &&
			time(NULL) <= no_crash_after && (pid = some_backend(&session)) != 0)
		{
			(void) kill(pid, SIGKILL);
			atomic_fetch_add(&tally.crashes, 1);
			last_crash = time(NULL);
		}
		else if (what < 8)
		{
			if (!run(&session, upheavals[what]))
				(void) run(&session, "ROLLBACK");
		}
		else if (what < 10)
			switch_off(&session);
		else if ((pid = some_backend(&session)) != 0)
			(void) kill(pid, what < 16 ? SIGINT : SIGTERM);
		atomic_fetch_add(&tally.disturbances, 1);
	}
	/* leave it as it was */
	for (int tries = 0; tries < 100; tries++)
	{
		if (run(&session, "SELECT rbac.repair()"))
			break;
		usleep(50000);
		PQreset(session.conn);
	}
	close_session(&session);
	return unused;
}
