/*
 * stress.h
 *		What the parts of the stress test know of each other.
 *
 * A subject is something that can be asked about, and that one writer changes:
 * its states are numbered, and state n means that of the TURNS scopes turn:0,
 * turn:1, ... exactly turn:(n mod TURNS) is held.  The writer notes the number
 * that it is about to make visible (issued) before it says so to the server, and
 * the number that the server has confirmed (acknowledged) after.  So an answer
 * is right if it belongs to a state between what was acknowledged before it was
 * asked for and what was issued by the time it came.  What is to be rolled back
 * is a state half the way around, which no answer may ever show.
 */
#ifndef STRESS_H
#define STRESS_H

#include <libpq-fe.h>
#include <stdatomic.h>
#include <stdbool.h>

#define TURNS			16
#define NEVER(state)	((state) + TURNS / 2)
#define SUBJECTS_OF_A_KIND 2

typedef enum Kind
{
	ASSIGNMENT_UPDATED,			/* one row of user_roles changes its role */
	ASSIGNMENT_REPLACED,		/* the row for every tenant is deleted, another inserted */
	TENANT_ROLE,				/* a tenant's role changes its permission */
	SHARED_ROLE,				/* a shared role does */
	INHERITANCE,				/* a role inherits another one */
	PERMISSION,					/* a permission carries another scope */
	DEPARTMENT,					/* a department moves, and the assignment with it */
	VALIDITY,					/* all assignments but one are over */
	USER_ACTIVE,				/* even states: active, odd: not */
	TENANT_ACTIVE,
	KINDS
} Kind;

#define SUBJECTS (KINDS * SUBJECTS_OF_A_KIND)

typedef struct Subject
{
	int			number;
	Kind		kind;
	char		user[40];
	char		tenant[40];
	char		department[40]; /* empty: the whole tenant is asked about */
	atomic_long issued;
	atomic_long acknowledged;
} Subject;

typedef struct Options
{
	const char *write_to;		/* connection strings */
	const char *ask_at;
	int			seconds;
	unsigned	seed;
	int			writers;
	int			checkers;
	bool		chaos;			/* terminate, cancel, DDL */
	bool		crashes;		/* kill -9 */
	bool		until_violation;	/* stop at the first one */
} Options;

typedef struct Tally
{
	atomic_long checks;
	atomic_long changes;
	atomic_long rollbacks;
	atomic_long prepared;
	atomic_long disturbances;
	atomic_long crashes;
	atomic_long undecidable;	/* too many changes while one answer took its way */
	atomic_long violations;
} Tally;

extern Options options;
extern Tally tally;
extern Subject subjects[SUBJECTS];
extern atomic_bool is_over;

/* oracle.c */
typedef struct Window
{
	long		from;
	long		to;
} Window;

extern Window window_before(Subject *subject);
extern void window_after(Subject *subject, Window *window);
extern void judge_one(Subject *subject, Window window, int turn, bool held, const char *how);
extern void judge_all(Subject *subject, Window window, const bool held[TURNS], const char *how);
extern void violation(Subject *subject, Window window, const char *how, const char *answer);

/* session.c: a connection that comes back */
typedef struct Session
{
	PGconn	   *conn;
	const char *where;
	unsigned	random;
} Session;

extern void open_session(Session *session, const char *where, unsigned seed);
extern void close_session(Session *session);
extern bool reconnect(Session *session);
extern bool is_lost(Session *session);
extern int	pick(Session *session, int below);
extern bool run(Session *session, const char *sql);
extern PGresult *ask(Session *session, int protocol, const char *sql);
extern void nap(Session *session, int microseconds);

/* Ways to send a statement. */
#define PROTOCOLS	3

/* writer.c, checker.c, chaos.c: one thread each, until is_over */
extern void *write_subjects(void *number);
extern void *check_subjects(void *number);
extern void *disturb(void *unused);

#endif							/* STRESS_H */
