/*
 * facts.c
 *		What any backend has found out, for all.
 *
 * A table of fixed size in shared memory, for the life of the server.  A fact
 * has its place in one of two buckets of eight; when all sixteen places are
 * taken, it takes that of one that is no longer true, or of any.  So the table
 * is never full, and never asks anybody to wait.
 *
 * What everybody asks about, whoever they are (scopes, roles), has the first of
 * its buckets among few that lie together at the end of the table, so that it takes
 * few pages of memory; what finds no place there goes where all else is.  What every
 * check asks about (scopes) looks for a place before that in still fewer buckets,
 * which lie near the rest of what every check reads (shared.c).
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

/*
 * Where buckets lie.  Each kind of fact has its place in two or three regions that
 * follow each other here, in one bucket each.
 */
typedef enum Region
{
	NEAR,						/* what every check reads */
	TOGETHER,					/* at the end of the table */
	ANYWHERE,
	ANYWHERE_ELSE				/* the same by another hash */
} Region;

#define NEAR_BUCKETS 46

/* Of all other buckets, one in this many lies together. */
#define TOGETHER_PART 64

static Bucket *near_buckets = NULL;
static Bucket *buckets = NULL;
static uint32 nbuckets;			/* without the near ones */
static uint32 ntogether;		/* the last of them */

StaticAssertDecl(sizeof(RbacFactKey) == 2 * sizeof(int32) + 2 * UUID_LEN, "keys have no padding");
StaticAssertDecl(sizeof(RbacFact) <= 96, "a fact fits into 96 bytes");

/* How much of that lies near what every check reads. */
Size
rbac_near_facts_size(void)
{
	return NEAR_BUCKETS * sizeof(Bucket);
}

/* The budget is all for us, but for the near ones. */
Size
rbac_facts_size(Size budget)
{
	nbuckets = (uint32) Min(Max(budget / sizeof(Bucket), 2), PG_INT32_MAX);
	ntogether = Max(nbuckets / TOGETHER_PART, 1);
	return nbuckets * sizeof(Bucket);
}

void
rbac_facts_attach(void *memory, void *memory_near, Size budget, bool is_new)
{
	Size		size = rbac_facts_size(budget);

	buckets = memory;
	near_buckets = memory_near;
	if (!is_new)
		return;
	memset(buckets, 0, size);
	memset(near_buckets, 0, rbac_near_facts_size());
}

pg_attribute_hot void
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

/* So far along so many buckets. */
static inline Bucket *
scale(Bucket *first, uint32 n, uint32 hash)
{
	return &first[((uint64) hash * n) >> 32];
}

/* A key's bucket in a region. */
static inline Bucket *
bucket_of(uint64 hash, Region region)
{
	uint32		one = (uint32) (hash >> 32);
	uint32		another = murmurhash32(one) ^ (uint32) hash;
	uint32		nothers = nbuckets - ntogether;

	switch (region)
	{
		case NEAR:
			return scale(near_buckets, NEAR_BUCKETS, one);
		case TOGETHER:
			return scale(buckets + nothers, ntogether, another);
		case ANYWHERE:
			return scale(buckets, nothers, one);
		default:
			return scale(buckets, nothers, another);
	}
}

/* Where a fact of this kind may stand: in this region, and ... */
static inline Region
first_region(const RbacFactKey *key)
{
	switch (key->kind)
	{
		case RBAC_FACT_SCOPE:
		case RBAC_FACT_DYNAMIC_DUTY:
			return NEAR;
		case RBAC_FACT_CLOSURE:
			return TOGETHER;
		default:
			return ANYWHERE;
	}
}

/* ... in the following ones, to this. */
static inline Region
last_region(const RbacFactKey *key)
{
	return first_region(key) == ANYWHERE ? ANYWHERE_ELSE : ANYWHERE;
}

static inline uint32
fingerprint_of(uint64 hash)
{
	return (uint32) hash | 1;
}

/* Which place of its bucket a fact takes if that is free, so that it is found there at once. */
static inline int
home_of(uint64 hash)
{
	return (uint32) hash / 2 % PLACES_IN_BUCKET;
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

/*
 * Memory that is far away is better waited for once than first for one part of it
 * and then for another, so whatever a principal's fact is likely to need is asked
 * for at once.
 */
static inline void
expect_principal(const RbacFactKey *key, uint64 hash)
{
	const Bucket *bucket = bucket_of(hash, ANYWHERE);
	const RbacFact *home = &bucket->place[home_of(hash)];

	__builtin_prefetch(bucket);
	__builtin_prefetch(rbac_slot_word(rbac_user_slot(key->database, &key->a)));
	__builtin_prefetch(home);
	__builtin_prefetch((const char *) (home + 1) - 1);
	__builtin_prefetch(rbac_slot_word(rbac_tenant_slot(key->database, &key->b)));
}

/* Find what is known under a key, with its proof, which holds. */
pg_attribute_hot bool
rbac_fact_find(const RbacFactKey *key, RbacFact *fact, RbacProof *proof)
{
	uint64		hash = hash_key(key);
	Region		last = last_region(key);

	if (key->kind == RBAC_FACT_PRINCIPAL)
		expect_principal(key, hash);
	for (Region region = first_region(key); region <= last; region++)
	{
		Bucket	   *bucket = bucket_of(hash, region);
		int			home = home_of(hash);

		for (int n = 0; n < PLACES_IN_BUCKET; n++)
		{
			int			i = (home + n) % PLACES_IN_BUCKET;

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
	Region		first = first_region(&fact->key);
	Region		last = last_region(&fact->key);
	int			enough_free = first < ANYWHERE ? 1 : ENOUGH_FREE;
	Bucket	   *emptier = NULL;
	int			most_free = 0;
	int			free_place = 0;
	int			nregions;

	memcpy(fact->value, proof->value, sizeof(fact->value));
	fact->tenant_slot = rbac_word_slot(proof->word[RBAC_TENANT]);
	fact->user_slot = rbac_word_slot(proof->word[RBAC_USER]);
	rbac_counters->published++;

	/*
	 * Where it stood before, or an unused place: of the first bucket as long
	 * as it has enough of them, else of the emptier one.
	 */
	for (Region region = first; region <= last; region++)
	{
		Bucket	   *bucket = bucket_of(hash, region);
		int			nfree = 0;
		int			nearest_free = 0;

		for (int n = PLACES_IN_BUCKET - 1; n >= 0; n--)
		{
			int			i = (home_of(hash) + n) % PLACES_IN_BUCKET;
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
				nearest_free = i;
			}
		}
		if (nfree > most_free && most_free < enough_free)
		{
			emptier = bucket;
			most_free = nfree;
			free_place = nearest_free;
		}
	}
	if (emptier != NULL)
	{
		(void) write_place(emptier, free_place, fact, hash);
		return;
	}

	/* where something stands that is no longer true, or anything */
	for (Region region = first; region <= last; region++)
	{
		Bucket	   *bucket = bucket_of(hash, region);

		for (int i = 0; i < PLACES_IN_BUCKET; i++)
		{
			if (is_outdated(&bucket->place[i]))
			{
				(void) write_place(bucket, i, fact, hash);
				return;
			}
		}
	}
	nregions = last - first + 1;
	next_victim++;
	rbac_counters->evictions++;
	(void) write_place(bucket_of(hash, first + next_victim % nregions),
					   next_victim / nregions % PLACES_IN_BUCKET, fact, hash);
}

/* For statistics: how many places there are, and how many hold something true. */
void
rbac_facts_count(int64 *entries, int64 *capacity, Size *entry_size)
{
	*entries = 0;
	*capacity = (int64) (nbuckets + NEAR_BUCKETS) * PLACES_IN_BUCKET;
	*entry_size = sizeof(Bucket) / PLACES_IN_BUCKET;
	for (uint32 b = 0; b < nbuckets + NEAR_BUCKETS; b++)
	{
		Bucket	   *bucket = b < nbuckets ? &buckets[b] : &near_buckets[b - nbuckets];

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < PLACES_IN_BUCKET; i++)
		{
			if (pg_atomic_read_u32(&bucket->fingerprint[i]) != 0 &&
				!is_outdated(&bucket->place[i]))
				(*entries)++;
		}
	}
}
