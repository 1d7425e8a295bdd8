/*
 * local.c
 *		What this backend keeps for itself.
 *
 * Principals, department paths, role closures and the ids of scopes, each in a
 * hash table, with how the truth of each is known (moment.h).  What all
 * backends share is looked at first in a check (rbac_cache_glance); this is for
 * what is not shared, and for those who need more than one bit.
 *
 * And what is asked about less often than scopes, and so is not for all backends
 * to share: the roles that somebody is authorized for, and what rooms above find
 * out (notions).
 *
 * What is dropped stays readable until the next rbac_cache_begin, because a
 * decision may hold pointers to it.  Outside of an attempt nothing is answered:
 * what was used would belong to no one moment.
 *
 * Bounded by MAX_LOCAL_BYTES: beyond that everything goes.
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "cache/attempt.h"
#include "cache/cache.h"
#include "cache/counters.h"
#include "cache/exchange.h"
#include "cache/load.h"
#include "cache/local.h"
#include "cache/moment.h"
#include "cache/signal.h"
#include "model/names.h"

#define MAX_LOCAL_BYTES (16 * 1024 * 1024)

/*
 * What a load needs for itself, kept from load to load: each scan of a B-tree
 * takes some 27 kB, and to get them from the operating system and give them
 * back costs more than the scan.
 */
#define SCRATCH_BYTES (256 * 1024)

typedef struct PrincipalEntry
{
	RbacPrincipalKey key;
	RbacKept	kept;
	RbacPrincipal principal;
} PrincipalEntry;

typedef struct DepartmentKey
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	department_id;
} DepartmentKey;

typedef struct DepartmentEntry
{
	DepartmentKey key;
	RbacKept	kept;
	RbacDepartmentPath path;
} DepartmentEntry;

typedef struct ClosureEntry
{
	int32		role_id;
	RbacKept	kept;
	RbacClosure closure;
} ClosureEntry;

typedef struct ScopeEntry
{
	char		name[RBAC_MAX_NAME_LENGTH + 1];
	RbacKept	kept;
	int32		id;				/* 0 if there is none */
} ScopeEntry;

typedef struct RolesEntry
{
	RbacPrincipalKey key;
	RbacKept	kept;
	RbacAuthorizedRoles roles;
} RolesEntry;

typedef struct NotionEntry
{
	RbacNotionKey key;
	RbacKept	kept;
	void	   *notion;
} NotionEntry;

typedef struct SetEntry
{
	RbacRingPosition position;
	Bitmapset  *set;
} SetEntry;

/* All that hangs on who holds what, and all that hangs on what roles mean. */
static MemoryContext assignments_context = NULL;
static HTAB *principals;
static HTAB *department_paths;
static HTAB *authorized_roles;
static RolesEntry *last_roles = NULL;	/* that was asked for: rows of one tenant come in a row */

static MemoryContext policy_context = NULL;
static HTAB *closures;
static HTAB *scope_ids;
static HTAB *notions;
static NotionEntry *last_notion = NULL;
static HTAB *sets;				/* copies of what lies in the ring */
static bool dynamic_duty_is_known;
static RbacKept dynamic_duty_kept;
static bool dynamic_duty_exists;

/* Parent of what was dropped since the decision began. */
static MemoryContext dropped_context = NULL;
static bool something_dropped = false;

/* Empty between loads. */
static MemoryContext scratch_context = NULL;

bool		rbac_local_is_too_much = false;

static MemoryContext
drop_context(MemoryContext context)
{
	if (context != NULL)
	{
		MemoryContextSetParent(context, dropped_context);
		something_dropped = true;
	}
	return NULL;
}

/* A principal's sets may be its roles' own, so policy takes it along. */
void
rbac_local_drop(int what)
{
	if (dropped_context == NULL)
		dropped_context = AllocSetContextCreate(TopMemoryContext, "rbac dropped", ALLOCSET_SMALL_SIZES);

	assignments_context = drop_context(assignments_context);
	last_roles = NULL;
	if (what & RBAC_POLICY)
	{
		last_notion = NULL;
		policy_context = drop_context(policy_context);
		dynamic_duty_is_known = false;
	}
	rbac_epoch++;
}

/* A decision begins: nobody can hold what was dropped before. */
void
rbac_local_reclaim(void)
{
	if (unlikely(something_dropped))
	{
		MemoryContextDeleteChildren(dropped_context);
		something_dropped = false;
	}
}

static HTAB *
create_table(const char *name, Size key, Size entry, int flags, MemoryContext context)
{
	HASHCTL		ctl = {.keysize = key, .entrysize = entry, .hcxt = context};

	return hash_create(name, 16, &ctl, HASH_ELEM | HASH_CONTEXT | flags);
}

static void
create_assignments(void)
{
	MemoryContext context;

	if (likely(assignments_context != NULL))
		return;
	context = AllocSetContextCreate(TopMemoryContext, "rbac assignments", ALLOCSET_DEFAULT_SIZES);
	principals = create_table("rbac principals", sizeof(RbacPrincipalKey),
							  sizeof(PrincipalEntry), HASH_BLOBS, context);
	department_paths = create_table("rbac department paths", sizeof(DepartmentKey),
									sizeof(DepartmentEntry), HASH_BLOBS, context);
	authorized_roles = create_table("rbac authorized roles", sizeof(RbacPrincipalKey),
									sizeof(RolesEntry), HASH_BLOBS, context);
	assignments_context = context;
}

static void
create_policy(void)
{
	MemoryContext context;

	if (likely(policy_context != NULL))
		return;
	context = AllocSetContextCreate(TopMemoryContext, "rbac policy", ALLOCSET_DEFAULT_SIZES);
	closures = create_table("rbac role closures", sizeof(int32),
							sizeof(ClosureEntry), HASH_BLOBS, context);
	scope_ids = create_table("rbac scope ids", RBAC_MAX_NAME_LENGTH + 1,
							 sizeof(ScopeEntry), HASH_STRINGS, context);
	notions = create_table("rbac notions", sizeof(RbacNotionKey),
						   sizeof(NotionEntry), HASH_BLOBS, context);
	sets = create_table("rbac sets", sizeof(RbacRingPosition), sizeof(SetEntry), HASH_BLOBS, context);
	policy_context = context;
}

/* How much is kept. */
Size
rbac_local_bytes(void)
{
	return (assignments_context ? MemoryContextMemAllocated(assignments_context, true) : 0) +
		(policy_context ? MemoryContextMemAllocated(policy_context, true) : 0);
}

/*
 * After a load: drop all at the next decision if it has become too much.  Not
 * before: one decision may need more than that, and would never end.
 */
static void
check_size(void)
{
	if (rbac_local_bytes() > MAX_LOCAL_BYTES)
		rbac_local_is_too_much = true;
}

/* An error may have left the last load's remains there. */
static MemoryContext
empty_scratch(void)
{
	if (scratch_context == NULL)
		scratch_context = AllocSetContextCreate(TopMemoryContext, "rbac load",
												SCRATCH_BYTES, SCRATCH_BYTES, ALLOCSET_DEFAULT_MAXSIZE);
	MemoryContextReset(scratch_context);
	return scratch_context;
}

/* May it be used?  Then this attempt relies on it. */
static inline bool
use(const RbacKept *kept)
{
	if (!rbac_kept_holds(kept))
		return false;
	rbac_rely_on(kept);
	return true;
}

/*
 * Others have found something out, and told.  Then it is proven, and this
 * attempt relies on it.
 */
static void
take(RbacKept *kept)
{
	kept->reader = 0;
	rbac_found_later(&kept->proof);
	rbac_rely_on(kept);
}

/*
 * Is this for all to know?  Not what is not there: who asks about made-up
 * tenants must not push out what others need.
 */
static inline bool
is_for_all(const RbacKept *kept)
{
	return rbac_mode == RBAC_SHARED && kept->reader == 0;
}

/*
 * A copy of a set that lies in the ring, one for all who have it.  False if it
 * does not lie there any more.
 */
bool
rbac_local_set(RbacRingPosition position, Bitmapset **set)
{
	SetEntry   *entry;
	uint32		length;
	void	   *data;
	MemoryContext old;

	*set = NULL;
	if (position == 0)
		return true;
	create_policy();
	entry = hash_search(sets, &position, HASH_FIND, NULL);
	if (entry == NULL)
	{
		if ((data = rbac_ring_get(position, &length)) == NULL)
			return false;
		old = MemoryContextSwitchTo(policy_context);
		*set = rbac_decode_set(data, length);
		MemoryContextSwitchTo(old);
		pfree(data);
		entry = hash_search(sets, &position, HASH_ENTER, NULL);
		entry->set = *set;
		check_size();
	}
	*set = entry->set;
	return true;
}

static bool
find_closure(int32 role_id, RbacClosure *closure, void *arg)
{
	ClosureEntry *entry = hash_search(closures, &role_id, HASH_FIND, NULL);
	RbacKept	kept;

	if (entry && use(&entry->kept))
	{
		*closure = entry->closure;
		return true;
	}
	if (!rbac_moment_takes_from_others() || !rbac_fetch_closure(role_id, closure, &kept.proof))
		return false;
	take(&kept);
	entry = hash_search(closures, &role_id, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->closure = *closure;
	return true;
}

static void
keep_closure(int32 role_id, RbacClosure *closure, void *arg)
{
	RbacLoad   *load = arg;
	MemoryContext old = MemoryContextSwitchTo(policy_context);
	ClosureEntry *entry;

	closure->scopes = bms_copy(closure->scopes);
	MemoryContextSwitchTo(old);
	entry = hash_search(closures, &role_id, HASH_ENTER, NULL);
	entry->closure = *closure;
	rbac_load_narrow(load, closure->has_tenant ? &closure->tenant_id : NULL,
					 closure->is_traceable, &entry->kept);
	rbac_rely_on(&entry->kept);
	if (is_for_all(&entry->kept))
		rbac_post_closure(role_id, closure, &entry->kept.proof);
}

static RbacClosureStore
closure_store(RbacLoad *load)
{
	RbacClosureStore store = {find_closure, keep_closure, load};

	return store;
}

/* What is loaded is in the current memory context. */
static RbacPrincipal *
load_principal(const RbacPrincipalKey *key, TimestampTz when, RbacKept *kept)
{
	RbacLoad	load;
	RbacClosureStore store = closure_store(&load);
	RbacPrincipal *principal;

	rbac_load_begin(&load, key->has_tenant ? &key->tenant_id : NULL, &key->user_id);
	create_assignments();
	create_policy();
	principal = rbac_load_principal(load.reader, key, when, &store);
	rbac_load_end(&load);
	rbac_counters->loads++;

	*kept = load.kept;
	if (!principal->is_traceable && rbac_mode == RBAC_SHARED)
		rbac_load_narrow(&load, key->has_tenant ? &key->tenant_id : NULL, false, kept);
	rbac_rely_on(kept);
	return principal;
}

/* What this user holds in this tenant.  Never NULL. */
const RbacPrincipal *
rbac_cache_principal(const RbacPrincipalKey *key, TimestampTz now)
{
	PrincipalEntry *entry;
	RbacPrincipal found;
	RbacPrincipal *loaded;
	RbacKept	kept;
	MemoryContext old;

	Assert(rbac_moment_in_attempt());
	create_assignments();
	entry = hash_search(principals, key, HASH_FIND, NULL);
	if (likely(entry && now >= entry->principal.valid_from && now < entry->principal.valid_until &&
			   use(&entry->kept)))
	{
		rbac_counters->local_hits++;
		return &entry->principal;
	}

	if (rbac_moment_takes_from_others())
	{
		bool		is_known;

		old = MemoryContextSwitchTo(assignments_context);
		is_known = rbac_fetch_principal(key, now, &found, &kept.proof);
		MemoryContextSwitchTo(old);
		if (is_known)
		{
			take(&kept);
			entry = hash_search(principals, key, HASH_ENTER, NULL);
			entry->kept = kept;
			entry->principal = found;
			check_size();
			return &entry->principal;
		}
	}

	old = MemoryContextSwitchTo(empty_scratch());
	loaded = load_principal(key, now, &kept);
	if (is_for_all(&kept) && loaded->user_exists && loaded->tenant_exists)
		rbac_post_principal(loaded, &kept.proof);

	/* a load may have dropped what was kept */
	create_assignments();
	MemoryContextSwitchTo(assignments_context);
	found = *loaded;
	if (!found.scopes_are_shared)
		found.scopes = bms_copy(loaded->scopes);
	if (found.ndepartments > 0)
	{
		Size		size = sizeof(RbacDepartmentGrant) * found.ndepartments;

		found.departments = palloc(size);
		memcpy(found.departments, loaded->departments, size);
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(scratch_context);

	entry = hash_search(principals, key, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->principal = found;
	check_size();
	return &entry->principal;
}

/*
 * What this user will hold in this tenant at another moment, if nothing changes
 * until then.  In the current memory context; nothing of it is kept.
 */
const RbacPrincipal *
rbac_cache_principal_when(const RbacPrincipalKey *key, TimestampTz when)
{
	RbacKept	kept;

	Assert(rbac_moment_in_attempt());
	return load_principal(key, when, &kept);
}

/* Where a department of a tenant lies.  Never NULL; npath is 0 if there is no such one. */
const RbacDepartmentPath *
rbac_cache_department_path(const pg_uuid_t *tenant_id, const pg_uuid_t *department_id)
{
	DepartmentKey key = {*tenant_id, *department_id};
	DepartmentEntry *entry;
	RbacDepartmentPath found = {.tenant_id = *tenant_id,.department_id = *department_id};
	RbacKept	kept;
	RbacLoad	load;
	MemoryContext old;
	pg_uuid_t  *path;

	Assert(rbac_moment_in_attempt());
	create_assignments();
	entry = hash_search(department_paths, &key, HASH_FIND, NULL);
	if (likely(entry && use(&entry->kept)))
		return &entry->path;

	if (rbac_moment_takes_from_others())
	{
		bool		is_known;

		old = MemoryContextSwitchTo(assignments_context);
		is_known = rbac_fetch_department_path(&found, &kept.proof);
		MemoryContextSwitchTo(old);
		if (is_known)
		{
			take(&kept);
			entry = hash_search(department_paths, &key, HASH_ENTER, NULL);
			entry->kept = kept;
			entry->path = found;
			check_size();
			return &entry->path;
		}
	}

	old = MemoryContextSwitchTo(empty_scratch());
	rbac_load_begin(&load, tenant_id, NULL);
	rbac_load_department_path(load.reader, &found);
	rbac_load_end(&load);
	rbac_load_narrow(&load, tenant_id, found.is_traceable, &kept);
	rbac_rely_on(&kept);
	if (is_for_all(&kept) && found.npath > 0)
		rbac_post_department_path(&found, &kept.proof);
	create_assignments();
	path = MemoryContextAlloc(assignments_context, sizeof(pg_uuid_t) * Max(found.npath, 1));
	memcpy(path, found.path, sizeof(pg_uuid_t) * found.npath);
	found.path = path;
	MemoryContextSwitchTo(old);

	entry = hash_search(department_paths, &key, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->path = found;
	check_size();
	return &entry->path;
}

/*
 * The tenant of a role, whose word is to be watched while the role is loaded.
 * What it was a moment ago is good enough: if it is another one then, the load
 * finds out.
 */
static bool
guess_tenant(int32 role_id, pg_uuid_t *tenant_id)
{
	RbacReader *reader = rbac_read_begin_lazily();
	bool		has_tenant = false;

	(void) rbac_read_role(reader, role_id, &has_tenant, tenant_id, NULL);
	rbac_read_end(reader);
	return has_tenant;
}

/* The scopes of a role and of all that it inherits. */
const Bitmapset *
rbac_cache_role_scopes(int32 role_id)
{
	RbacLoad	load;
	RbacClosureStore store = closure_store(&load);
	RbacClosure closure;
	pg_uuid_t	tenant_id;
	bool		has_tenant;

	Assert(rbac_moment_in_attempt());
	create_policy();
	if (find_closure(role_id, &closure, NULL))
		return closure.scopes;

	has_tenant = rbac_moment_takes_from_others() && guess_tenant(role_id, &tenant_id);
	rbac_load_begin(&load, has_tenant ? &tenant_id : NULL, NULL);
	create_policy();
	rbac_load_closure(load.reader, role_id, &store, &closure);
	rbac_load_end(&load);
	check_size();
	return closure.scopes;
}

/* A scope's id, or 0 if there is no scope of that name. */
int32
rbac_cache_scope_id(const char *name, int length)
{
	char		key[RBAC_MAX_NAME_LENGTH + 1] = {0};
	ScopeEntry *entry;
	RbacKept	kept;
	RbacLoad	load;
	int32		id = 0;

	Assert(rbac_moment_in_attempt());
	/* scope tokens are ASCII, so bytes are characters */
	if (length > RBAC_MAX_NAME_LENGTH)
		return 0;
	memcpy(key, name, length);

	create_policy();
	entry = hash_search(scope_ids, key, HASH_FIND, NULL);
	if (likely(entry && use(&entry->kept)))
		return entry->id;

	if (rbac_moment_takes_from_others() && rbac_fetch_scope_id(name, length, &id, &kept.proof))
		take(&kept);
	else
	{
		rbac_load_begin(&load, NULL, NULL);
		/* nobody holds one that our rules would not have let in */
		if (!rbac_read_scope_id(load.reader, name, length, &id) || id < 0 || id > RBAC_MAX_SCOPE_ID)
			id = 0;
		rbac_load_end(&load);
		kept = load.kept;
		rbac_rely_on(&kept);
		if (is_for_all(&kept) && id != 0)
			rbac_post_scope_id(name, length, id, &kept.proof);
	}

	/* names that are no scopes' are without end: they must not fill us up */
	if (id == 0 && rbac_local_is_too_much)
		return 0;

	create_policy();
	entry = hash_search(scope_ids, key, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->id = id;
	check_size();
	return id;
}

/* Do any two roles exclude each other dynamically? */
bool
rbac_cache_has_dynamic_duty(void)
{
	RbacLoad	load;

	Assert(rbac_moment_in_attempt());
	if (likely(dynamic_duty_is_known && use(&dynamic_duty_kept)))
		return dynamic_duty_exists;

	if (rbac_moment_takes_from_others() &&
		rbac_fetch_dynamic_duty(&dynamic_duty_exists, &dynamic_duty_kept.proof))
		take(&dynamic_duty_kept);
	else
	{
		rbac_load_begin(&load, NULL, NULL);
		dynamic_duty_exists = rbac_read_any_conflict(load.reader, "dynamic");
		rbac_load_end(&load);
		dynamic_duty_kept = load.kept;
		rbac_rely_on(&dynamic_duty_kept);
		if (is_for_all(&dynamic_duty_kept))
			rbac_post_dynamic_duty(dynamic_duty_exists, &dynamic_duty_kept.proof);
	}
	dynamic_duty_is_known = true;
	return dynamic_duty_exists;
}

/*
 * The roles that this user is authorized for in this tenant.  Never NULL.
 *
 * They follow from what a principal follows from, but for departments and
 * permissions.
 */
const RbacAuthorizedRoles *
rbac_cache_authorized_roles(const RbacPrincipalKey *key, TimestampTz now)
{
	const pg_uuid_t *tenant_id = key->has_tenant ? &key->tenant_id : NULL;
	RolesEntry *entry;
	RbacAuthorizedRoles found;
	RbacKept	kept;
	RbacLoad	load;
	MemoryContext old;
	int32	   *role;

	Assert(rbac_moment_in_attempt());
	create_assignments();
	entry = last_roles;
	if (entry == NULL || memcmp(&entry->key, key, sizeof(*key)) != 0)
		last_roles = entry = hash_search(authorized_roles, key, HASH_FIND, NULL);
	if (likely(entry && now >= entry->roles.valid_from && now < entry->roles.valid_until &&
			   use(&entry->kept)))
		return &entry->roles;

	old = MemoryContextSwitchTo(empty_scratch());
	rbac_load_begin(&load, tenant_id, &key->user_id);
	found = *rbac_load_authorized_roles(load.reader, key, now);
	rbac_load_end(&load);
	kept = load.kept;
	if (!found.is_traceable && rbac_mode == RBAC_SHARED)
		rbac_load_narrow(&load, tenant_id, false, &kept);
	rbac_rely_on(&kept);

	/* a load may have dropped what was kept */
	create_assignments();
	role = MemoryContextAlloc(assignments_context, sizeof(int32) * Max(found.nroles, 1));
	if (found.nroles > 0)
		memcpy(role, found.role, sizeof(int32) * found.nroles);
	found.role = role;
	MemoryContextSwitchTo(old);

	entry = hash_search(authorized_roles, key, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->roles = found;
	check_size();
	return &entry->roles;
}

/* What find finds out about key, which may have been found out before.  Never NULL. */
const void *
rbac_cache_notion(const RbacNotionKey *key, RbacNotionFinder find)
{
	const pg_uuid_t *tenant_id = key->has_tenant ? &key->tenant_id : NULL;
	NotionEntry *entry;
	RbacKept	kept;
	RbacLoad	load;
	MemoryContext old;
	void	   *found;
	void	   *notion;
	Size		size = 0;
	bool		is_traceable = true;

	Assert(rbac_moment_in_attempt());
	create_policy();
	entry = last_notion;
	if (entry == NULL || memcmp(&entry->key, key, sizeof(*key)) != 0)
		last_notion = entry = hash_search(notions, key, HASH_FIND, NULL);
	if (likely(entry && use(&entry->kept)))
		return entry->notion;

	old = MemoryContextSwitchTo(empty_scratch());
	rbac_load_begin(&load, tenant_id, NULL);
	found = find(load.reader, key, &size, &is_traceable);
	rbac_load_end(&load);
	rbac_load_narrow(&load, tenant_id, is_traceable, &kept);
	rbac_rely_on(&kept);

	/* a load may have dropped what was kept */
	create_policy();
	notion = MemoryContextAlloc(policy_context, size);
	memcpy(notion, found, size);
	MemoryContextSwitchTo(old);

	entry = hash_search(notions, key, HASH_ENTER, NULL);
	entry->kept = kept;
	entry->notion = notion;
	check_size();
	return notion;
}
