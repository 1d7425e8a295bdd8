/*
 * words.c
 *		Where the version words lie.
 *
 * One array in shared memory, for the life of the server: first the global
 * words, each on a cache line of its own because every check reads one and a
 * tenant's change must not disturb it; then the words of tenants, then those
 * of users.  Read and written by atomic operations only, without any lock.
 *
 * Everything starts as unknown, since a crash or a promotion may have left
 * prepared transactions; whoever finds that there are none clears the mark
 * (signal.c).
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "port/pg_bitutils.h"

#include "cache/words.h"

#define GLOBAL_STRIDE	(PG_CACHE_LINE_SIZE / sizeof(pg_atomic_uint64))

/* Of the whole budget, users' words take about one part in this many. */
#define BUDGET_PARTS	64
#define MIN_USER_WORDS	1024
#define MAX_USER_WORDS	(1 << 22)
#define USERS_PER_TENANT_WORD 4

const pg_atomic_uint64 rbac_constant_word = {0};
pg_atomic_uint64 *rbac_words = NULL;

static uint32 user_words;
static uint32 tenant_words;

/* Powers of two, so that a hash finds its place by a mask. */
static void
divide(Size budget)
{
	Size		wanted = budget / BUDGET_PARTS / sizeof(pg_atomic_uint64);

	wanted = Min(Max(wanted, MIN_USER_WORDS), MAX_USER_WORDS);
	user_words = pg_prevpower2_32((uint32) wanted);
	tenant_words = user_words / USERS_PER_TENANT_WORD;
}

static Size
count_words(void)
{
	return RBAC_GLOBAL_WORDS * GLOBAL_STRIDE + tenant_words + user_words;
}

/* How much of a budget of this many bytes goes to the words. */
Size
rbac_words_size(Size budget)
{
	divide(budget);
	return count_words() * sizeof(pg_atomic_uint64);
}

/* How much of that is the global words, which come first. */
Size
rbac_global_words_size(void)
{
	return RBAC_GLOBAL_WORDS * GLOBAL_STRIDE * sizeof(pg_atomic_uint64);
}

/* As the server starts, and in each backend where memory is not inherited. */
void
rbac_words_attach(void *memory, Size budget, bool is_new)
{
	divide(budget);
	rbac_words = memory;
	if (!is_new)
		return;
	for (Size i = 0; i < count_words(); i++)
		pg_atomic_init_u64(&rbac_words[i], 0);
	for (Size i = 0; i < RBAC_GLOBAL_WORDS; i++)
		pg_atomic_write_u64(&rbac_words[i * GLOBAL_STRIDE], RBAC_WORD_UNKNOWN);
}

uint32
rbac_global_slot(Oid database)
{
	return (murmurhash32(database) & (RBAC_GLOBAL_WORDS - 1)) * GLOBAL_STRIDE;
}

static uint32
hash_uuid(Oid database, const pg_uuid_t *uuid)
{
	return (uint32) hash_bytes_extended(uuid->data, UUID_LEN, database);
}

uint32
rbac_tenant_slot(Oid database, const pg_uuid_t *tenant_id)
{
	return RBAC_GLOBAL_WORDS * GLOBAL_STRIDE + (hash_uuid(database, tenant_id) & (tenant_words - 1));
}

uint32
rbac_user_slot(Oid database, const pg_uuid_t *user_id)
{
	return RBAC_GLOBAL_WORDS * GLOBAL_STRIDE + tenant_words +
		(hash_uuid(database, user_id) & (user_words - 1));
}

/*
 * Begin a proof of something about this tenant and this user of the current
 * database (NULL: about none).  What is read from the tables after a barrier
 * and a new snapshot is proven by it, if it is settled.
 */
void
rbac_words_watch(RbacProof *proof, const pg_uuid_t *tenant_id, const pg_uuid_t *user_id)
{
	proof->word[RBAC_GLOBAL] = &rbac_words[rbac_global_slot(MyDatabaseId)];
	proof->word[RBAC_TENANT] = tenant_id
		? &rbac_words[rbac_tenant_slot(MyDatabaseId, tenant_id)] : &rbac_constant_word;
	proof->word[RBAC_USER] = user_id
		? &rbac_words[rbac_user_slot(MyDatabaseId, user_id)] : &rbac_constant_word;
	for (int i = 0; i < RBAC_NUM_WORDS; i++)
		proof->value[i] = rbac_word_value(proof->word[i]);
}
