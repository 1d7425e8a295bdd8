/*
 * known.c
 *		The workflow of a task type in a tenant, as this session knows it: kept
 *		and given up as all that the cache keeps (cache/local.c).
 *
 * It follows from rows that all tenants share (the type, the shared workflow,
 * names of scopes) and from rows about the tenant (its own workflow of that
 * name).  Where the type's workflow is another tenant's, it also follows from
 * that, and nobody tells.
 */
#include "postgres.h"

#include "cache/cache.h"
#include "workflow/known.h"
#include "workflow/read.h"

typedef struct Finding
{
	RbacReader *reader;
	int			capacity;
	int			n;
	RbacTransitionRow *row;
} Finding;

static bool
add_transition(const RbacTransitionRow *row, void *arg)
{
	Finding    *finding = arg;

	if (finding->n == finding->capacity)
	{
		finding->capacity *= 2;
		finding->row = repalloc(finding->row, sizeof(RbacTransitionRow) * finding->capacity);
	}
	finding->row[finding->n++] = *row;
	return true;
}

static int
compare_rows(const void *a, const void *b)
{
	const RbacTransitionRow *x = a;
	const RbacTransitionRow *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/*
 * The workflow that counts for tasks of a type in a tenant: the type's own, or the
 * tenant's of its name.
 */
static RbacWorkflowState
find_workflow(RbacReader *reader, const RbacNotionKey *key, RbacWorkflowRow *row, bool *is_traceable)
{
	RbacWorkflowRow own;
	int32		workflow_id;

	if (!rbac_read_task_type(reader, key->id, &workflow_id, NULL) ||
		!rbac_read_workflow(reader, workflow_id, row))
		return RBAC_NO_SUCH_TYPE;
	if (row->has_tenant)
	{
		if (key->has_tenant && memcmp(&row->tenant_id, &key->tenant_id, UUID_LEN) == 0)
			return RBAC_WORKFLOW_FOUND;
		*is_traceable = false;
		return RBAC_TYPE_OF_OTHER_TENANT;
	}
	if (key->has_tenant && rbac_read_workflow_by_name(reader, &key->tenant_id, row->name, &own))
		*row = own;
	return RBAC_WORKFLOW_FOUND;
}

/* A RbacNotionFinder. */
static void *
find_notion(RbacReader *reader, const RbacNotionKey *key, Size *size, bool *is_traceable)
{
	Finding		finding = {.reader = reader,.capacity = 16};
	RbacWorkflowRow row;
	RbacWorkflowState state = find_workflow(reader, key, &row, is_traceable);
	RbacWorkflow *workflow;
	char	  **scope_name;
	Size		names_at;

	finding.row = palloc(sizeof(RbacTransitionRow) * finding.capacity);
	if (state == RBAC_WORKFLOW_FOUND)
	{
		rbac_visit_transitions(reader, row.id, add_transition, &finding);
		qsort(finding.row, finding.n, sizeof(RbacTransitionRow), compare_rows);
	}

	*size = names_at = offsetof(RbacWorkflow, transition) + sizeof(RbacTransition) * finding.n;
	scope_name = palloc0(sizeof(char *) * (finding.n + 1));
	for (int i = 0; i < finding.n; i++)
	{
		if (!finding.row[i].has_scope)
			continue;
		/* one without a name is in no set, and nobody lists it */
		scope_name[i] = rbac_read_scope_name(reader, finding.row[i].scope_id);
		if (scope_name[i] == NULL)
			scope_name[i] = "";
		*size += strlen(scope_name[i]) + 1;
	}

	workflow = palloc0(*size);
	workflow->size = *size;
	workflow->state = state;
	if (state != RBAC_WORKFLOW_FOUND)
		return workflow;
	workflow->id = row.id;
	workflow->is_shared = !row.has_tenant;
	workflow->initial_status = row.initial_status;
	workflow->ntransitions = finding.n;
	for (int i = 0; i < finding.n; i++)
	{
		RbacTransitionRow *from = &finding.row[i];
		RbacTransition *to = &workflow->transition[i];

		to->from = from->from;
		to->to = from->to;
		to->asks = (from->has_scope ? RBAC_ASKS_SCOPE : 0) |
			(from->has_role ? RBAC_ASKS_ROLE : 0) |
			(from->only_assignee ? RBAC_ASKS_ASSIGNEE : 0) |
			(from->only_creator ? RBAC_ASKS_CREATOR : 0) |
			(from->not_creator ? RBAC_ASKS_OTHER_THAN_CREATOR : 0);
		to->scope_id = from->scope_id;
		to->role_id = from->role_id;
		if (from->has_scope)
		{
			to->scope_name = names_at;
			strcpy((char *) workflow + names_at, scope_name[i]);
			names_at += strlen(scope_name[i]) + 1;
		}
	}
	return workflow;
}

/*
 * The workflow of tasks of this type in this tenant (NULL: in none).  Part of a
 * decision (cache.h); never NULL.
 */
const RbacWorkflow *
rbac_workflow_of(int32 task_type, const pg_uuid_t *tenant_id)
{
	RbacNotionKey key;

	memset(&key, 0, sizeof(key));
	key.kind = RBAC_NOTION_WORKFLOW;
	key.id = task_type;
	if (tenant_id)
	{
		key.tenant_id = *tenant_id;
		key.has_tenant = true;
	}
	return rbac_cache_notion(&key, find_notion);
}

/* For who needs it beyond the decision. */
RbacWorkflow *
rbac_copy_workflow(const RbacWorkflow *workflow)
{
	RbacWorkflow *copy = palloc(workflow->size);

	memcpy(copy, workflow, workflow->size);
	return copy;
}

/*
 * The place of the first transition from one status to another one, or to a
 * later one; ntransitions if there is none.
 */
int
rbac_first_transition(const RbacWorkflow *workflow, int32 from, int32 to)
{
	int			low = 0;
	int			high = workflow->ntransitions;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const RbacTransition *transition = &workflow->transition[middle];

		if (transition->from < from || (transition->from == from && transition->to < to))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
rbac_workflow_has_status(const RbacWorkflow *workflow, int32 status)
{
	if (status == workflow->initial_status)
		return true;
	for (int i = 0; i < workflow->ntransitions; i++)
	{
		if (workflow->transition[i].from == status || workflow->transition[i].to == status)
			return true;
	}
	return false;
}
