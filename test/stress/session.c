/*
 * session.c
 *		A connection that comes back, and ways to send a statement.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stress.h"

int
pick(Session *session, int below)
{
	return rand_r(&session->random) % below;
}

/* Up to that long, and mostly much less. */
void
nap(Session *session, int microseconds)
{
	usleep(pick(session, pick(session, microseconds) + 1));
}

/* Connect, as often as it takes.  False if time is over. */
bool
reconnect(Session *session)
{
	if (session->conn)
		PQfinish(session->conn);
	session->conn = NULL;
	while (!atomic_load(&is_over))
	{
		session->conn = PQconnectdb(session->where);
		if (PQstatus(session->conn) == CONNECTION_OK)
		{
			PQclear(PQexec(session->conn, "SET statement_timeout = '20s'; SET client_min_messages = error"));
			return true;
		}
		PQfinish(session->conn);
		session->conn = NULL;
		usleep(50000);
	}
	return false;
}

void
open_session(Session *session, const char *where, unsigned seed)
{
	memset(session, 0, sizeof(*session));
	session->where = where;
	session->random = seed;
	(void) reconnect(session);
}

void
close_session(Session *session)
{
	if (session->conn)
		PQfinish(session->conn);
	session->conn = NULL;
}

bool
is_lost(Session *session)
{
	return session->conn == NULL || PQstatus(session->conn) != CONNECTION_OK;
}

/*
 * Run a statement, or several.  False if it failed, or did something else: what
 * is told to commit, or to prepare, may answer that it has rolled back.
 */
bool
run(Session *session, const char *sql)
{
	PGresult   *result;
	bool		ok;

	if (is_lost(session))
		return false;
	result = PQexec(session->conn, sql);
	ok = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
	if (ok && strcmp(PQcmdStatus(result), "ROLLBACK") == 0 && strncmp(sql, "ROLLBACK", 8) != 0)
		ok = false;
	PQclear(result);
	return ok;
}

/* A question's answer, by one of the PROTOCOLS.  NULL if there is none. */
PGresult *
ask(Session *session, int protocol, const char *sql)
{
	PGresult   *result;

	if (is_lost(session))
		return NULL;
	switch (protocol)
	{
		case 0:
			result = PQexec(session->conn, sql);
			break;
		case 1:
			result = PQexecParams(session->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
			break;
		default:
			result = PQprepare(session->conn, "", sql, 0, NULL);
			if (PQresultStatus(result) == PGRES_COMMAND_OK)
			{
				PQclear(result);
				result = PQexecPrepared(session->conn, "", 0, NULL, NULL, NULL, 0);
			}
	}
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		return result;
	PQclear(result);
	return NULL;
}
