/*
 * call_site.c
 *		What one place in a query remembers: making it, and filling it.
 */
#include "postgres.h"

#include "nodes/primnodes.h"
#include "utils/memutils.h"

#include "decision/call_site.h"

/* Fewer changes of tenant than that are not worth the memory. */
#define CHANGES_TO_BEGIN	16

/*
 * Is this argument a constant of the query?  Then it is the same datum at each
 * call, and its place tells it from all others.  (A parameter is not: plpgsql
 * calls again with other values.)
 */
static bool
is_constant(FmgrInfo *flinfo, int argument)
{
	Node	   *expr = flinfo->fn_expr;

	return expr != NULL && IsA(expr, FuncExpr) &&
		IsA(list_nth(((FuncExpr *) expr)->args, argument), Const);
}

/* The memory of the place that makes this call. */
pg_attribute_hot RbacCallSite *
rbac_call_site(FunctionCallInfo fcinfo, int scope_argument)
{
	RbacCallSite   *site = fcinfo->flinfo->fn_extra;

	if (unlikely(site == NULL))
	{
		Pointer		scope = DatumGetPointer(PG_GETARG_DATUM(scope_argument));

		site = MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(RbacCallSite));
		memset(site, 0, offsetof(RbacCallSite, scope));
		if (is_constant(fcinfo->flinfo, scope_argument) &&
			!VARATT_IS_EXTERNAL(scope) && !VARATT_IS_COMPRESSED(scope))
			site->constant = (const text *) scope;
		fcinfo->flinfo->fn_extra = site;
	}
	return site;
}

/* Only what is asked about the whole tenant is remembered. */
pg_attribute_hot void
rbac_remember(RbacCallSite *site, const RbacPrincipalKey *key, const char *scope, int length, bool answer)
{
	site->epoch = rbac_epoch;
	site->serial = rbac_identity_serial;
	site->answer = answer;
	site->key = *key;
	site->length = length;
	memcpy(site->scope, scope, length);
}

/* After a decision about this tenant, if the site has remembered it. */
void
rbac_remember_tenant(FmgrInfo *flinfo, RbacCallSite *site, const pg_uuid_t *tenant_id)
{
	RbacTenantMemory *memory = site->tenants;
	RbacTenantPlace *place;

	if (!site->is_proven || site->constant == NULL ||
		memcmp(&site->key.tenant_id, tenant_id, UUID_LEN) != 0 ||
		site->valid_from != DT_NOBEGIN || site->valid_until != DT_NOEND ||
		++site->changes < CHANGES_TO_BEGIN)
		return;
	if (memory == NULL)
		memory = site->tenants = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(RbacTenantMemory));

	if (memory->epoch == 0 || !rbac_tenants_are_remembered(memory) ||
		memory->proof.value[RBAC_GLOBAL] != site->proof.value[RBAC_GLOBAL] ||
		memory->proof.value[RBAC_USER] != site->proof.value[RBAC_USER])
	{
		memset(memory->place, 0, sizeof(memory->place));
		memory->epoch = site->epoch;
		memory->serial = site->serial;
		memory->proof = site->proof;
		memory->proof.word[RBAC_TENANT] = &rbac_constant_word;
		memory->proof.value[RBAC_TENANT] = 0;
	}

	/* its own place from before, or an empty one, or any */
	place = rbac_tenant_places(memory, &site->key.tenant_id);
	for (int i = 0; i < RBAC_PLACES_FOR_ONE - 1; i++, place++)
	{
		if (place->word == NULL || memcmp(&place->tenant_id, &site->key.tenant_id, UUID_LEN) == 0)
			break;
	}
	place->tenant_id = site->key.tenant_id;
	place->word = site->proof.word[RBAC_TENANT];
	place->value = site->proof.value[RBAC_TENANT];
	place->answer = site->answer;
}
