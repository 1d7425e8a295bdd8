/*
 * moment.c
 *		Of which moment is what we know true?
 *
 * There are two ways to know that an answer found before is still right.
 *
 * RBAC_SHARED: version words in shared memory prove it (words.h).  A look at
 * three words says that no change that matters has become visible since the
 * answer was computed, so it is as fresh as a look at the tables, whatever the
 * statement's own snapshot.  An answer that cannot be proven, because somebody
 * was changing what it is about as it was computed, is good for the statement
 * that computed it.
 *
 * RBAC_LOCAL: without shared memory, on a standby, while a prepared transaction
 * may change anything unannounced, and for a transaction that has itself
 * written.  What this backend has kept is all true at one moment; every
 * decision moves that moment forward, past the statement's snapshot, by taking
 * in the invalidation messages.  If it cannot tell, it drops what it has.  So
 * that an answer never mixes two states, every load makes sure, after taking
 * its snapshot, that what is kept from before is true of that snapshot as well.
 *
 * Which of the two holds is settled anew as each decision begins.  What was
 * kept in one is not used in the other.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/transam.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "replication/logicalworker.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "cache/age.h"
#include "cache/attempt.h"
#include "cache/counters.h"
#include "cache/local.h"
#include "cache/moment.h"
#include "cache/shared.h"
#include "cache/signal.h"
#include "cache/statement.h"
#include "cache/testing.h"

RbacMode	rbac_mode = RBAC_LOCAL;

/* Changes whenever something that was known may no longer be used. */
uint64		rbac_epoch = 1;

/* Our database's; NULL without shared memory. */
static const pg_atomic_uint64 *global_word = NULL;

/* The triggers were found not to stand as they should: see look_at_messages. */
static bool is_untrusted = false;

/* RBAC_LOCAL: what is kept is true of a snapshot of this age. */
static SnapshotAge true_as_of;

/* The command in which a writing transaction read what is kept. */
static CommandId read_in_command;

/* RBAC_LOCAL: the one in which the last decision began. */
static RbacStatement last_statement;

/* The one that has taken the readers of these numbers and later. */
static RbacStatement reading_statement;
static uint64 first_reader_of_statement;

static uint64 last_reader = 0;
static uint64 first_reader_of_decision;

/*
 * While a reader is open, further readers of the same decision read by its
 * snapshot, so that a decision that reads much ends also when transactions
 * commit all the time.  But not in a first attempt with shared answers: what
 * is loaded by a snapshot of its own can be proven, and kept for the second.
 */
static RbacReader *outer_reader = NULL;
static uint64 outer_number;
static uint64 outer_global;		/* the global word before its snapshot */

static int	attempt_number = 0;
static bool is_last_attempt = false;

/*
 * Does this backend see what nobody else does, without having been told?  The
 * workers of a writing leader see what it has not committed; and whoever applies
 * what another server has done fires no triggers for statements.
 */
static inline bool
is_apart(void)
{
	return ((IsParallelWorker() && TransactionIdIsValid(GetTopTransactionIdIfAny())) ||
			IsLogicalWorker() || SessionReplicationRole == SESSION_REPLICATION_ROLE_REPLICA) &&
		!RBAC_MUTANT("R2");
}

/* Once over, recovery does not come back. */
static inline bool
is_in_recovery(void)
{
	static bool is_over = false;

	if (unlikely(!is_over))
		is_over = !RecoveryInProgress();
	return !is_over;
}

static inline bool
is_unknown(void)
{
	return (rbac_word_value(global_word) & RBAC_WORD_UNKNOWN) != 0 && !RBAC_MUTANT("R1-unknown");
}

static inline bool
may_share(void)
{
	if (unlikely(global_word == NULL))
	{
		if (!rbac_shared_exists() || !OidIsValid(MyDatabaseId))
			return false;
		global_word = rbac_slot_word(rbac_global_slot(MyDatabaseId));
		rbac_counters_begin();
	}
	return !rbac_written && !is_untrusted && !is_unknown() && !is_in_recovery() && !is_apart();
}

/* May rbac_cache_glance be asked? */
pg_attribute_hot bool
rbac_cache_may_glance(void)
{
	return may_share();
}

/* Why not?  In the order in which somebody would want to know. */
const char *
rbac_moment_why_local(void)
{
	if (may_share())
		return NULL;
	if (!rbac_shared_exists())
		return "no_shared_memory";
	if (is_in_recovery())
		return "recovery";
	if (is_untrusted)
		return "unsound";
	if (rbac_written)
		return "own_writes";
	if (is_unknown())
		return "prepared_transaction";
	return "worker";
}

static void
count_bypass(void)
{
	if (!rbac_shared_exists())
		return;
	if (is_in_recovery())
		rbac_counters->bypassed_recovery++;
	else if (is_untrusted)
		rbac_counters->bypassed_unsound++;
	else if (rbac_written)
		rbac_counters->bypassed_own_writes++;
	else if (is_unknown())
		rbac_counters->bypassed_prepared++;
}

static inline void
enter(RbacMode mode)
{
	if (unlikely(rbac_mode != mode))
	{
		rbac_mode = mode;
		rbac_epoch++;
	}
}

/*
 * RBAC_LOCAL: make what is kept true of a snapshot that was taken before this
 * call, but for what messages then say is stale.
 */
static void
catch_up(SnapshotAge age)
{
	if (rbac_signal_quiet())
		AcceptInvalidationMessages();
	else
		rbac_local_drop(RBAC_EVERYTHING);
	true_as_of = age;
}

static void
drop_stale(void)
{
	if (rbac_stale)
	{
		rbac_local_drop(rbac_stale);
		rbac_stale = 0;
	}
}

/* RBAC_LOCAL: move the moment of what is kept to now. */
static void
begin_local(void)
{
	/* also within a statement, which may be long and drop much */
	rbac_local_reclaim();

	/*
	 * Has a decision of this very statement begun already, and is nothing
	 * known to have changed since?  Then there is no need to ask whether
	 * others have changed something: to this statement it would be as if they
	 * had done so later.
	 */
	if (likely(!(rbac_stale | rbac_written) && !rbac_local_is_too_much && rbac_statement_is_current(&last_statement)))
		return;

	count_bypass();
	if (!RBAC_MUTANT("R1-messages"))
		AcceptInvalidationMessages();

	/* Nobody tells us: keep nothing beyond one decision. */
	is_untrusted = !rbac_signal_sound();
	if (unlikely(is_untrusted || rbac_local_is_too_much))
	{
		rbac_stale = RBAC_EVERYTHING;
		rbac_local_is_too_much = false;
	}

	/* They hear nothing of what they see. */
	if (unlikely(is_apart()))
		rbac_written = RBAC_EVERYTHING;

	/*
	 * Own writes show from the next command on; those of a statement that is
	 * still writing, row by row to commands within it.
	 */
	if (unlikely(rbac_written))
	{
		CommandId	command = GetCurrentCommandId(false);

		if ((command != read_in_command || rbac_is_writing()) && !RBAC_MUTANT("R2-command"))
		{
			rbac_stale |= rbac_written;
			read_in_command = command;
		}
	}

	/* An answer must not be older than what the statement itself sees. */
	rbac_statement_note(&last_statement);
	if (likely(ActiveSnapshotSet()))
	{
		SnapshotAge age = snapshot_age(GetActiveSnapshot());

		if (unlikely(is_newer(age, true_as_of)) && !RBAC_MUTANT("S-age"))
			catch_up(age);
	}
	if (is_untrusted)
		last_statement.is_known = false;

	drop_stale();
}

/*
 * Start a decision.  Returns the epoch, which stays the same as long as
 * nothing that was kept has become useless.
 */
uint64
rbac_cache_begin(void)
{
	outer_reader = NULL;		/* an error may have left it */
	attempt_number = 0;
	is_last_attempt = false;
	first_reader_of_decision = last_reader + 1;
	rbac_relies_on_nothing();

	if (unlikely(!may_share()))
	{
		enter(RBAC_LOCAL);
		begin_local();
		/* unless that has found that what was in the way is over */
		if (!may_share())
			return rbac_epoch;
	}
	enter(RBAC_SHARED);
	rbac_local_reclaim();
	if (unlikely(rbac_local_is_too_much))
	{
		rbac_local_drop(RBAC_EVERYTHING);
		rbac_local_is_too_much = false;
	}
	return rbac_epoch;
}

/* After rbac_cache_begin: this is the so-manieth attempt of a decision; 0: it is over. */
void
rbac_moment_begin_attempt(int number, bool is_last)
{
	attempt_number = number;
	is_last_attempt = is_last;
}

/* Number a reader whose findings are not proven. */
static uint64
number_reader(void)
{
	last_reader++;
	if (!rbac_statement_is_current(&reading_statement))
	{
		rbac_statement_note(&reading_statement);
		first_reader_of_statement = last_reader;
	}
	return last_reader;
}

/*
 * RBAC_SHARED, after the words were read: take in what DDL had to tell by then.
 * If triggers of ours are not there to move the words, nothing can be proven;
 * the decision starts again, without.
 */
static bool
look_at_messages(void)
{
	/* the words must have been read before the snapshot is taken */
	pg_memory_barrier();
	RBAC_RACE();
	AcceptInvalidationMessages();
	if (likely(rbac_signal_sound() || RBAC_MUTANT("R5-triggers")))
		return true;
	is_untrusted = true;
	rbac_epoch++;
	return false;
}

/*
 * A reader within a decision.  To be ended by rbac_cache_read_end.
 *
 * RBAC_LOCAL: what is kept is true of its snapshot.  What this reader finds, or
 * one within it, may be older than a message that has come since its snapshot
 * was taken; that message stays raised until the next attempt, which drops what
 * was found.
 */
RbacReader *
rbac_cache_read_begin(void)
{
	if (outer_reader != NULL)
		return rbac_read_begin_at(rbac_reader_snapshot(outer_reader));

	if (rbac_mode == RBAC_SHARED)
	{
		RbacKept	kept;

		rbac_words_watch(&kept.proof, NULL, NULL);
		outer_global = kept.proof.value[RBAC_GLOBAL];
		(void) look_at_messages();
		kept.reader = outer_number = number_reader();
		rbac_rely_on(&kept);
	}
	else
	{
		AcceptInvalidationMessages();
		drop_stale();
	}

	/* the last attempt stands whatever happens, TRUNCATE included */
	outer_reader = is_last_attempt ? rbac_read_begin() : rbac_read_begin_lazily();

	if (rbac_mode == RBAC_LOCAL)
	{
		SnapshotAge age = own_snapshot_age(rbac_reader_snapshot(outer_reader));

		RBAC_RACE();
		if (!is_same_age(age, true_as_of) && !RBAC_MUTANT("S-age"))
			catch_up(age);
		if (RBAC_MUTANT("S-lowered"))
			drop_stale();
		else if (rbac_stale)
			rbac_local_drop(rbac_stale);
	}
	return outer_reader;
}

void
rbac_cache_read_end(RbacReader *reader)
{
	if (reader == outer_reader)
		outer_reader = NULL;
	rbac_read_end(reader);
}

/* The triggers do not stand, so nobody tells of changes.  After rbac_cache_begin. */
bool
rbac_moment_untrusted(void)
{
	return is_untrusted;
}

/*
 * May what was read be used again by the same statement (statement.h)?  Not if it
 * may be this transaction's own affair: a rollback takes that back without any
 * snapshot or command that would tell.
 */
bool
rbac_cache_lasts_a_statement(void)
{
	return !rbac_written && !is_untrusted && !is_apart();
}

/* Is an attempt at a decision under way?  For assertions. */
bool
rbac_moment_in_attempt(void)
{
	return attempt_number > 0;
}

/*
 * May this attempt use what others have found out, and be known to be right?
 * Not once it reads by one snapshot: they may have found it out later.
 */
bool
rbac_moment_takes_from_others(void)
{
	return rbac_mode == RBAC_SHARED && attempt_number <= 1;
}

/*
 * RBAC_SHARED: something is about to be used that may have become true after
 * the open reader's snapshot was taken.  That is no harm if it hangs on the
 * global word alone, which we watch since before.
 */
void
rbac_found_later(const RbacProof *proof)
{
	if (outer_reader != NULL &&
		(proof->word[RBAC_TENANT] != &rbac_constant_word ||
		 proof->word[RBAC_USER] != &rbac_constant_word ||
		 proof->value[RBAC_GLOBAL] != outer_global))
		rbac_relies_on_too_much();
}

/*
 * Begin to find out something that follows from rows about this tenant and
 * this user (NULL: none), and from what all tenants share.
 */
void
rbac_load_begin(RbacLoad *load, const pg_uuid_t *tenant_id, const pg_uuid_t *user_id)
{
	load->kept.reader = 0;
	if (rbac_mode == RBAC_LOCAL)
	{
		for (int i = 0; i < RBAC_NUM_WORDS; i++)
		{
			load->kept.proof.word[i] = &rbac_constant_word;
			load->kept.proof.value[i] = 0;
		}
		load->reader = rbac_cache_read_begin();
		return;
	}

	if (RBAC_MUTANT("R5-order"))
	{
		/* the words after the snapshot */
		load->reader = rbac_read_begin_lazily();
		RBAC_RACE();
		rbac_words_watch(&load->kept.proof, tenant_id, user_id);
		return;
	}

	rbac_words_watch(&load->kept.proof, tenant_id, user_id);
	if (outer_reader != NULL && attempt_number > 1)
	{
		load->kept.reader = outer_number;
		load->reader = rbac_read_begin_at(rbac_reader_snapshot(outer_reader));
		return;
	}
	if (!look_at_messages())
		load->kept.reader = number_reader();
	else if (!rbac_proof_is_settled(&load->kept.proof) && !RBAC_MUTANT("R6-in-flight"))
	{
		rbac_counters->bypassed_in_flight++;
		load->kept.reader = number_reader();
	}
	rbac_found_later(&load->kept.proof);
	load->reader = RBAC_MUTANT("R5-snapshot") && ActiveSnapshotSet()
		? rbac_read_begin_at(GetActiveSnapshot()) : rbac_read_begin_lazily();
	RBAC_RACE();
}

void
rbac_load_end(RbacLoad *load)
{
	RBAC_RACE();
	rbac_cache_read_end(load->reader);
	load->reader = NULL;
}

/*
 * How something is known that a load has found on its way, and that follows
 * from rows about this tenant only (NULL: none), if its origin is traceable.
 */
void
rbac_load_narrow(const RbacLoad *load, const pg_uuid_t *tenant_id,
				 bool is_traceable, RbacKept *kept)
{
	*kept = load->kept;
	if (rbac_mode == RBAC_LOCAL)
		return;

	kept->proof.word[RBAC_USER] = &rbac_constant_word;
	kept->proof.value[RBAC_USER] = 0;
	if (tenant_id == NULL)
	{
		kept->proof.word[RBAC_TENANT] = &rbac_constant_word;
		kept->proof.value[RBAC_TENANT] = 0;
	}
	else if (kept->proof.word[RBAC_TENANT] != rbac_slot_word(rbac_tenant_slot(MyDatabaseId, tenant_id)))
		is_traceable = false;	/* it was not watched */

	if (!is_traceable && kept->reader == 0)
		kept->reader = number_reader();
}

/*
 * Is something that was kept still known to be true, for this decision?
 */
bool
rbac_kept_holds(const RbacKept *kept)
{
	if (rbac_mode == RBAC_LOCAL)
		return kept->proof.word[RBAC_GLOBAL] == &rbac_constant_word;

	if (kept->proof.word[RBAC_GLOBAL] != global_word)
		return false;
	if (!rbac_proof_holds(&kept->proof) && !RBAC_MUTANT("R3"))
	{
		rbac_count_stale(&kept->proof);
		return false;
	}
	if (is_last_attempt)
		return kept->reader == outer_number;
	if (likely(kept->reader == 0))
		return true;
	if (outer_reader != NULL && attempt_number > 1)
		return kept->reader == outer_number;
	return kept->reader >= first_reader_of_decision ||
		(kept->reader >= first_reader_of_statement && rbac_statement_is_current(&reading_statement));
}
