/*
 * attempt.c
 *		A decision, begun again as often as things change under it.
 *
 * What a decision finds must belong to one moment.  An attempt notes the
 * version words of all that it uses.  If in the end each still has the value
 * that belongs to what was used, then all of it was true at once; what is known
 * to be true of one reader's snapshot only must then be of one and the same.
 *
 * The first attempt takes what is kept, by this backend or by all, and loads
 * what is not.  (Where triggers do not stand, nothing is kept, and changes go
 * unannounced: then it reads by one snapshot as well.)  If it does not stand, the next one reads by one snapshot, which
 * is only disturbed by changes that matter.  The last one uses nothing of what
 * was there before: all that it finds comes from its one snapshot, so it stands
 * whatever happened meanwhile.  So a decision always ends, and is never refused
 * for being disturbed.  (Like any query it waits for DDL that has locked a table
 * that it must read; and where that DDL waits for it in turn, PostgreSQL ends
 * one of the two.)
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "cache/attempt.h"
#include "cache/cache.h"
#include "cache/signal.h"
#include "cache/testing.h"

#define MAX_ATTEMPTS 10

typedef struct Reliance
{
	const pg_atomic_uint64 *word;
	uint64		value;
} Reliance;

/* Most decisions rely on three words; what is relied on again tends to come soon. */
#define FIRST_CAPACITY	32
#define LOOK_BACK		4

static Reliance first_reliances[FIRST_CAPACITY];
static Reliance *reliances = first_reliances;
static int	nreliances = 0;
static int	capacity = FIRST_CAPACITY;

/* The reader whose snapshot the unproven is true of; 0 if all is proven. */
static uint64 relied_reader = 0;

/* What was found does not belong to one moment, for all we know. */
static bool is_mixed = false;

void
rbac_relies_on_nothing(void)
{
	nreliances = 0;
	relied_reader = 0;
	is_mixed = false;
}

static void
add_reliance(const pg_atomic_uint64 *word, uint64 value)
{
	if (word == &rbac_constant_word)
		return;
	for (int i = Max(nreliances - LOOK_BACK, 0); i < nreliances; i++)
	{
		if (reliances[i].word == word && reliances[i].value == value)
			return;
	}
	if (nreliances == capacity)
	{
		Size		size = sizeof(Reliance) * capacity;

		if (reliances == first_reliances)
		{
			reliances = MemoryContextAlloc(TopMemoryContext, 2 * size);
			memcpy(reliances, first_reliances, size);
		}
		else
			reliances = repalloc_huge(reliances, 2 * size);
		capacity *= 2;
	}
	reliances[nreliances].word = word;
	reliances[nreliances].value = value;
	nreliances++;
}

void
rbac_rely_on(const RbacKept *kept)
{
	for (int i = 0; i < RBAC_NUM_WORDS; i++)
		add_reliance(kept->proof.word[i], kept->proof.value[i]);
	if (kept->reader == 0)
		return;
	if (relied_reader != 0 && relied_reader != kept->reader)
		is_mixed = true;
	relied_reader = kept->reader;
}

/* Something is used that may be of another moment: do not stand. */
void
rbac_relies_on_too_much(void)
{
	is_mixed = true;
}

static bool
reliances_hold(void)
{
	for (int i = 0; i < nreliances; i++)
	{
		if (rbac_word_value(reliances[i].word) != reliances[i].value)
			return false;
	}
	return !is_mixed;
}

/*
 * Begin an attempt, the first one with *attempt all zeroes.  With needs_reader,
 * attempt->reader is one to read more with.
 */
void
rbac_attempt_begin(RbacAttempt *attempt, bool needs_reader)
{
	bool		is_last = ++attempt->number == MAX_ATTEMPTS;

	CHECK_FOR_INTERRUPTS();

	if (is_last)
		rbac_stale = RBAC_EVERYTHING;
	(void) rbac_cache_begin();
	rbac_moment_begin_attempt(attempt->number, is_last);
	/* where nobody tells of changes, nothing but one snapshot is of one moment */
	attempt->reader = needs_reader || attempt->number > 1 || rbac_moment_untrusted()
		? rbac_cache_read_begin() : NULL;
	/* what these two dropped was found before this attempt */
	attempt->epoch = rbac_epoch;
	attempt->lasts_an_epoch = rbac_mode == RBAC_LOCAL;
}

/* Does what was found since rbac_attempt_begin stand?  If not, begin again. */
bool
rbac_attempt_stands(RbacAttempt *attempt)
{
	bool		stands = attempt->number == MAX_ATTEMPTS || RBAC_MUTANT("R8") ||
		(rbac_epoch == attempt->epoch &&
		 (rbac_mode == RBAC_SHARED ? reliances_hold() : !rbac_stale));

	if (attempt->reader)
		rbac_cache_read_end(attempt->reader);
	attempt->reader = NULL;
	if (stands)
		rbac_moment_begin_attempt(0, false);
	return stands;
}
