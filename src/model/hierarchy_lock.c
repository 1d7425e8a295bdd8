/*
 * hierarchy_lock.c
 *		Who waits for whom while roles change what they reach or exclude.
 *
 * A role of a tenant is assigned there alone, and reaches roles of its tenant
 * and shared ones; a shared role reaches shared ones.  So what a tenant does to
 * its own roles is felt in that tenant, and nobody else need wait for it:
 *
 *		                          shared    every    tenant
 *		change shared roles       Exclusive
 *		change a tenant's roles   Share     Share    Exclusive
 *		assign in every tenant    Share     RowExcl
 *		assign in a tenant        Share              Share
 *
 * The column "every" is for a shared role that somebody holds in every tenant,
 * and so in the tenant too whose role comes to exclude it.  Its modes
 * let changes of two tenants pass each other, and two assignments, but no
 * change an assignment.
 *
 * All are held until the transaction ends, and taken in one order: shared,
 * tenants, every.  They are not the tables' own locks: a writer holds
 * RowExclusiveLock on those already, and two writers that both want more would
 * deadlock.  They are locks on "columns" of role_inherits, which nothing else
 * ever locks.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "storage/lmgr.h"

#include "model/model.h"

#define SHARED_ROLES 1
#define EVERY_TENANT 2
#define FIRST_TENANT 3

/*
 * Tenants share this many locks, so that one statement that assigns roles in a
 * hundred thousand tenants does not ask for a hundred thousand locks.
 */
#define TENANT_LOCKS 512

static void
take(uint16 which, LOCKMODE mode)
{
	LockDatabaseObject(RelationRelationId, rbac_catalog()->table[RBAC_ROLE_INHERITS], which, mode);
}

static uint16
lock_of_tenant(const pg_uuid_t *tenant_id)
{
	return FIRST_TENANT + DatumGetUInt32(hash_any(tenant_id->data, UUID_LEN)) % TENANT_LOCKS;
}

/* The lock of the role's tenant, SHARED_ROLES for a shared role. */
static uint16
lock_of_role(RbacReader *reader, int32 role_id)
{
	bool		has_tenant;
	pg_uuid_t	tenant_id;

	/* one that is not there cannot be told from any: that counts as shared */
	if (!rbac_read_role(reader, role_id, &has_tenant, &tenant_id, NULL) || !has_tenant)
		return SHARED_ROLES;
	return lock_of_tenant(&tenant_id);
}

/*
 * For who changes what this role reaches, after the row is written.
 */
void
rbac_lock_to_inherit(int32 senior_id)
{
	rbac_lock_to_exclude(senior_id, senior_id);
}

/*
 * For who says that two roles exclude each other, after the row is written.
 * They can meet only in the tenant of whichever has one.
 */
void
rbac_lock_to_exclude(int32 role_a, int32 role_b)
{
	RbacReader *reader;
	uint16		a;
	uint16		b;

	/* A role never moves, so its tenant can be read before the lock. */
	CommandCounterIncrement();
	reader = rbac_read_begin();
	a = lock_of_role(reader, role_a);
	b = lock_of_role(reader, role_b);
	rbac_read_end(reader);

	if (Max(a, b) == SHARED_ROLES)
	{
		take(SHARED_ROLES, ExclusiveLock);
		return;
	}
	take(SHARED_ROLES, ShareLock);
	if (Min(a, b) != SHARED_ROLES && a != b)
		take(Min(a, b), ExclusiveLock);
	take(Max(a, b), ExclusiveLock);
	take(EVERY_TENANT, ShareLock);
}

/*
 * For who assigns a role and relies on what roles reach and exclude.
 * tenant_id NULL: in every tenant.
 */
void
rbac_lock_to_assign(const pg_uuid_t *tenant_id)
{
	take(SHARED_ROLES, ShareLock);
	if (tenant_id)
		take(lock_of_tenant(tenant_id), ShareLock);
	else
		take(EVERY_TENANT, RowExclusiveLock);
}
