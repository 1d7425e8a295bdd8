/*
 * describe.c
 *		Tasks, steps and who may take them, in words.
 *
 * By names, not ids.  What all tenants share may be told to anybody; what a
 * tenant's own workflow says, to those who belong to the tenant.
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "admin/admin.h"
#include "workflow/describe.h"
#include "workflow/read.h"

/* More would not be read. */
#define MAX_LISTED 8

/* "bug", or 7 if there is no such type */
char *
rbac_type_text(int32 task_type)
{
	RbacReader *reader = rbac_read_begin();
	char	   *name;
	bool		found = rbac_read_task_type(reader, task_type, NULL, &name);

	rbac_read_end(reader);
	return found ? psprintf("\"%s\"", name) : psprintf("%d", task_type);
}

static char *
status_text(RbacReader *reader, int32 status)
{
	char	   *name = rbac_read_status_name(reader, status);

	return name ? psprintf("\"%s\"", name) : psprintf("status %d", status);
}

/* "In Progress", or status 7 if there is no such one */
char *
rbac_status_text(int32 status)
{
	RbacReader *reader = rbac_read_begin();
	char	   *text = status_text(reader, status);

	rbac_read_end(reader);
	return text;
}

/* user "carol"; there must be an identity */
char *
rbac_stepper_text(void)
{
	const RbacIdentity *identity = rbac_identity();
	RbacReader *reader = rbac_read_begin();
	char	   *name;

	if (!rbac_read_user(reader, &identity->user_id, NULL, &name))
		name = rbac_uuid_text(&identity->user_id);
	rbac_read_end(reader);
	return psprintf("user \"%s\"", name);
}

/* May whoever is asking be told what this workflow says? */
bool
rbac_may_know_workflow(const RbacWorkflow *workflow, const RbacTask *task)
{
	if (workflow->state != RBAC_WORKFLOW_FOUND)
		return false;
	if (workflow->is_shared || !task->has_tenant)
		return true;
	if (rbac_identity() == NULL)
		return rbac_is_owner_of(rbac_catalog()->owner);
	return rbac_asker_belongs_to(&task->tenant_id);
}

static char *
place_text(const RbacTask *task)
{
	RbacPlace	place = rbac_place(rbac_task_tenant(task), NULL);

	return rbac_identity() || !place.has_tenant ? rbac_place_text(&place) : pstrdup("in its tenant");
}

static char *
role_text(int32 role_id)
{
	RbacReader *reader = rbac_read_begin();
	char	   *name;
	bool		found = rbac_read_role(reader, role_id, NULL, NULL, &name);

	rbac_read_end(reader);
	return found ? psprintf("role \"%s\"", name) : psprintf("role %d", role_id);
}

static char *
scope_text(const RbacWorkflow *workflow, const RbacTransition *way)
{
	return psprintf("scope \"%s\"", rbac_transition_scope(workflow, way));
}

/* role "r" and scope "s" in tenant "t"; NULL if it asks for neither */
static char *
possessions_text(const RbacWorkflow *workflow, const RbacTransition *way, const RbacTask *task)
{
	StringInfoData text;

	if (!(way->asks & (RBAC_ASKS_ROLE | RBAC_ASKS_SCOPE)))
		return NULL;
	initStringInfo(&text);
	if (way->asks & RBAC_ASKS_ROLE)
		appendStringInfoString(&text, role_text(way->role_id));
	if ((way->asks & RBAC_ASKS_ROLE) && (way->asks & RBAC_ASKS_SCOPE))
		appendStringInfoString(&text, " and ");
	if (way->asks & RBAC_ASKS_SCOPE)
		appendStringInfoString(&text, scope_text(workflow, way));
	appendStringInfo(&text, " %s", place_text(task));
	return text.data;
}

/* whoever has role "r" in tenant "t"; the assignee with scope "s" in every tenant; anybody */
static char *
taker_text(const RbacWorkflow *workflow, const RbacTransition *way, const RbacTask *task)
{
	char	   *possessions = possessions_text(workflow, way, task);
	bool		not_creator = (way->asks & RBAC_ASKS_OTHER_THAN_CREATOR) != 0;
	const char *who = "whoever";

	if (way->asks & RBAC_ASKS_ASSIGNEE)
		who = way->asks & RBAC_ASKS_CREATOR ? "the assignee who is the creator as well" : "the assignee";
	else if (way->asks & RBAC_ASKS_CREATOR)
		who = "the creator";
	else if (possessions == NULL)
		return pstrdup(not_creator ? "anybody but the creator" : "anybody");

	return psprintf("%s%s%s%s", who,
					possessions == NULL ? "" : way->asks & (RBAC_ASKS_ASSIGNEE | RBAC_ASKS_CREATOR) ? " with " : " has ",
					possessions ? possessions : "",
					not_creator ? ", but not the creator" : "");
}

/* What the asker lacks for a way, as the end of a sentence about them. */
static char *
shortfall_text(const RbacWorkflow *workflow, const RbacTransition *way,
			   RbacShortfall shortfall, const RbacTask *task)
{
	switch (shortfall)
	{
		case RBAC_LACKS_NOTHING:
			break;
		case RBAC_NOBODY_ASKS:
			return pstrdup("nobody is asking");
		case RBAC_NOT_ACTIVE:
			return pstrdup("is not active, or the tenant is not");
		case RBAC_NOT_ASSIGNEE:
			return pstrdup("is not the assignee");
		case RBAC_NOT_CREATOR:
			return pstrdup("is not the creator");
		case RBAC_IS_CREATOR:
			return pstrdup("is the creator");
		case RBAC_CREATOR_UNKNOWN:
			return pstrdup("the creator is not known");
		case RBAC_LACKS_ROLE:
			return psprintf("lacks %s %s", role_text(way->role_id), place_text(task));
		case RBAC_LACKS_SCOPE:
			return psprintf("lacks %s %s", scope_text(workflow, way), place_text(task));
		case RBAC_SCOPE_NOT_LISTED:
			return psprintf("acts by an identity that does not list %s", scope_text(workflow, way));
	}
	return pstrdup("");
}

/* Add a text to a list, unless it is in it; they are few. */
static List *
add_once(List *texts, char *text)
{
	ListCell   *cell;

	foreach(cell, texts)
	{
		if (strcmp(lfirst(cell), text) == 0)
			return texts;
	}
	return lappend(texts, text);
}

static char *
join(List *texts, const char *separator)
{
	StringInfoData text;
	int			listed = list_length(texts) <= MAX_LISTED ? list_length(texts) : MAX_LISTED - 1;

	initStringInfo(&text);
	for (int i = 0; i < listed; i++)
		appendStringInfo(&text, "%s%s", i == 0 ? "" : separator, (char *) list_nth(texts, i));
	if (listed < list_length(texts))
		appendStringInfo(&text, "%s%d more", separator, list_length(texts) - listed);
	return text.data;
}

/* Whom the ways to this status are for, joined. */
char *
rbac_takers_text(const RbacOutlook *outlook, const RbacTask *task, int32 to)
{
	List	   *takers = NIL;

	for (int i = 0; i < outlook->nways; i++)
	{
		if (outlook->way[i].to == to)
			takers = add_once(takers, taker_text(outlook->workflow, &outlook->way[i], task));
	}
	return join(takers, "; or for ");
}

/*
 * Why whoever is asking may go there, or what they lack for each way: the reason
 * of next_statuses().
 */
char *
rbac_shortfalls_text(const RbacOutlook *outlook, const RbacTask *task, int32 to)
{
	List	   *lacks = NIL;

	for (int i = 0; i < outlook->nways; i++)
	{
		if (outlook->way[i].to != to)
			continue;
		if (outlook->shortfall[i] == RBAC_LACKS_NOTHING)
			return psprintf("for %s", taker_text(outlook->workflow, &outlook->way[i], task));
		lacks = add_once(lacks, shortfall_text(outlook->workflow, &outlook->way[i],
											   outlook->shortfall[i], task));
	}
	return join(lacks, "; ");
}

/* The statuses that a task can go to: "a", "b"; empty if there are none. */
char *
rbac_next_statuses_text(const RbacOutlook *outlook, const RbacTask *task)
{
	RbacReader *reader = rbac_read_begin();
	List	   *statuses = NIL;

	for (int i = 0; i < outlook->nways; i++)
		statuses = add_once(statuses, status_text(reader, outlook->way[i].to));
	rbac_read_end(reader);
	return join(statuses, ", ");
}
