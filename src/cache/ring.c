/*
 * ring.c
 *		Byte strings that many entries share: sets of scopes, above all.
 *
 * A million principals have a few hundred combinations of roles between them,
 * so an entry holds the position of its set, and equal sets lie in one place.
 *
 * The strings lie in a ring in shared memory, in the order in which they came;
 * when it is full, the oldest is overwritten.  Positions count bytes ever
 * written, so whoever comes with the position of a string that is gone can
 * tell, and computes it anew.  That needs no reference counts, no free lists
 * and no way to run full.  A string that is asked for again when its turn to
 * be overwritten is near moves to the front.
 *
 * Writers take the lock "rbac"; they write only what nobody can have a
 * position of.  Readers take no lock: they read, then make sure that the
 * writer has not come by meanwhile.  Between the announcement of a writer
 * (reserved) and its end nothing can be interrupted.  The index is the writers'
 * alone, and lies behind the strings, out of readers' way.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "port/atomics.h"
#include "storage/lwlock.h"

#include "cache/ring.h"
#include "cache/testing.h"

/* Of the whole budget. */
#define BUDGET_PARTS	8
#define MIN_BYTES		(64 * 1024)

/* Longer ones would throw too many others out. */
#define LONGEST_PART	4

/* The index: which strings are there.  A place for each so many bytes. */
#define BYTES_A_PLACE	128
#define PLACES_TO_TRY	4

typedef struct IndexPlace
{
	uint64		hash;
	RbacRingPosition position;
} IndexPlace;

typedef struct StringHeader
{
	uint32		length;			/* of the data that follows */
	uint32		unused;
} StringHeader;

typedef struct Ring
{
	LWLock	   *lock;			/* guards all that follows but reserved */
	pg_atomic_uint64 reserved;	/* the writer may have overwritten all up to one size before */
	Size		size;			/* of the strings, a multiple of 8 */
	uint32		places;
} Ring;

static Ring *ring = NULL;
static IndexPlace *places;
static char *strings;

static uint32
count_places(Size bytes)
{
	return (uint32) Max(bytes / BYTES_A_PLACE, PLACES_TO_TRY);
}

static Size
count_bytes(Size budget)
{
	return TYPEALIGN_DOWN(8, Max(budget / BUDGET_PARTS, MIN_BYTES));
}

/* What every reader looks at, which lies apart from the strings: see shared.c. */
Size
rbac_ring_size(void)
{
	return sizeof(Ring);
}

/* How much of a budget goes to the strings and their index. */
Size
rbac_ring_strings_size(Size budget)
{
	Size		bytes = count_bytes(budget);

	return bytes + count_places(bytes) * sizeof(IndexPlace);
}

void
rbac_ring_attach(void *memory, void *memory_for_strings, Size budget, bool is_new)
{
	ring = memory;
	strings = memory_for_strings;
	places = (IndexPlace *) (strings + count_bytes(budget));
	if (!is_new)
		return;
	ring->lock = &GetNamedLWLockTranche("rbac")->lock;
	ring->size = count_bytes(budget);
	ring->places = count_places(ring->size);
	/* so that no string lies at position 0 */
	pg_atomic_init_u64(&ring->reserved, ring->size);
	memset(places, 0, ring->places * sizeof(IndexPlace));
}

static StringHeader *
header_at(RbacRingPosition position)
{
	return (StringHeader *) (strings + position % ring->size);
}

/* Has the writer not come by yet? */
static inline bool
is_there(RbacRingPosition position)
{
	return pg_atomic_read_u64(&ring->reserved) - position <= ring->size;
}

static Size
space_for(uint32 length)
{
	return sizeof(StringHeader) + TYPEALIGN(8, length);
}

/* Write a string at the front.  The caller has the lock. */
static RbacRingPosition
append(const void *data, uint32 length)
{
	RbacRingPosition position = pg_atomic_read_u64(&ring->reserved);
	Size		space = space_for(length);
	Size		left = ring->size - position % ring->size;

	/* a string does not go round the corner */
	if (left < space)
		position += left;

	/* readers must see the announcement before anything of what follows */
	pg_atomic_write_u64(&ring->reserved, position + space);
	pg_memory_barrier();
	RBAC_RACE();
	header_at(position)->length = length;
	memcpy(header_at(position) + 1, data, length);
	return position;
}

/*
 * The position of a string, which may be a new one.  0 if it is too long.
 */
RbacRingPosition
rbac_ring_put(const void *data, uint32 length)
{
	uint64		hash = hash_bytes_extended(data, length, 0);
	uint32		first = (uint32) (hash % ring->places);
	IndexPlace *place = NULL;
	RbacRingPosition position = 0;

	if (space_for(length) > ring->size / LONGEST_PART)
		return 0;

	LWLockAcquire(ring->lock, LW_EXCLUSIVE);
	for (uint32 i = 0; i < PLACES_TO_TRY; i++)
	{
		IndexPlace *candidate = &places[(first + i) % ring->places];

		if (candidate->position != 0 && candidate->hash == hash && is_there(candidate->position) &&
			header_at(candidate->position)->length == length &&
			memcmp(header_at(candidate->position) + 1, data, length) == 0)
		{
			place = candidate;
			position = candidate->position;
			break;
		}
		/* else the place of what is gone, or of the oldest */
		if (place == NULL || candidate->position < place->position)
			place = candidate;
	}
	if (position == 0 ||
		pg_atomic_read_u64(&ring->reserved) - position > ring->size - ring->size / 4)
		position = append(data, length);
	place->hash = hash;
	place->position = position;
	LWLockRelease(ring->lock);
	return position;
}

/* Is a string still there? */
pg_attribute_hot bool
rbac_ring_has(RbacRingPosition position)
{
	/* what was read before must have been read before this is looked at */
	pg_read_barrier();
	return is_there(position) || RBAC_MUTANT("ring-overrun");
}

/*
 * Where a string lies, for a look without a copy: only what is read before a
 * rbac_ring_has that says true counts.  NULL if it is gone.
 */
pg_attribute_hot const void *
rbac_ring_look(RbacRingPosition position, uint32 *length)
{
	StringHeader *header = header_at(position);

	*length = header->length;
	RBAC_RACE();
	if (!rbac_ring_has(position))
		return NULL;
	/* by now the length is known to be one, and so not to lead out of the ring */
	return header + 1;
}

/* A copy of a string in the current memory context, or NULL if it is gone. */
void *
rbac_ring_get(RbacRingPosition position, uint32 *length)
{
	const void *data = rbac_ring_look(position, length);
	void	   *copy;

	if (data == NULL)
		return NULL;
	copy = palloc(Max(*length, 1));
	memcpy(copy, data, *length);
	RBAC_RACE();
	if (rbac_ring_has(position))
		return copy;
	pfree(copy);
	return NULL;
}

/* How many bytes hold strings, for statistics. */
Size
rbac_ring_used(void)
{
	return Min(pg_atomic_read_u64(&ring->reserved) - ring->size, ring->size);
}
