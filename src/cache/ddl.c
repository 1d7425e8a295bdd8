/*
 * ddl.c
 *		Noticing what happens to our tables behind their triggers' back.
 *
 * DDL on our tables and their triggers, the end of the extension, a
 * subscription that comes: any of these may change what answers follow from,
 * without a row trigger to say so.  PostgreSQL's object access hook is told of
 * all of them, once it has been found that whoever does it may; a transaction
 * that does such a thing moves the global word.  (Of TRUNCATE it is told before,
 * and so by anybody.  There is a trigger for that.)  So while the word stays as it
 * was, so do the version of the extension, the tables and their triggers, and no
 * subscription begins to copy: rbac_cache_vouches (exchange.c) relies on that.
 *
 * Databases come and go with their oids, and an oid may come back: making or
 * dropping one moves the global word of that database.
 *
 * Only where the library is preloaded, and so in every backend: nobody's DDL is
 * missed.  Elsewhere there is no shared memory, and the relcache messages that
 * DDL sends are enough (signal.c), but for the moment between its becoming
 * visible and their being sent, before its COMMIT has returned: whoever changes
 * rows while they have switched off our triggers is then seen a moment late.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_database.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_subscription.h"
#include "catalog/pg_trigger.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "cache/changes.h"
#include "cache/ddl.h"
#include "cache/signal.h"
#include "cache/testing.h"
#include "model/model.h"

static object_access_hook_type next_hook = NULL;

static bool
is_our_relation(Oid relid)
{
	Oid			namespace;

	if (rbac_catalog_is_ours(relid))
		return true;
	namespace = get_rel_namespace(relid);
	return OidIsValid(namespace) && namespace == get_namespace_oid("rbac", true);
}

/* The table of a trigger that may be as new as this command. */
static Oid
table_of_trigger(Oid trigger_id)
{
	Relation	triggers = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger_id));
	scan = systable_beginscan(triggers, TriggerOidIndexId, true, SnapshotSelf, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		result = ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid;
	systable_endscan(scan);
	table_close(triggers, AccessShareLock);
	return result;
}

/*
 * The extension gets another version.  Whoever has compared it with the
 * library's must do so again; a message about one of our tables makes them.
 */
static void
tell_of_version(Oid extension_id)
{
	Oid			table;

	if (extension_id != get_extension_oid("rbac", true))
		return;
	table = get_relname_relid(rbac_table_name(RBAC_USER_ROLES), get_namespace_oid("rbac", true));
	if (OidIsValid(table))
		CacheInvalidateRelcacheByRelid(table);
}

static bool
concerns_us(Oid class_id, Oid object_id)
{
	switch (class_id)
	{
		case RelationRelationId:
		case InheritsRelationId:	/* of the child */
			return is_our_relation(object_id);
		case TriggerRelationId:
			return is_our_relation(table_of_trigger(object_id));
		case ExtensionRelationId:
		case SubscriptionRelationId:
			return true;
		default:
			return false;
	}
}

static void
object_accessed(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_hook)
		next_hook(access, class_id, object_id, sub_id, arg);

	if (access != OAT_POST_CREATE && access != OAT_POST_ALTER && access != OAT_DROP)
		return;
	if (RBAC_MUTANT("W2-ddl") || IsBootstrapProcessingMode())
		return;

	if (class_id == DatabaseRelationId)
	{
		if (access != OAT_POST_ALTER)
			rbac_change_everything(object_id);
	}
	else if (OidIsValid(MyDatabaseId) && concerns_us(class_id, object_id))
		rbac_signal_upheaval();
	if (class_id == ExtensionRelationId && access == OAT_POST_ALTER)
		tell_of_version(object_id);
}

void
rbac_ddl_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_hook = object_access_hook;
	object_access_hook = object_accessed;
}
