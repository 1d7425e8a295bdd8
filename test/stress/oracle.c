/*
 * oracle.c
 *		Which answers are right?
 */
#include <stdio.h>

#include "stress.h"

#define REPORTED 20

/* Before a question is sent. */
Window
window_before(Subject *subject)
{
	Window		window = {atomic_load(&subject->acknowledged), 0};

	return window;
}

/* After its answer has come. */
void
window_after(Subject *subject, Window *window)
{
	window->to = atomic_load(&subject->issued);
}

void
violation(Subject *subject, Window window, const char *how, const char *answer)
{
	static const char *const kinds[KINDS] = {
		"assignment updated", "assignment replaced", "tenant role", "shared role", "inheritance",
		"permission", "department", "validity", "user active", "tenant active"
	};

	if (atomic_fetch_add(&tally.violations, 1) < REPORTED)
		printf("# violation: %s (%s, subject %d) at state %ld to %ld (turn %ld to %ld): %s\n",
			   how, kinds[subject->kind], subject->number, window.from, window.to,
			   window.from % TURNS, window.to % TURNS, answer);
	fflush(stdout);
	if (options.until_violation)
		atomic_store(&is_over, true);
}

static bool
holds_in(Subject *subject, long state, int turn)
{
	if (subject->kind == USER_ACTIVE || subject->kind == TENANT_ACTIVE)
		return turn == 0 && state % 2 == 0;
	return state % TURNS == turn;
}

/* Is there a state in the window in which the answer to one question is this? */
void
judge_one(Subject *subject, Window window, int turn, bool held, const char *how)
{
	char		answer[80];

	atomic_fetch_add(&tally.checks, 1);
	for (long state = window.from; state <= window.to; state++)
	{
		if (holds_in(subject, state, turn) == held)
			return;
	}
	snprintf(answer, sizeof(answer), "turn:%d %s", turn, held ? "held" : "not held");
	violation(subject, window, how, answer);
}

/* Is there one in which all answers are these? */
void
judge_all(Subject *subject, Window window, const bool held[TURNS], const char *how)
{
	char		answer[TURNS * 4 + 20] = "held:";
	int			length = 5;

	atomic_fetch_add(&tally.checks, 1);
	if (window.to - window.from >= TURNS / 2)
	{
		atomic_fetch_add(&tally.undecidable, 1);
		return;
	}
	for (long state = window.from; state <= window.to; state++)
	{
		int			turn;

		for (turn = 0; turn < TURNS && holds_in(subject, state, turn) == held[turn]; turn++);
		if (turn == TURNS)
			return;
	}
	for (int turn = 0; turn < TURNS; turn++)
	{
		if (held[turn])
			length += snprintf(answer + length, sizeof(answer) - length, " %d", turn);
	}
	violation(subject, window, how, answer);
}
