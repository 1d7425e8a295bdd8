/*
 * exchange.c
 *		Between what this backend knows and what all do: how a finding is
 *		written down as a fact (facts.c) and as strings (ring.c).
 *
 * A set of scopes is written as a bitmap or as a list of ids, whichever is
 * shorter, so that neither a set of all scopes nor one scope of a high id
 * takes more than it must.
 *
 * Whatever does not fit, or is gone, is simply not exchanged.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "cache/counters.h"
#include "cache/exchange.h"
#include "cache/facts.h"
#include "cache/local.h"
#include "cache/testing.h"
#include "model/names.h"

/* A set of scopes, followed by its words, or if there are none, by its ids, ascending. */
typedef struct WrittenSet
{
	int32		nwords;
	int32		unused;			/* what follows is aligned as words are */
} WrittenSet;

/* What more there is to a principal, followed by its departments. */
typedef struct WrittenPrincipal
{
	TimestampTz valid_from;
	TimestampTz valid_until;
	int64		ndepartments;
} WrittenPrincipal;

typedef struct WrittenDepartment
{
	pg_uuid_t	department_id;
	RbacRingPosition scopes;
} WrittenDepartment;

/* A principal's flags, in the fact's number. */
#define USER_EXISTS		0x01
#define TENANT_EXISTS	0x02
#define HOLDS_A_ROLE	0x04
#define HOLDS_EVERYWHERE	0x08

/*
 * The position of a set; false if it does not fit.
 */
static bool
put_set(const Bitmapset *set, RbacRingPosition *position)
{
	StringInfoData out;
	WrittenSet	head = {0};
	int			id = -1;

	*position = 0;
	if (bms_is_empty(set))
		return true;

	initStringInfo(&out);
	head.nwords = set->nwords;
	while (set->words[head.nwords - 1] == 0)
		head.nwords--;
	if (bms_num_members(set) * sizeof(int32) < head.nwords * sizeof(bitmapword))
		head.nwords = 0;

	appendBinaryStringInfo(&out, (char *) &head, sizeof(head));
	if (head.nwords > 0)
		appendBinaryStringInfo(&out, (const char *) set->words, head.nwords * sizeof(bitmapword));
	else
	{
		while ((id = bms_next_member(set, id)) >= 0)
		{
			int32		written = id;

			appendBinaryStringInfo(&out, (char *) &written, sizeof(written));
		}
	}
	*position = rbac_ring_put(out.data, out.len);
	pfree(out.data);
	return *position != 0;
}

/* In the current memory context. */
Bitmapset *
rbac_decode_set(const void *data, uint32 length)
{
	const WrittenSet *head = data;
	Bitmapset  *set;

	if (head->nwords > 0)
	{
		set = bms_make_singleton(head->nwords * BITS_PER_BITMAPWORD - 1);
		memcpy(set->words, head + 1, head->nwords * sizeof(bitmapword));
	}
	else
	{
		const int32 *ids = (const int32 *) (head + 1);
		int			n = (length - sizeof(*head)) / sizeof(int32);

		/* the greatest first, so that the rest finds room */
		set = bms_make_singleton(ids[n - 1]);
		for (int i = 0; i < n - 1; i++)
			set = bms_add_member(set, ids[i]);
	}
	return set;
}

/*
 * Is this scope in a set of so many bytes?  Looks at it where it lies, while it
 * may be overwritten: never beyond its length, and the answer counts only if it
 * is still there afterwards.
 */
static pg_attribute_hot bool
look_for_scope(const void *data, uint32 length, int32 scope_id)
{
	const volatile WrittenSet *head = data;
	int			nwords = head->nwords;
	int			space = length - sizeof(WrittenSet);

	if (nwords > 0)
	{
		const bitmapword *words = (const bitmapword *) ((const WrittenSet *) data + 1);
		int			word = scope_id / BITS_PER_BITMAPWORD;

		return word < Min(nwords, space / (int) sizeof(bitmapword)) &&
			(words[word] & ((bitmapword) 1 << (scope_id % BITS_PER_BITMAPWORD))) != 0;
	}
	else
	{
		const int32 *ids = (const int32 *) ((const WrittenSet *) data + 1);
		int			end = space / (int) sizeof(int32);
		int			low = 0;
		int			high = end;

		while (low < high)
		{
			int			middle = (low + high) / 2;

			if (ids[middle] < scope_id)
				low = middle + 1;
			else
				high = middle;
		}
		return low < end && ids[low] == scope_id;
	}
}

static void
principal_key(RbacFactKey *fact_key, const RbacPrincipalKey *key)
{
	if (key->has_tenant)
		rbac_fact_key(fact_key, RBAC_FACT_PRINCIPAL, &key->user_id, &key->tenant_id);
	else
		rbac_fact_key(fact_key, RBAC_FACT_PRINCIPAL_EVERYWHERE, &key->user_id, NULL);
}

/* Is this moment one of those for which a principal's fact is true? */
static bool
is_in_bounds(const WrittenPrincipal *more, TimestampTz now)
{
	return now >= more->valid_from && now < more->valid_until;
}

static bool
fetch_departments(RbacPrincipal *principal, const WrittenPrincipal *more)
{
	const WrittenDepartment *written = (const WrittenDepartment *) (more + 1);

	principal->ndepartments = more->ndepartments;
	if (principal->ndepartments == 0)
		return true;
	principal->departments = palloc(sizeof(RbacDepartmentGrant) * principal->ndepartments);
	for (int i = 0; i < principal->ndepartments; i++)
	{
		principal->departments[i].department_id = written[i].department_id;
		if (!rbac_local_set(written[i].scopes, &principal->departments[i].scopes))
			return false;
	}
	return true;
}

/* Departments are in the current memory context, sets are the store's. */
bool
rbac_fetch_principal(const RbacPrincipalKey *key, TimestampTz now,
					 RbacPrincipal *principal, RbacProof *proof)
{
	RbacFactKey fact_key;
	RbacFact	fact;

	principal_key(&fact_key, key);
	if (!rbac_fact_find(&fact_key, &fact, proof))
		return false;

	memset(principal, 0, sizeof(*principal));
	principal->key = *key;
	principal->is_traceable = true;
	principal->user_exists = (fact.number & USER_EXISTS) != 0;
	principal->tenant_exists = (fact.number & TENANT_EXISTS) != 0;
	principal->holds_a_role = (fact.number & HOLDS_A_ROLE) != 0;
	principal->holds_everywhere = (fact.number & HOLDS_EVERYWHERE) != 0;
	principal->scopes_are_shared = true;
	principal->valid_from = DT_NOBEGIN;
	principal->valid_until = DT_NOEND;
	if (!rbac_local_set(fact.set, &principal->scopes))
		return false;

	if (fact.more != 0)
	{
		uint32		length;
		WrittenPrincipal *more = rbac_ring_get(fact.more, &length);
		bool		is_good;

		if (more == NULL)
			return false;
		principal->valid_from = more->valid_from;
		principal->valid_until = more->valid_until;
		is_good = is_in_bounds(more, now) && fetch_departments(principal, more);
		pfree(more);
		if (!is_good)
			return false;
	}
	rbac_counters->shared_hits++;
	return true;
}

void
rbac_post_principal(const RbacPrincipal *principal, const RbacProof *proof)
{
	RbacFact	fact;

	principal_key(&fact.key, &principal->key);
	fact.number = (principal->user_exists ? USER_EXISTS : 0) |
		(principal->tenant_exists ? TENANT_EXISTS : 0) |
		(principal->holds_a_role ? HOLDS_A_ROLE : 0) |
		(principal->holds_everywhere ? HOLDS_EVERYWHERE : 0);
	fact.more = 0;
	if (!put_set(principal->scopes, &fact.set))
		return;

	if (principal->valid_from != DT_NOBEGIN || principal->valid_until != DT_NOEND ||
		principal->ndepartments > 0)
	{
		WrittenPrincipal head = {principal->valid_from, principal->valid_until, principal->ndepartments};
		StringInfoData out;

		initStringInfo(&out);
		appendBinaryStringInfo(&out, (char *) &head, sizeof(head));
		for (int i = 0; i < principal->ndepartments; i++)
		{
			WrittenDepartment written = {.department_id = principal->departments[i].department_id};

			if (!put_set(principal->departments[i].scopes, &written.scopes))
				return;
			appendBinaryStringInfo(&out, (char *) &written, sizeof(written));
		}
		fact.more = rbac_ring_put(out.data, out.len);
		pfree(out.data);
		if (fact.more == 0)
			return;
	}
	rbac_fact_publish(&fact, proof);
}

static void
closure_key(RbacFactKey *key, int32 role_id)
{
	rbac_fact_key(key, RBAC_FACT_CLOSURE, NULL, NULL);
	memcpy(&key->a, &role_id, sizeof(role_id));
}

bool
rbac_fetch_closure(int32 role_id, RbacClosure *closure, RbacProof *proof)
{
	RbacFactKey key;
	RbacFact	fact;
	Bitmapset  *scopes;

	closure_key(&key, role_id);
	if (!rbac_fact_find(&key, &fact, proof) || !rbac_local_set(fact.set, &scopes))
		return false;

	memset(closure, 0, sizeof(*closure));
	closure->scopes = scopes;
	closure->is_traceable = true;
	closure->has_tenant = fact.more != 0;
	if (closure->has_tenant)
	{
		uint32		length;
		pg_uuid_t  *tenant_id = rbac_ring_get(fact.more, &length);

		if (tenant_id == NULL)
			return false;
		closure->tenant_id = *tenant_id;
		pfree(tenant_id);
	}
	return true;
}

void
rbac_post_closure(int32 role_id, const RbacClosure *closure, const RbacProof *proof)
{
	RbacFact	fact;

	closure_key(&fact.key, role_id);
	fact.number = 0;
	fact.more = 0;
	if (!put_set(closure->scopes, &fact.set))
		return;
	if (closure->has_tenant)
	{
		fact.more = rbac_ring_put(&closure->tenant_id, sizeof(pg_uuid_t));
		if (fact.more == 0)
			return;
	}
	rbac_fact_publish(&fact, proof);
}

/*
 * A scope's name is its key: by a hash and by its first bytes, which are all of
 * most names.  Longer ones are compared as a whole.
 */
static pg_attribute_hot void
scope_key(RbacFactKey *key, const char *name, int length)
{
	uint64		hash[2] = {hash_bytes_extended((const unsigned char *) name, length, 0), length};

	rbac_fact_key(key, RBAC_FACT_SCOPE, NULL, NULL);
	memcpy(&key->a, hash, sizeof(key->a));
	memcpy(&key->b, name, Min(length, (int) sizeof(key->b)));
}

pg_attribute_hot bool
rbac_fetch_scope_id(const char *name, int length, int32 *id, RbacProof *proof)
{
	RbacFactKey key;
	RbacFact	fact;

	scope_key(&key, name, length);
	if (!rbac_fact_find(&key, &fact, proof))
		return false;
	if (length > (int) sizeof(key.b))
	{
		uint32		written;
		const void *whole = rbac_ring_look(fact.more, &written);

		if (whole == NULL || written != (uint32) length || memcmp(whole, name, length) != 0 ||
			!rbac_ring_has(fact.more))
			return false;
	}
	*id = fact.number;
	return true;
}

void
rbac_post_scope_id(const char *name, int length, int32 id, const RbacProof *proof)
{
	RbacFact	fact;

	scope_key(&fact.key, name, length);
	fact.number = id;
	fact.set = 0;
	fact.more = length > (int) sizeof(fact.key.b) ? rbac_ring_put(name, length) : 0;
	rbac_fact_publish(&fact, proof);
}

bool
rbac_fetch_department_path(RbacDepartmentPath *path, RbacProof *proof)
{
	RbacFactKey key;
	RbacFact	fact;
	uint32		length = 0;

	rbac_fact_key(&key, RBAC_FACT_DEPARTMENT, &path->department_id, &path->tenant_id);
	if (!rbac_fact_find(&key, &fact, proof))
		return false;
	path->is_traceable = true;
	path->path = NULL;
	if (fact.more != 0 && (path->path = rbac_ring_get(fact.more, &length)) == NULL)
		return false;
	path->npath = length / sizeof(pg_uuid_t);
	return true;
}

void
rbac_post_department_path(const RbacDepartmentPath *path, const RbacProof *proof)
{
	RbacFact	fact;

	rbac_fact_key(&fact.key, RBAC_FACT_DEPARTMENT, &path->department_id, &path->tenant_id);
	fact.number = 0;
	fact.set = 0;
	fact.more = 0;
	if (path->npath > 0)
	{
		fact.more = rbac_ring_put(path->path, path->npath * sizeof(pg_uuid_t));
		if (fact.more == 0)
			return;
	}
	rbac_fact_publish(&fact, proof);
}

bool
rbac_fetch_dynamic_duty(bool *exists, RbacProof *proof)
{
	RbacFactKey key;
	RbacFact	fact;

	rbac_fact_key(&key, RBAC_FACT_DYNAMIC_DUTY, NULL, NULL);
	if (!rbac_fact_find(&key, &fact, proof))
		return false;
	*exists = fact.number != 0;
	return true;
}

void
rbac_post_dynamic_duty(bool exists, const RbacProof *proof)
{
	RbacFact	fact;

	rbac_fact_key(&fact.key, RBAC_FACT_DYNAMIC_DUTY, NULL, NULL);
	fact.number = exists;
	fact.set = 0;
	fact.more = 0;
	rbac_fact_publish(&fact, proof);
}

/*
 * Do any two roles exclude each other dynamically?  False if that is not known.
 * Asked whenever somebody says who is asking, so it is remembered with its proof.
 */
bool
rbac_cache_glance_at_duty(bool *exists)
{
	static bool is_remembered = false;
	static bool remembered;
	static RbacProof proof;

	if (!rbac_cache_may_glance())
		return false;
	if (!is_remembered || !rbac_proof_holds(&proof))
		is_remembered = rbac_fetch_dynamic_duty(&remembered, &proof);
	*exists = remembered;
	return is_remembered;
}

/*
 * Do the tables belong to one moment, and to a version of the extension that is
 * the library's?  True if that is proven without a look at the catalogs, which in
 * a new connection would cost more than all else; false says nothing.
 *
 * Any fact that holds proves it.  Whoever told it had read the global word, and
 * then found version, triggers and tables as they must be (look_at_messages, in
 * moment.c).  What changes any of that moves the word before it can be seen
 * (ddl.c): another version, the end of the extension, a table's new name, a
 * subscription that comes, or begins to copy.  That a subscription has done so does
 * not, but then nobody had anything to tell.  We look at a fact that hangs on no
 * other word, and is needed anyway by whoever says who is asking.
 */
bool
rbac_cache_vouches(void)
{
	bool		exists;

	return rbac_cache_glance_at_duty(&exists) || (RBAC_MUTANT("R5-vouch") && rbac_cache_may_glance());
}

/*
 * Whoever says who is asking is about to be asked about, and by then what they are
 * asked by lies far away again, with a thousand things done in between.  So the last
 * principal's fact is remembered with its proof, until something of it fails.
 */
static struct
{
	bool		is_known;
	RbacPrincipalKey key;
	RbacFact	fact;
	RbacProof	proof;
}			last_principal;

static pg_attribute_hot bool
find_principal(const RbacPrincipalKey *key, RbacFact *fact, RbacProof *proof)
{
	if (!last_principal.is_known ||
		memcmp(&last_principal.key, key, sizeof(*key)) != 0 ||
		!(rbac_proof_holds(&last_principal.proof) || RBAC_MUTANT("R5-last")))
	{
		RbacFactKey fact_key;

		principal_key(&fact_key, key);
		last_principal.key = *key;
		last_principal.is_known =
			rbac_fact_find(&fact_key, &last_principal.fact, &last_principal.proof);
	}
	*fact = last_principal.fact;
	*proof = last_principal.proof;
	return last_principal.is_known;
}

/* It does not say what we need, or not now: another one may have been told since. */
static bool
forget_principal(void)
{
	last_principal.is_known = false;
	return false;
}

/* The part of a principal's fact that its number holds, and its bounds. */
static pg_attribute_hot bool
glance_at_principal(const RbacPrincipalKey *key, TimestampTz now, RbacFact *fact, RbacGlance *glance)
{
	if (!find_principal(key, fact, &glance->proof))
		return false;

	glance->valid_from = DT_NOBEGIN;
	glance->valid_until = DT_NOEND;
	if (fact->more != 0)
	{
		uint32		written;
		const WrittenPrincipal *more = rbac_ring_look(fact->more, &written);
		WrittenPrincipal bounds;

		if (more == NULL)
			return forget_principal();
		bounds = *more;
		if (!rbac_ring_has(fact->more) || !is_in_bounds(&bounds, now))
			return forget_principal();
		glance->valid_from = bounds.valid_from;
		glance->valid_until = bounds.valid_until;
	}
	return true;
}

/* Are there such a user and such a tenant, and does the one hold a role in the other? */
void
rbac_cache_standing(const RbacPrincipalKey *key, TimestampTz now, RbacStanding *standing)
{
	RbacAttempt attempt = {0};
	RbacFact	fact;
	RbacGlance	glance;

	if (rbac_cache_may_glance() && glance_at_principal(key, now, &fact, &glance))
	{
		uint32		length;

		/*
		 * Whoever says who is asking will be asked about.  If this process has
		 * yet to pay for touching that memory, or to fetch it from far, better
		 * here than in their first check.
		 */
		if (fact.set != 0)
			(void) rbac_ring_look(fact.set, &length);
		standing->user_exists = (fact.number & USER_EXISTS) != 0;
		standing->tenant_exists = (fact.number & TENANT_EXISTS) != 0;
		standing->holds_a_role = (fact.number & HOLDS_A_ROLE) != 0;
		standing->holds_everywhere = (fact.number & HOLDS_EVERYWHERE) != 0;
		rbac_counters->shared_hits++;
		return;
	}
	do
	{
		const RbacPrincipal *principal;

		rbac_attempt_begin(&attempt, false);
		principal = rbac_cache_principal(key, now);
		standing->user_exists = principal->user_exists;
		standing->tenant_exists = principal->tenant_exists;
		standing->holds_a_role = principal->holds_a_role;
		standing->holds_everywhere = principal->holds_everywhere;
	} while (!rbac_attempt_stands(&attempt));
}

/*
 * The whole way of a check that all its facts are known for, without anything
 * of this backend's own: does the principal hold the scope in the whole tenant?
 * False if that is not known.  The two facts are true at once, because they
 * have been looked at one after the other with the same global word.
 */
pg_attribute_hot bool
rbac_cache_glance(const RbacPrincipalKey *key, const char *scope, int length,
				  TimestampTz now, RbacGlance *glance)
{
	RbacFact	fact;
	RbacProof	of_scope;
	int32		scope_id;

	if (!rbac_fetch_scope_id(scope, length, &scope_id, &of_scope))
		return false;
	if (!glance_at_principal(key, now, &fact, glance) ||
		glance->proof.value[RBAC_GLOBAL] != of_scope.value[RBAC_GLOBAL])
		return false;

	glance->held = false;
	if (fact.set != 0)
	{
		uint32		written;
		const void *set = rbac_ring_look(fact.set, &written);

		if (set == NULL)
			return forget_principal();
		glance->held = look_for_scope(set, written, scope_id);
		if (!rbac_ring_has(fact.set))
			return forget_principal();
	}
	rbac_counters->shared_hits++;
	return true;
}
