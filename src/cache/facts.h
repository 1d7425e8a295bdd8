/*
 * facts.h
 *		Inside the room "cache": what any backend has found out, for all.
 */
#ifndef RBAC_FACTS_H
#define RBAC_FACTS_H

#include "utils/uuid.h"

#include "cache/ring.h"
#include "cache/words.h"

typedef enum RbacFactKind
{
	RBAC_FACT_PRINCIPAL = 1,	/* a: user, b: tenant */
	RBAC_FACT_PRINCIPAL_EVERYWHERE, /* a: user */
	RBAC_FACT_CLOSURE,			/* a: role */
	RBAC_FACT_SCOPE,			/* a: hash and length, b: beginning of the name */
	RBAC_FACT_DEPARTMENT,		/* a: department, b: tenant */
	RBAC_FACT_DYNAMIC_DUTY		/* are there dynamic conflicts? */
} RbacFactKind;

/* No padding: keys are compared as bytes. */
typedef struct RbacFactKey
{
	Oid			database;
	int32		kind;
	pg_uuid_t	a;
	pg_uuid_t	b;
} RbacFactKey;

typedef struct RbacFact
{
	pg_atomic_uint32 sequence;	/* the table's: odd while being written */
	int32		number;			/* a scope's id, or flags */
	RbacFactKey key;
	uint64		value[RBAC_NUM_WORDS];	/* the proof; the global word is the database's */
	uint32		tenant_slot;
	uint32		user_slot;
	RbacRingPosition set;		/* scopes */
	RbacRingPosition more;		/* whatever else */
} RbacFact;

extern Size rbac_facts_size(Size budget);
extern Size rbac_near_facts_size(void);
extern void rbac_facts_attach(void *memory, void *memory_near, Size budget, bool is_new);

extern void rbac_fact_key(RbacFactKey *key, RbacFactKind kind, const pg_uuid_t *a, const pg_uuid_t *b);
extern bool rbac_fact_find(const RbacFactKey *key, RbacFact *fact, RbacProof *proof);
extern void rbac_fact_publish(RbacFact *fact, const RbacProof *proof);
extern void rbac_facts_count(int64 *entries, int64 *capacity, Size *entry_size);

#endif							/* RBAC_FACTS_H */
