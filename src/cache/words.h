/*
 * words.h
 *		Inside the room "cache": version words, by which an answer proves that
 *		it is still true.
 *
 * A word is `unknown | version | in flight`: how often something has changed,
 * and how many transactions are changing it at this moment (from before their
 * commit is visible until after their invalidation messages are out).  There is
 * one for all that every tenant of a database shares, one for a tenant, one
 * for a user; the latter two by hash, so that two may share one, which costs a
 * load and nothing else.
 *
 * A proof is the values that the words of an answer had before its snapshot was
 * taken.  While they are settled and still the same, no change that concerns
 * the answer has become visible since.
 */
#ifndef RBAC_WORDS_H
#define RBAC_WORDS_H

#include "port/atomics.h"
#include "utils/uuid.h"

/* Set in the global word: a prepared transaction may change anything, unannounced. */
#define RBAC_WORD_UNKNOWN	(UINT64CONST(1) << 63)
#define RBAC_WORD_VERSION	(UINT64CONST(1) << 20)
#define RBAC_WORD_IN_FLIGHT (RBAC_WORD_VERSION - 1)

/* The words of a proof. */
#define RBAC_GLOBAL		0
#define RBAC_TENANT		1
#define RBAC_USER		2
#define RBAC_NUM_WORDS	3

typedef struct RbacProof
{
	const pg_atomic_uint64 *word[RBAC_NUM_WORDS];
	uint64		value[RBAC_NUM_WORDS];
} RbacProof;

/* Never changes: the word of what does not depend on any. */
extern const pg_atomic_uint64 rbac_constant_word;

/* NULL if there is no shared memory of ours: not preloaded, or of size 0. */
extern pg_atomic_uint64 *rbac_words;

/*
 * Databases share this many global words, by hash, and with each of them its
 * committing lock (signal.c), which outlives the server in prepared
 * transactions.
 */
#define RBAC_GLOBAL_WORDS	64

/* Slots in rbac_words; RBAC_NO_SLOT stands for the constant word. */
#define RBAC_NO_SLOT PG_UINT32_MAX

extern Size rbac_words_size(Size budget);
extern Size rbac_global_words_size(void);
extern void rbac_words_attach(void *memory, Size budget, bool is_new);

extern uint32 rbac_global_slot(Oid database);
extern uint32 rbac_tenant_slot(Oid database, const pg_uuid_t *tenant_id);
extern uint32 rbac_user_slot(Oid database, const pg_uuid_t *user_id);
extern void rbac_words_watch(RbacProof *proof, const pg_uuid_t *tenant_id, const pg_uuid_t *user_id);

static inline const pg_atomic_uint64 *
rbac_slot_word(uint32 slot)
{
	return slot == RBAC_NO_SLOT ? &rbac_constant_word : &rbac_words[slot];
}

static inline uint32
rbac_word_slot(const pg_atomic_uint64 *word)
{
	return word == &rbac_constant_word ? RBAC_NO_SLOT : (uint32) (word - rbac_words);
}

static inline uint64
rbac_word_value(const pg_atomic_uint64 *word)
{
	return pg_atomic_read_u64(unconstify(pg_atomic_uint64 *, word));
}

/* Have the words stayed what they were? */
static inline bool
rbac_proof_holds(const RbacProof *proof)
{
	return rbac_word_value(proof->word[RBAC_GLOBAL]) == proof->value[RBAC_GLOBAL] &&
		rbac_word_value(proof->word[RBAC_TENANT]) == proof->value[RBAC_TENANT] &&
		rbac_word_value(proof->word[RBAC_USER]) == proof->value[RBAC_USER];
}

/* Was nobody changing what this is about as the words were read? */
static inline bool
rbac_proof_is_settled(const RbacProof *proof)
{
	uint64		all = proof->value[RBAC_GLOBAL] | proof->value[RBAC_TENANT] | proof->value[RBAC_USER];

	return (all & (RBAC_WORD_UNKNOWN | RBAC_WORD_IN_FLIGHT)) == 0;
}

#endif							/* RBAC_WORDS_H */
