/*
 * facts.c
 *		What any backend has found out, for all.
 *
 * A table of fixed size in shared memory, for the life of the server.  A fact
 * has its place in one of two buckets of eight; when all sixteen places are
 * taken, it takes that of one that is no longer true, or of any.  So the table
 * is never full, and never asks anybody to wait.
 *
 * What everybody asks about, whoever they are (scopes, roles), has its first
 * bucket among few that lie together at the end of the table, so that it takes
 * few pages of memory; what finds no place there goes where all else is.
 *
 * There are no locks.  Each place has a sequence number, odd while somebody
 * writes there.  A reader copies, and looks whether the number has stayed the
 * same; a writer who finds the place busy gives up: it is a cache.  Between the
 * two steps of a writer nothing can be interrupted, and nothing can fail.
 *
 * Nothing is removed when it stops being true: its proof no longer holds, and
 * that is looked at by everybody who finds it.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/shmem.h"

#include "cache/counters.h"
#include "cache/facts.h"
#include "cache/testing.h"

#define PLACES_IN_BUCKET 8

/*
 * A bucket with so many free places takes a fact without a comparison with the
 * other, so that most facts are found at the first look.  A table that fills
 * up is balanced by what comes later.
 */
#define ENOUGH_FREE		5

typedef struct Bucket
{
	/* of the keys; a quick look that decides nothing.  0: nothing was ever here */
	pg_atomic_uint32 fingerprint[PLACES_IN_BUCKET];
	RbacFact	place[PLACES_IN_BUCKET];
} Bucket;

/* Of all buckets, one in this many is for what everybody asks about. */
#define COMMON_PART 64

static Bucket *buckets = NULL;
static uint32 nbuckets;
static uint32 ncommon;			/* the last of them */

StaticAssertDecl(sizeof(RbacFactKey) == 2 * sizeof(int32) + 2 * UUID_LEN, "keys have no padding");
StaticAssertDecl(sizeof(RbacFact) <= 96, "a fact fits into 96 bytes");

/* The budget is all for us. */
Size
rbac_facts_size(Size budget)
{
	nbuckets = (uint32) Min(Max(budget / sizeof(Bucket), 2), PG_INT32_MAX);
	ncommon = Max(nbuckets / COMMON_PART, 1);
	return nbuckets * sizeof(Bucket);
}

void
rbac_facts_attach(Size budget)
{
	bool		found;
	Size		size = rbac_facts_size(budget);

	buckets = ShmemInitStruct("rbac facts", size, &found);
	if (!found)
		memset(buckets, 0, size);
}

void
rbac_fact_key(RbacFactKey *key, RbacFactKind kind, const pg_uuid_t *a, const pg_uuid_t *b)
{
	memset(key, 0, sizeof(*key));
	key->database = MyDatabaseId;
	key->kind = kind;
	if (a)
		key->a = *a;
	if (b)
		key->b = *b;
}

static inline uint64
hash_key(const RbacFactKey *key)
{
	return hash_bytes_extended((const unsigned char *) key, sizeof(*key), 0);
}

/* Does everybody ask about this, whoever they are? */
static inline bool
is_common(const RbacFactKey *key)
{
	return key->kind == RBAC_FACT_SCOPE || key->kind == RBAC_FACT_CLOSURE ||
		key->kind == RBAC_FACT_DYNAMIC_DUTY;
}

/* The two buckets of a key. */
static inline Bucket *
bucket_of(const RbacFactKey *key, uint64 hash, int choice)
{
	uint32		half = choice == 0 ? (uint32) (hash >> 32) : murmurhash32((uint32) (hash >> 32)) ^ (uint32) hash;
	uint32		nothers = nbuckets - ncommon;

	if (choice == 0 && is_common(key))
		return &buckets[nothers + (((uint64) half * ncommon) >> 32)];
	return &buckets[((uint64) half * nothers) >> 32];
}

static inline uint32
fingerprint_of(uint64 hash)
{
	return (uint32) hash | 1;
}

/* A consistent copy of what stands at a place.  False if it is being written. */
static inline bool
copy_place(RbacFact *place, RbacFact *copy)
{
	uint32		sequence = pg_atomic_read_u32(&place->sequence);

	if (unlikely(sequence & 1) && !RBAC_MUTANT("seqlock"))
		return false;
	pg_read_barrier();
	memcpy(copy, place, sizeof(*copy));
	RBAC_RACE();
	pg_read_barrier();
	return pg_atomic_read_u32(&place->sequence) == sequence || RBAC_MUTANT("seqlock");
}

static inline void
restore_proof(const RbacFact *fact, RbacProof *proof)
{
	proof->word[RBAC_GLOBAL] = &rbac_words[rbac_global_slot(fact->key.database)];
	proof->word[RBAC_TENANT] = rbac_slot_word(fact->tenant_slot);
	proof->word[RBAC_USER] = rbac_slot_word(fact->user_slot);
	memcpy(proof->value, fact->value, sizeof(proof->value));
}

/* Find what is known under a key, with its proof, which holds. */
bool
rbac_fact_find(const RbacFactKey *key, RbacFact *fact, RbacProof *proof)
{
	uint64		hash = hash_key(key);

	for (int choice = 0; choice < 2; choice++)
	{
		Bucket	   *bucket = bucket_of(key, hash, choice);

		for (int i = 0; i < PLACES_IN_BUCKET; i++)
		{
			if (pg_atomic_read_u32(&bucket->fingerprint[i]) != fingerprint_of(hash) ||
				!copy_place(&bucket->place[i], fact) ||
				memcmp(&fact->key, key, sizeof(*key)) != 0)
				continue;
			restore_proof(fact, proof);
			if (likely(rbac_proof_holds(proof)))
				return true;
			rbac_count_stale(proof);
		}
	}
	return false;
}

/* Write at a place, unless somebody else does. */
static bool
write_place(Bucket *bucket, int i, const RbacFact *fact, uint64 hash)
{
	RbacFact   *place = &bucket->place[i];
	uint32		sequence = pg_atomic_read_u32(&place->sequence);

	if ((sequence & 1) ||
		!pg_atomic_compare_exchange_u32(&place->sequence, &sequence, sequence + 1))
		return false;
	pg_write_barrier();
	place->number = fact->number;
	place->key = fact->key;
	memcpy(place->value, fact->value, sizeof(place->value));
	place->tenant_slot = fact->tenant_slot;
	place->user_slot = fact->user_slot;
	RBAC_RACE();
	place->set = fact->set;
	place->more = fact->more;
	pg_atomic_write_u32(&bucket->fingerprint[i], fingerprint_of(hash));
	pg_write_barrier();
	pg_atomic_write_u32(&place->sequence, sequence + 2);
	return true;
}

/* Is what stands at a place no longer true? */
static bool
is_outdated(RbacFact *place)
{
	RbacFact	copy;
	RbacProof	proof;

	if (!copy_place(place, &copy))
		return false;
	restore_proof(&copy, &proof);
	return !rbac_proof_holds(&proof);
}

/*
 * Tell everybody.  The proof must be settled; key, number, set and more are
 * the caller's.
 */
void
rbac_fact_publish(RbacFact *fact, const RbacProof *proof)
{
	static uint32 next_victim = 0;
	uint64		hash = hash_key(&fact->key);
	int			enough_free = is_common(&fact->key) ? 1 : ENOUGH_FREE;
	Bucket	   *emptier = NULL;
	int			most_free = 0;
	int			free_place = 0;

	memcpy(fact->value, proof->value, sizeof(fact->value));
	fact->tenant_slot = rbac_word_slot(proof->word[RBAC_TENANT]);
	fact->user_slot = rbac_word_slot(proof->word[RBAC_USER]);
	rbac_counters->published++;

	/*
	 * Where it stood before, or an unused place: of the first bucket as long
	 * as it has enough of them, else of the emptier one.
	 */
	for (int choice = 0; choice < 2; choice++)
	{
		Bucket	   *bucket = bucket_of(&fact->key, hash, choice);
		int			nfree = 0;
		int			first_free = 0;

		for (int i = PLACES_IN_BUCKET - 1; i >= 0; i--)
		{
			uint32		fingerprint = pg_atomic_read_u32(&bucket->fingerprint[i]);
			RbacFact	copy;

			if (fingerprint == fingerprint_of(hash) && copy_place(&bucket->place[i], &copy) &&
				memcmp(&copy.key, &fact->key, sizeof(copy.key)) == 0)
			{
				(void) write_place(bucket, i, fact, hash);
				return;
			}
			if (fingerprint == 0)
			{
				nfree++;
				first_free = i;
			}
		}
		if (nfree > most_free && most_free < enough_free)
		{
			emptier = bucket;
			most_free = nfree;
			free_place = first_free;
		}
	}
	if (emptier != NULL)
	{
		(void) write_place(emptier, free_place, fact, hash);
		return;
	}

	/* where something stands that is no longer true, or anything */
	for (int choice = 0; choice < 2; choice++)
	{
		Bucket	   *bucket = bucket_of(&fact->key, hash, choice);

		for (int i = 0; i < PLACES_IN_BUCKET; i++)
		{
			if (is_outdated(&bucket->place[i]))
			{
				(void) write_place(bucket, i, fact, hash);
				return;
			}
		}
	}
	next_victim++;
	rbac_counters->evictions++;
	(void) write_place(bucket_of(&fact->key, hash, next_victim & 1), (next_victim >> 1) % PLACES_IN_BUCKET, fact, hash);
}

/* For statistics: how many places there are, and how many hold something true. */
void
rbac_facts_count(int64 *entries, int64 *capacity, Size *entry_size)
{
	*entries = 0;
	*capacity = (int64) nbuckets * PLACES_IN_BUCKET;
	*entry_size = sizeof(Bucket) / PLACES_IN_BUCKET;
	for (uint32 b = 0; b < nbuckets; b++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < PLACES_IN_BUCKET; i++)
		{
			if (pg_atomic_read_u32(&buckets[b].fingerprint[i]) != 0 &&
				!is_outdated(&buckets[b].place[i]))
				(*entries)++;
		}
	}
}
