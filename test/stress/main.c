/*
 * main.c
 *		The stress test: writers, checkers and chaos, for so many seconds.
 *
 * Usage: stress --write-to CONNECTION [--ask-at CONNECTION] [--seconds N]
 *               [--seed N] [--writers N] [--checkers N] [--chaos] [--crashes]
 *               [--until-violation]
 *
 * The database has been made by setup.sql.  Prints violations as they come, and
 * in the end a line of name=value pairs.  Exits with 0 if there were none, 1 if
 * there were, 2 if it could not work.
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

Options		options = {.seconds = 10,.writers = 4,.checkers = 6,.seed = 1};
Tally		tally;
Subject		subjects[SUBJECTS];
atomic_bool is_over;

static void
read_options(int argc, char **argv)
{
	static const struct option known[] = {
		{"write-to", required_argument, NULL, 'w'},
		{"ask-at", required_argument, NULL, 'a'},
		{"seconds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"writers", required_argument, NULL, 'W'},
		{"checkers", required_argument, NULL, 'C'},
		{"chaos", no_argument, NULL, 'c'},
		{"crashes", no_argument, NULL, 'k'},
		{"until-violation", no_argument, NULL, 'u'},
		{0}
	};
	int			option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
	{
		switch (option)
		{
			case 'w':
				options.write_to = optarg;
				break;
			case 'a':
				options.ask_at = optarg;
				break;
			case 's':
				options.seconds = atoi(optarg);
				break;
			case 'r':
				options.seed = (unsigned) atoi(optarg);
				break;
			case 'W':
				options.writers = atoi(optarg);
				break;
			case 'C':
				options.checkers = atoi(optarg);
				break;
			case 'c':
				options.chaos = true;
				break;
			case 'k':
				options.crashes = true;
				break;
			case 'u':
				options.until_violation = true;
				break;
			default:
				exit(2);
		}
	}
	if (options.write_to == NULL || options.writers < 1 || options.checkers < 1)
	{
		fprintf(stderr, "usage: stress --write-to CONNECTION ...\n");
		exit(2);
	}
	if (options.ask_at == NULL)
		options.ask_at = options.write_to;
}

static void
read_subjects(void)
{
	PGconn	   *conn = PQconnectdb(options.write_to);
	PGresult   *result = PQexec(conn, "SELECT number, kind, user_id, tenant_id, department_id, stress.truth(number) FROM stress.subjects ORDER BY number");

	if (PQntuples(result) != SUBJECTS)
	{
		fprintf(stderr, "stress: found %d subjects, not %d: %s\n", PQntuples(result), SUBJECTS, PQerrorMessage(conn));
		exit(2);
	}
	for (int i = 0; i < SUBJECTS; i++)
	{
		subjects[i].number = atoi(PQgetvalue(result, i, 0));
		subjects[i].kind = atoi(PQgetvalue(result, i, 1));
		strncpy(subjects[i].user, PQgetvalue(result, i, 2), sizeof(subjects[i].user) - 1);
		strncpy(subjects[i].tenant, PQgetvalue(result, i, 3), sizeof(subjects[i].tenant) - 1);
		strncpy(subjects[i].department, PQgetvalue(result, i, 4), sizeof(subjects[i].department) - 1);
		atomic_store(&subjects[i].issued, atoi(PQgetvalue(result, i, 5)));
		atomic_store(&subjects[i].acknowledged, atoi(PQgetvalue(result, i, 5)));
	}
	PQclear(result);
	PQfinish(conn);
}

/* Whatever hangs, this ends. */
static void *
watchdog(void *unused)
{
	sleep(options.seconds + 90);
	printf("# the stress test did not end by itself\n");
	fflush(stdout);
	_exit(2);
	return unused;
}

int
main(int argc, char **argv)
{
	pthread_t	threads[100];
	pthread_t	dog;
	int			nthreads = 0;
	time_t		began = time(NULL);

	read_options(argc, argv);
	read_subjects();
	pthread_create(&dog, NULL, watchdog, NULL);
	for (long i = 0; i < options.writers && nthreads < 49; i++)
		pthread_create(&threads[nthreads++], NULL, write_subjects, (void *) i);
	for (long i = 0; i < options.checkers && nthreads < 99; i++)
		pthread_create(&threads[nthreads++], NULL, check_subjects, (void *) i);
	if (options.chaos)
		pthread_create(&threads[nthreads++], NULL, disturb, NULL);

	while (!atomic_load(&is_over) && time(NULL) < began + options.seconds)
		usleep(50000);
	atomic_store(&is_over, true);
	for (int i = 0; i < nthreads; i++)
		pthread_join(threads[i], NULL);

	printf("seed=%u seconds=%ld checks=%ld changes=%ld rollbacks=%ld prepared=%ld disturbances=%ld crashes=%ld undecidable=%ld violations=%ld\n",
		   options.seed, (long) (time(NULL) - began),
		   atomic_load(&tally.checks), atomic_load(&tally.changes), atomic_load(&tally.rollbacks),
		   atomic_load(&tally.prepared), atomic_load(&tally.disturbances), atomic_load(&tally.crashes),
		   atomic_load(&tally.undecidable), atomic_load(&tally.violations));
	return atomic_load(&tally.violations) > 0 ? 1 : 0;
}
