/*
 * call_site.h
 *		Inside the room "decision": what one place in a query remembers.
 *
 * A call site remembers what its last call found: who was asked about, the
 * scope, the answer, and how long it is true: as long as its proof holds
 * (cache/words.h), or, without one, as long as the cache's epoch lasts.  A call
 * that is asked the same again is a few comparisons, which is why they stand
 * here.
 *
 * Nothing is remembered beyond the call site's memory, which may live as long
 * as a transaction (plpgsql) and outlive any number of changes.
 */
#ifndef RBAC_CALL_SITE_H
#define RBAC_CALL_SITE_H

#include "access/xact.h"
#include "common/hashfn.h"
#include "fmgr.h"

#include "cache/cache.h"
#include "compat.h"
#include "decision/decision.h"
#include "identity/identity.h"
#include "model/names.h"

typedef struct RbacCallSite
{
	uint64		epoch;			/* 0 if nothing is remembered */
	uint64		serial;			/* of the identity */
	const text *constant;		/* the scope, if the query names it */
	bool		answer;			/* in the whole tenant */
	bool		is_proven;
	RbacProof	proof;
	TimestampTz valid_from;
	TimestampTz valid_until;
	RbacPrincipalKey key;
	int			changes;		/* of tenant, from one call to the next */
	struct RbacTenantMemory *tenants;	/* NULL until it pays */
	int			length;
	char		scope[RBAC_MAX_NAME_LENGTH];
} RbacCallSite;

/*
 * A query over rows of many tenants asks one call site about each, again and
 * again.  So a site that has seen the tenant change a few times remembers the
 * answer for many, for one user and the scope that the query names.
 */
#define RBAC_TENANT_PLACES	4096
#define RBAC_PLACES_FOR_ONE 4

typedef struct RbacTenantPlace
{
	pg_uuid_t	tenant_id;
	const pg_atomic_uint64 *word;	/* NULL: nothing is remembered here */
	uint64		value;
	bool		answer;
} RbacTenantPlace;

typedef struct RbacTenantMemory
{
	uint64		epoch;
	uint64		serial;
	RbacProof	proof;			/* but for the tenant's word */
	RbacTenantPlace place[RBAC_TENANT_PLACES];
} RbacTenantMemory;

extern RbacCallSite *rbac_call_site(FunctionCallInfo fcinfo, int scope_argument);
extern void rbac_remember(RbacCallSite *site, const RbacPrincipalKey *key,
						  const char *scope, int length, bool answer);
extern void rbac_remember_tenant(FmgrInfo *flinfo, RbacCallSite *site, const pg_uuid_t *tenant_id);

/* What is taken for a constant is not toasted. */
static inline const text *
rbac_scope_argument(FunctionCallInfo fcinfo, int argument, const RbacCallSite *site)
{
	if (likely((Pointer) site->constant == DatumGetPointer(PG_GETARG_DATUM(argument))))
		return site->constant;
	return PG_GETARG_TEXT_PP(argument);
}

/*
 * Is what the call site remembers about this scope still true, now?
 */
static inline bool
rbac_site_remembers(const RbacCallSite *site, const text *scope)
{
	TimestampTz now;

	if (likely(site->is_proven))
	{
		if (unlikely(site->epoch != rbac_epoch || !rbac_proof_holds(&site->proof)))
			return false;
	}
	/* a new site has epoch 0, which no cache has */
	else if (unlikely(site->epoch == 0 || site->epoch != rbac_cache_begin()))
		return false;

	if (unlikely(site->serial != rbac_identity_serial))
		return false;
	if (unlikely(site->constant != scope) &&
		(site->length != (int) VARSIZE_ANY_EXHDR(scope) ||
		 memcmp(site->scope, VARDATA_ANY(scope), site->length) != 0))
		return false;

	if (unlikely(site->valid_from != DT_NOBEGIN || site->valid_until != DT_NOEND))
	{
		now = GetCurrentStatementStartTimestamp();
		if (now < site->valid_from || now >= site->valid_until)
			return false;
	}
	return true;
}

static inline bool
rbac_site_answer(const RbacCallSite *site)
{
	rbac_counters->call_site_hits++;
	return site->answer;
}

static inline bool
rbac_site_is_about(const RbacPrincipalKey *key, const RbacQuestion *question)
{
	if (memcmp(&key->user_id, question->user_id, UUID_LEN) != 0)
		return false;
	if (question->tenant_id == NULL)
		return !key->has_tenant;
	return key->has_tenant && memcmp(&key->tenant_id, question->tenant_id, UUID_LEN) == 0;
}

/* A tenant has its place among these. */
static inline RbacTenantPlace *
rbac_tenant_places(RbacTenantMemory *memory, const pg_uuid_t *tenant_id)
{
	uint32		part[4];
	uint32		hash;

	memcpy(part, tenant_id, sizeof(part));
	hash = murmurhash32(part[0] ^ part[1] ^ part[2] ^ part[3]);
	return &memory->place[hash % (RBAC_TENANT_PLACES / RBAC_PLACES_FOR_ONE) * RBAC_PLACES_FOR_ONE];
}

static inline bool
rbac_tenants_are_remembered(const RbacTenantMemory *memory)
{
	return memory->epoch == rbac_epoch && memory->serial == rbac_identity_serial &&
		rbac_proof_holds(&memory->proof);
}

static inline bool
rbac_site_remembers_tenant(const RbacCallSite *site, const text *scope, const pg_uuid_t *tenant_id, bool *answer)
{
	const RbacTenantPlace *place;

	if (likely(site->tenants == NULL) || unlikely(site->constant != scope) ||
		unlikely(!rbac_tenants_are_remembered(site->tenants)))
		return false;
	place = rbac_tenant_places(site->tenants, tenant_id);
	for (int i = 0; i < RBAC_PLACES_FOR_ONE; i++, place++)
	{
		if (memcmp(&place->tenant_id, tenant_id, UUID_LEN) != 0)
			continue;
		if (unlikely(place->word == NULL || rbac_word_value(place->word) != place->value))
			return false;
		*answer = place->answer;
		rbac_counters->call_site_hits++;
		return true;
	}
	return false;
}

#endif							/* RBAC_CALL_SITE_H */
