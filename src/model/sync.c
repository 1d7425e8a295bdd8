/*
 * sync.c
 *		Are our tables whole, if they are filled from elsewhere?
 *
 * The initial copy of a logical subscription commits table by table, so until
 * all of our tables are ready they belong to no single moment: a revoke may be
 * there and its grant not yet, or a role without what it lost.  Whoever reads
 * the tables for a decision asks here, and denies while they are not in sync.
 *
 * Kept for the backend's life.  Every change of pg_subscription_rel arrives as
 * a syscache message, every change of our tables' oids moves the catalog's
 * serial; accept what is pending before asking.  No locks.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_subscription_rel.h"
#include "utils/catcache.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "model/model.h"

static bool sync_is_known = false;
static uint64 known_at_serial = 0;
static bool tables_are_in_sync = false;
static bool tables_are_subscribed = false;

/* Flags only: it may run in an aborted transaction. */
static void
subscriptions_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	sync_is_known = false;
}

void
rbac_sync_init(void)
{
	CacheRegisterSyscacheCallback(SUBSCRIPTIONRELMAP, subscriptions_changed, (Datum) 0);
}

static void
look_at_subscriptions_of(Oid relid)
{
	CatCList   *subscriptions;

	if (!OidIsValid(relid))
		return;
	subscriptions = SearchSysCacheList1(SUBSCRIPTIONRELMAP, ObjectIdGetDatum(relid));
	for (int i = 0; i < subscriptions->n_members; i++)
	{
		HeapTuple	tuple = &subscriptions->members[i]->tuple;

		tables_are_subscribed = true;
		if (((Form_pg_subscription_rel) GETSTRUCT(tuple))->srsubstate != SUBREL_STATE_READY)
			tables_are_in_sync = false;
	}
	ReleaseSysCacheList(subscriptions);
}

/* The marks are one of our tables here: they prove what the others have. */
static void
look_at_subscriptions(void)
{
	do
	{
		const RbacCatalog *catalog = rbac_catalog();

		/* a message that arrives while we look makes us look once more */
		sync_is_known = true;
		known_at_serial = rbac_catalog_serial();
		tables_are_in_sync = true;
		tables_are_subscribed = false;
		for (int i = 0; i < RBAC_NUM_TABLES; i++)
			look_at_subscriptions_of(catalog->table[i]);
		look_at_subscriptions_of(rbac_revisions_table());
	} while (!sync_is_known || known_at_serial != rbac_catalog_serial());
}

static inline void
make_known(void)
{
	if (unlikely(!sync_is_known || known_at_serial != rbac_catalog_serial()))
		look_at_subscriptions();
}

/*
 * Do our tables belong to one moment?  Always, unless a subscription is still
 * copying one of them.  While this is false, nobody has any scope and nothing
 * that was read may be kept.
 *
 * Raises 55000 if the extension is missing or of another version.
 */
bool
rbac_model_in_sync(void)
{
	make_known();
	return tables_are_in_sync;
}

/* Does a subscription, enabled or not, write one of our tables? */
bool
rbac_model_is_subscribed(void)
{
	make_known();
	return tables_are_subscribed;
}
