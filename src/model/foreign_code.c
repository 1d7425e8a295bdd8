/*
 * foreign_code.c
 *		Triggers of others on our tables.
 *
 * Our functions write as the tables' owner, and so does every trigger that
 * their statements fire.  Who has the privilege TRIGGER on one of the tables
 * could thus do anything as the owner: PostgreSQL means that privilege for who
 * is trusted as much.  We do not rely on it, and write nothing while a
 * trigger, or its WHEN condition, would run a function of somebody who does
 * not have the owner's rights anyway.
 *
 * The verdict is kept until tables, functions, types or roles change.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "utils/acl.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "model/model.h"

/* There was no foreign code when the catalog's serial was this. */
static bool none_is_known = false;
static uint64 none_serial;

/* Flags only: it may run in an aborted transaction. */
static void
rights_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	none_is_known = false;
}

void
rbac_foreign_code_init(void)
{
	CacheRegisterSyscacheCallback(PROCOID, rights_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, rights_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, rights_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, rights_changed, (Datum) 0);
}

/* Has this role the rights of the tables' owner anyway? */
static bool
is_as_good_as_owner(Oid roleid)
{
	return superuser_arg(roleid) || has_privs_of_role(roleid, rbac_catalog()->owner);
}

/* The owner of a function or a type, or InvalidOid if it is as good as ours. */
static Oid
foreign_owner(int cacheid, Oid object)
{
	HeapTuple	tuple = SearchSysCache1(cacheid, ObjectIdGetDatum(object));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		return InvalidOid;		/* gone: it cannot run */
	owner = cacheid == PROCOID
		? ((Form_pg_proc) GETSTRUCT(tuple))->proowner
		: ((Form_pg_type) GETSTRUCT(tuple))->typowner;
	ReleaseSysCache(tuple);
	return is_as_good_as_owner(owner) ? InvalidOid : owner;
}

static bool
function_is_foreign(Oid function, void *owner)
{
	*(Oid *) owner = foreign_owner(PROCOID, function);
	return OidIsValid(*(Oid *) owner);
}

static bool
runs_foreign_code(Node *node, void *owner)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, function_is_foreign, owner))
		return true;
	if (IsA(node, CoerceToDomain))
	{
		*(Oid *) owner = foreign_owner(TYPEOID, ((CoerceToDomain *) node)->resulttype);
		if (OidIsValid(*(Oid *) owner))
			return true;
	}
	return expression_tree_walker(node, runs_foreign_code, owner);
}

static Oid
owner_of_foreign_code(const Trigger *trigger)
{
	Oid			owner = InvalidOid;

	if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED)
		return InvalidOid;
	if (!function_is_foreign(trigger->tgfoid, &owner) && trigger->tgqual)
		(void) runs_foreign_code(stringToNode(trigger->tgqual), &owner);
	return owner;
}

/*
 * For who is about to write to this one table as the owner, and has locked it.
 * The verdict is not kept.
 */
void
rbac_refuse_foreign_triggers_on(Oid relid)
{
	Relation	table = table_open(relid, AccessShareLock);
	const TriggerDesc *triggers = table->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		Oid			owner = owner_of_foreign_code(trigger);

		if (OidIsValid(owner))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("table \"rbac.%s\" has a trigger of \"%s\", which would run with the rights of the table's owner",
							RelationGetRelationName(table), GetUserNameFromId(owner, false)),
					 errdetail("Nothing is written by way of functions while trigger \"%s\" is there.",
							   trigger->tgname),
					 errhint("Drop the trigger, or let its functions belong to the owner of the table; REVOKE TRIGGER ON rbac.%s from whoever should not have it.",
							 RelationGetRelationName(table))));
	}
	table_close(table, AccessShareLock);
}

/*
 * For who is about to write as the owner, and has locked what is to be
 * written, so that no trigger can be added any more.
 */
void
rbac_refuse_foreign_triggers(void)
{
	AcceptInvalidationMessages();
	if (none_is_known && none_serial == rbac_catalog_serial())
		return;

	/* what changes while we look will make us look again */
	none_is_known = true;
	none_serial = rbac_catalog_serial();
	PG_TRY();
	{
		for (int i = 0; i < RBAC_NUM_TABLES; i++)
		{
			if (OidIsValid(rbac_catalog()->table[i]))
				rbac_refuse_foreign_triggers_on(rbac_catalog()->table[i]);
		}
	}
	PG_CATCH();
	{
		none_is_known = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
}
