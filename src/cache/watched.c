/*
 * watched.c
 *		Will we be told of changes?
 *
 * Only if the triggers that tell of them stand on each table as they were made,
 * and every write to the table fires them: a write through a table that ours
 * inherits from, or is a partition of, fires no trigger for its statement.
 *
 * Kept for the backend's life.  Whatever changes this arrives as a relcache
 * message (signal.c) and makes the next caller look anew.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "cache/concern.h"
#include "cache/signal.h"
#include "cache/watched.h"
#include "model/model.h"

#define MAX_ARGUMENTS	12

typedef struct Watched
{
	RbacTable	table;
	const char *arguments[MAX_ARGUMENTS];	/* of its row trigger */
} Watched;

/* As cache.sql makes them. */
static const Watched watched[] = {
	{RBAC_TENANTS, {"assignments", "tenant", "id", "id", "is_active"}},
	{RBAC_USERS, {"assignments", "user", "id", "id", "is_active"}},
	{RBAC_DEPARTMENTS, {"assignments", "tenant", "tenant_id", "id", "tenant_id", "parent_id"}},
	{RBAC_USER_ROLES, {"assignments", "user", "user_id",
	"user_id", "role_id", "tenant_id", "department_id", "valid_from", "valid_until"}},
	{RBAC_SCOPES, {"policy", "everybody", "", "id", "name"}},
	{RBAC_PERMISSION_SCOPES, {"policy", "everybody", "", "permission_id", "scope_id"}},
	{RBAC_ROLES, {"policy", "tenant", "tenant_id", "id", "tenant_id"}},
	{RBAC_ROLE_PERMISSIONS, {"policy", "role", "role_id", "role_id", "permission_id"}},
	{RBAC_ROLE_INHERITS, {"policy", "role", "role_id", "role_id", "inherits_role_id"}},
	{RBAC_ROLE_CONFLICTS, {"policy", "everybody", "", "kind", "role_a", "role_b"}},
	{RBAC_WORKFLOWS, {"policy", "tenant", "tenant_id", "id", "tenant_id", "name", "initial_status_id"}},
	{RBAC_TASK_TYPES, {"policy", "everybody", "", "id", "workflow_id"}},
	{RBAC_WORKFLOW_TRANSITIONS, {"policy", "workflow", "workflow_id",
	"workflow_id", "from_status_id", "to_status_id", "required_scope_id", "approver_role_id",
	"only_assignee", "only_creator", "not_creator"}}
};

static bool is_known = false;
static bool all_stand = false;
static const char *unsound_table = NULL;

/* Has it all of these arguments and no others?  A statement's has the first. */
static bool
has_arguments(const Trigger *trigger, const char *const *arguments, bool for_row)
{
	int			n = 0;

	while (n < MAX_ARGUMENTS && arguments[n] != NULL && (for_row || n < 1))
	{
		if (n >= trigger->tgnargs || strcmp(trigger->tgargs[n], arguments[n]) != 0)
			return false;
		n++;
	}
	return trigger->tgnargs == n;
}

/*
 * Do three triggers of ours stand on this table as they were made: always fired,
 * unconditional, for every kind of write?
 */
static bool
stands(const Watched *one, Oid note_change)
{
	const int16 statement_events = TRIGGER_TYPE_BEFORE | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE | TRIGGER_TYPE_TRUNCATE;
	const int16 end_events = TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;
	const int16 row_events = TRIGGER_TYPE_ROW | TRIGGER_TYPE_INSERT |
		TRIGGER_TYPE_UPDATE | TRIGGER_TYPE_DELETE;
	Oid			relid = rbac_catalog()->table[one->table];
	Relation	table;
	TriggerDesc *triggers;
	bool		statement = false;
	bool		end = false;
	bool		row = false;
	bool		is_alone;

	if (!OidIsValid(relid))
		return false;
	table = table_open(relid, AccessShareLock);
	triggers = table->trigdesc;
	is_alone = !has_superclass(relid);

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		Trigger    *trigger = &triggers->triggers[i];

		if (trigger->tgfoid != note_change ||
			trigger->tgenabled != TRIGGER_FIRES_ALWAYS ||
			trigger->tgqual != NULL || trigger->tgnattr != 0 ||
			!has_arguments(trigger, one->arguments, TRIGGER_FOR_ROW(trigger->tgtype)))
			continue;
		if (trigger->tgtype == statement_events)
			statement = true;
		else if (trigger->tgtype == end_events)
			end = true;
		else if (trigger->tgtype == row_events)
			row = true;
	}
	table_close(table, AccessShareLock);
	return statement && end && row && is_alone;
}

/* Whoever asks may lack USAGE on our schema: they are not asked. */
static Oid
find_note_change(void)
{
	oidvector  *no_arguments = buildoidvector(NULL, 0);

	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
						   CStringGetDatum("_note_change"), PointerGetDatum(no_arguments),
						   ObjectIdGetDatum(rbac_catalog()->namespace));
}

static void
look(void)
{
	Oid			note_change = find_note_change();
	bool		signals_exist = rbac_signal_find();
	bool		sound = signals_exist && OidIsValid(note_change);

	/*
	 * A message that arrives while we look makes us look again next time.  What
	 * is not there cannot say that it has come.
	 */
	is_known = signals_exist;
	unsound_table = NULL;
	for (int i = 0; sound && i < (int) lengthof(watched); i++)
	{
		sound = stands(&watched[i], note_change);
		if (!sound)
			unsound_table = rbac_table_name(watched[i].table);
	}
	all_stand = sound;
}

/* Something may have changed. */
void
rbac_watched_look_anew(void)
{
	is_known = false;
}

/* Will we be told of changes?  Accept messages before. */
bool
rbac_watched_all(void)
{
	if (unlikely(!is_known))
		look();
	return all_stand && is_known;
}

/* The first table whose triggers are not as they were made; NULL if none is. */
const char *
rbac_watched_unsound_table(void)
{
	return unsound_table;
}
