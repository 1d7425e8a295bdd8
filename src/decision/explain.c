/*
 * explain.c
 *		Why does this subject have a scope, or why not?
 *
 * The one-sentence meaning of the model (model/tables.sql) once more, this time
 * keeping every path from the user to the scope, with the first condition that
 * it fails.  Read from the tables by one reader, under one fresh snapshot and
 * past the cache: so it agrees with the decisions at every isolation level, and
 * would show it if the cache did not.
 *
 * Whoever asks about themselves learns of roles that they do not hold only
 * those that every tenant shares, and those of a tenant where they hold a role
 * now (which is where they could switch to).
 *
 * Everything is in the current memory context.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "decision/explain.h"
#include "decision/reach.h"
#include "identity/identity.h"

PG_FUNCTION_INFO_V1(rbac_explain_scope);
PG_FUNCTION_INFO_V1(rbac_explain_scope_of);

/* The codes that SQL sees.  They are an API: add, never rename. */
static const char *const reason_codes[] = {
	[RBAC_GRANTED] = "granted",
	[RBAC_USER_INACTIVE] = "user_inactive",
	[RBAC_TENANT_INACTIVE] = "tenant_inactive",
	[RBAC_NARROWED_BY_IDENTITY] = "narrowed_by_identity",
	[RBAC_NOT_YET_VALID] = "not_yet_valid",
	[RBAC_EXPIRED] = "expired",
	[RBAC_DEPARTMENT_ONLY] = "department_only",
	[RBAC_OTHER_DEPARTMENT] = "other_department",
	[RBAC_OTHER_TENANT] = "other_tenant",
	[RBAC_NOT_ASSIGNED] = "not_assigned",
	[RBAC_NO_ROLE_CARRIES_SCOPE] = "no_role_carries_scope",
	[RBAC_NO_IDENTITY] = "no_identity",
	[RBAC_UNKNOWN_SCOPE] = "unknown_scope",
	[RBAC_UNKNOWN_USER] = "unknown_user",
	[RBAC_UNKNOWN_TENANT] = "unknown_tenant",
	[RBAC_UNKNOWN_DEPARTMENT] = "unknown_department",
	[RBAC_DEPARTMENT_OF_OTHER_TENANT] = "department_of_other_tenant",
	[RBAC_TABLES_NOT_IN_SYNC] = "tables_not_in_sync",
};

#define MAX_OBSTACLES 3

typedef struct Explainer
{
	RbacReader *reader;
	const RbacQuestion *question;
	TimestampTz now;
	RbacExplanation *result;

	/* the department asked about, and those above it */
	int			ndepartments;
	pg_uuid_t  *department;

	/* what stands in the way of every path */
	int			nobstacles;
	RbacReason	obstacle[MAX_OBSTACLES];

	/* all of the user's, those of one role side by side */
	int			nassignments;
	int			capacity;
	RbacAssignment *assignment;

	/* what the asker may know */
	bool		may_name_place; /* said by the caller */
	bool		belongs_here;	/* has, or had, to do with the tenant asked about */
	bool		holds_role_here;	/* now */

	const RbacCarriers *carriers;
} Explainer;

/* A role and its assignments, or (none) a role that is there to be assigned. */
typedef struct RoleInQuestion
{
	Explainer  *explainer;
	int			nassignments;
	const RbacAssignment *assignment;
	bool		is_found;
} RoleInQuestion;

/*
 * Names, for rows that refer to them.  What is not there (on tables that were
 * filled past our rules) goes by its id.
 */
static char *
role_name(RbacReader *reader, int32 id)
{
	char	   *name;

	return rbac_read_role(reader, id, NULL, NULL, &name) ? name : psprintf("%d", id);
}

static char *
permission_name(RbacReader *reader, int32 id)
{
	char	   *name = rbac_read_permission_name(reader, id);

	return name ? name : psprintf("%d", id);
}

static char *
tenant_key(RbacReader *reader, const pg_uuid_t *id, bool *is_active)
{
	char	   *key;

	*is_active = false;
	return rbac_read_tenant(reader, id, is_active, &key) ? key : rbac_uuid_text(id);
}

static char *
department_name(RbacReader *reader, const pg_uuid_t *id)
{
	char	   *name;

	return rbac_read_department(reader, id, NULL, &name) ? name : rbac_uuid_text(id);
}

static RbacFinding *
add_finding(RbacExplanation *result, RbacReason reason)
{
	RbacFinding *finding;

	if (result->nfindings == result->capacity)
	{
		result->capacity = result->capacity ? 2 * result->capacity : 8;
		result->finding = result->finding
			? repalloc(result->finding, sizeof(RbacFinding) * result->capacity)
			: palloc(sizeof(RbacFinding) * result->capacity);
	}
	finding = &result->finding[result->nfindings++];
	memset(finding, 0, sizeof(RbacFinding));
	finding->reason = reason;
	finding->is_current = true;
	finding->is_tenant_active = true;
	finding->valid_from = DT_NOBEGIN;
	finding->valid_until = DT_NOEND;
	return finding;
}

static void
add_obstacle(Explainer *explainer, RbacReason reason)
{
	explainer->obstacle[explainer->nobstacles++] = reason;
}

static bool
is_here(const Explainer *explainer, const RbacAssignment *assignment)
{
	return assignment->everywhere ||
		(explainer->question->tenant_id != NULL &&
		 memcmp(&assignment->tenant_id, explainer->question->tenant_id, UUID_LEN) == 0);
}

static bool
is_now(const Explainer *explainer, const RbacAssignment *assignment)
{
	return explainer->now >= assignment->valid_from && explainer->now < assignment->valid_until;
}

/* What an assignment comes to, given that its role carries the scope. */
static RbacReason
judge(const Explainer *explainer, const RbacAssignment *assignment)
{
	if (!is_here(explainer, assignment))
		return RBAC_OTHER_TENANT;
	if (!assignment->whole_tenant)
	{
		int			i = 0;

		if (explainer->question->department_id == NULL)
			return RBAC_DEPARTMENT_ONLY;
		while (i < explainer->ndepartments &&
			   memcmp(&explainer->department[i], &assignment->department_id, UUID_LEN) != 0)
			i++;
		if (i == explainer->ndepartments)
			return RBAC_OTHER_DEPARTMENT;
	}
	if (explainer->now < assignment->valid_from)
		return RBAC_NOT_YET_VALID;
	if (explainer->now >= assignment->valid_until)
		return RBAC_EXPIRED;
	return explainer->nobstacles > 0 ? explainer->obstacle[0] : RBAC_GRANTED;
}

static bool
add_assignment(const RbacAssignment *assignment, void *arg)
{
	Explainer  *explainer = arg;

	if (explainer->nassignments == explainer->capacity)
	{
		explainer->capacity *= 2;
		explainer->assignment = repalloc(explainer->assignment,
										 sizeof(RbacAssignment) * explainer->capacity);
	}
	explainer->assignment[explainer->nassignments++] = *assignment;

	if (is_here(explainer, assignment))
	{
		explainer->belongs_here = true;
		if (is_now(explainer, assignment))
			explainer->holds_role_here = true;
	}
	return true;
}

static int
compare_assignments(const void *a, const void *b)
{
	int32		x = ((const RbacAssignment *) a)->role_id;
	int32		y = ((const RbacAssignment *) b)->role_id;

	return (x > y) - (x < y);
}

static void
read_assignments(Explainer *explainer)
{
	explainer->capacity = 8;
	explainer->assignment = palloc(sizeof(RbacAssignment) * explainer->capacity);
	rbac_visit_assignments(explainer->reader, explainer->question->user_id,
						   add_assignment, explainer);
	qsort(explainer->assignment, explainer->nassignments, sizeof(RbacAssignment),
		  compare_assignments);
}

/* The chain of names from the hierarchy's first role to a permission. */
static char **
name_steps(RbacReader *reader, const RbacHierarchy *below, int place, int32 permission_id,
		   int *nsteps)
{
	char	  **step;
	int			n = 1;
	int			at;

	for (at = place; at >= 0; at = below->from[at])
		n++;
	*nsteps = n;
	step = palloc(sizeof(char *) * n);
	step[--n] = permission_name(reader, permission_id);
	for (at = place; at >= 0; at = below->from[at])
		step[--n] = role_name(reader, below->role[at]);
	return step;
}

/* A role carries the scope: a path for each of its assignments. */
static void
add_paths(const RbacHierarchy *below, int place, int32 permission_id, void *arg)
{
	RoleInQuestion *role = arg;
	Explainer  *explainer = role->explainer;
	RbacReader *reader = explainer->reader;
	int			nsteps;
	char	  **step = name_steps(reader, below, place, permission_id, &nsteps);

	role->is_found = true;
	for (int i = 0; i < role->nassignments; i++)
	{
		const RbacAssignment *assignment = &role->assignment[i];
		RbacFinding *finding = add_finding(explainer->result, judge(explainer, assignment));

		finding->is_current = is_now(explainer, assignment);
		finding->role = step[0];
		finding->nsteps = nsteps;
		finding->step = step;
		if (!assignment->everywhere)
			finding->tenant = tenant_key(reader, &assignment->tenant_id, &finding->is_tenant_active);
		if (!assignment->whole_tenant)
			finding->department = department_name(reader, &assignment->department_id);
		finding->valid_from = assignment->valid_from;
		finding->valid_until = assignment->valid_until;
	}
}

static void
find_paths(Explainer *explainer)
{
	RoleInQuestion role = {.explainer = explainer};

	for (int i = 0; i < explainer->nassignments; i += role.nassignments)
	{
		CHECK_FOR_INTERRUPTS();
		role.assignment = &explainer->assignment[i];
		role.nassignments = 1;
		while (i + role.nassignments < explainer->nassignments &&
			   role.assignment[role.nassignments].role_id == role.assignment->role_id)
			role.nassignments++;
		rbac_visit_reach(explainer->reader, explainer->carriers,
						 rbac_hierarchy_below(explainer->reader, role.assignment->role_id),
						 add_paths, &role);
	}
}

/* A role that nobody assigned to the user would do: the nearest path is enough. */
static void
add_role_that_would(const RbacHierarchy *below, int place, int32 permission_id, void *arg)
{
	RoleInQuestion *role = arg;
	RbacFinding *finding;

	if (role->is_found)
		return;
	role->is_found = true;
	finding = add_finding(role->explainer->result, RBAC_NOT_ASSIGNED);
	finding->step = name_steps(role->explainer->reader, below, place, permission_id,
							   &finding->nsteps);
	finding->role = finding->step[0];
}

static bool
try_role(int32 role_id, const char *name, void *arg)
{
	RoleInQuestion role = {.explainer = arg};
	RbacReader *reader = role.explainer->reader;

	CHECK_FOR_INTERRUPTS();
	rbac_visit_reach(reader, role.explainer->carriers, rbac_hierarchy_below(reader, role_id),
					 add_role_that_would, &role);
	return true;
}

/* The same without a name. */
static bool
try_private_role(int32 role_id, const char *name, void *arg)
{
	Explainer  *explainer = arg;

	CHECK_FOR_INTERRUPTS();
	if (!rbac_role_reaches(explainer->reader, explainer->carriers, role_id))
		return true;
	add_finding(explainer->result, RBAC_NOT_ASSIGNED);
	return false;
}

/* The roles that would do, if there is no path. */
static void
find_roles_that_would(Explainer *explainer)
{
	const RbacQuestion *question = explainer->question;
	int			before = explainer->result->nfindings;
	/* what is not active comes before the identity's list */
	bool		all_active = explainer->nobstacles == 0 ||
		explainer->obstacle[0] == RBAC_NARROWED_BY_IDENTITY;

	rbac_visit_roles_of(explainer->reader, NULL, try_role, explainer);
	if (question->tenant_id != NULL)
	{
		if (!question->about_current || (explainer->holds_role_here && all_active))
			rbac_visit_roles_of(explainer->reader, question->tenant_id, try_role, explainer);
		else if (explainer->result->nfindings == before)
			rbac_visit_roles_of(explainer->reader, question->tenant_id, try_private_role, explainer);
	}
	if (explainer->result->nfindings == before)
		add_finding(explainer->result, RBAC_NO_ROLE_CARRIES_SCOPE);
}

/* An obstacle that no path names has a finding of its own. */
static void
add_unnamed_obstacles(Explainer *explainer)
{
	RbacExplanation *result = explainer->result;
	int			npaths = result->nfindings;

	for (int i = 0; i < explainer->nobstacles; i++)
	{
		bool		is_named = false;

		for (int j = 0; j < npaths && !is_named; j++)
			is_named = result->finding[j].reason == explainer->obstacle[i];
		if (!is_named)
			add_finding(result, explainer->obstacle[i]);
	}
}

static void
read_department_path(Explainer *explainer, RbacDepartment at)
{
	int			capacity = 8;

	explainer->department = palloc(sizeof(pg_uuid_t) * capacity);
	for (;;)
	{
		pg_uuid_t	parent = at.parent_id;

		if (explainer->ndepartments == capacity)
		{
			capacity *= 2;
			explainer->department = repalloc(explainer->department, sizeof(pg_uuid_t) * capacity);
		}
		explainer->department[explainer->ndepartments++] = at.id;
		/* as far as the decision itself goes */
		if (!at.has_parent || explainer->ndepartments > RBAC_MAX_DEPARTMENT_DEPTH ||
			!rbac_read_department(explainer->reader, &parent, &at, NULL))
			break;
	}
}

static bool
identity_names(const char *scope)
{
	const RbacIdentity *identity = rbac_identity();

	if (identity == NULL || !identity->is_narrowed)
		return identity != NULL;
	rbac_foreach_identity_scope(name, identity)
	{
		if (strcmp(name, scope) == 0)
			return true;
	}
	return false;
}

/*
 * Who and where, in the words of messages.  The names of a tenant with which
 * the asker has nothing to do are not theirs to know.
 */
static void
name_user(Explainer *explainer, const char *username)
{
	explainer->result->user = username
		? psprintf("user \"%s\"", username)
		: psprintf("user %s", rbac_uuid_text(explainer->question->user_id));
}

static void
name_place(Explainer *explainer, const char *tenant, const char *department)
{
	const RbacQuestion *question = explainer->question;
	const RbacIdentity *identity = rbac_identity();
	char	   *in;
	bool		may_know = !question->about_current || explainer->may_name_place ||
		explainer->belongs_here ||
		(identity != NULL && identity->has_tenant &&
		 memcmp(&identity->tenant_id, question->tenant_id, UUID_LEN) == 0);

	in = tenant && may_know
		? psprintf("tenant \"%s\"", tenant)
		: psprintf("tenant %s", rbac_uuid_text(question->tenant_id));
	if (question->department_id == NULL)
		explainer->result->place = psprintf("in %s", in);
	else if (department && may_know)
		explainer->result->place = psprintf("in department \"%s\" of %s", department, in);
	else
		explainer->result->place = psprintf("in department %s of %s",
											rbac_uuid_text(question->department_id), in);
}

/* What the question is about, as far as it is there. */
static void
look_at_question(Explainer *explainer, const char *scope)
{
	const RbacQuestion *question = explainer->question;
	RbacReader *reader = explainer->reader;
	bool		is_active;
	char	   *username = NULL;

	if (!rbac_read_user(reader, question->user_id, &is_active, &username))
		add_finding(explainer->result, RBAC_UNKNOWN_USER);
	else if (!is_active)
		add_obstacle(explainer, RBAC_USER_INACTIVE);
	name_user(explainer, username);

	if (question->tenant_id == NULL)
		explainer->result->place = pstrdup("in every tenant");
	else
	{
		RbacDepartment department;
		char	   *key = NULL;
		char	   *name = NULL;

		if (!rbac_read_tenant(reader, question->tenant_id, &is_active, &key))
			add_finding(explainer->result, RBAC_UNKNOWN_TENANT);
		else if (!is_active)
			add_obstacle(explainer, RBAC_TENANT_INACTIVE);

		if (key != NULL && question->department_id != NULL)
		{
			if (!rbac_read_department(reader, question->department_id, &department, &name))
				add_finding(explainer->result, RBAC_UNKNOWN_DEPARTMENT);
			else if (memcmp(&department.tenant_id, question->tenant_id, UUID_LEN) != 0)
			{
				add_finding(explainer->result, RBAC_DEPARTMENT_OF_OTHER_TENANT);
				name = NULL;
			}
			else
				read_department_path(explainer, department);
		}
		name_place(explainer, key, name);
	}

	if (question->about_current && !identity_names(scope))
		add_obstacle(explainer, RBAC_NARROWED_BY_IDENTITY);
}

static int
compare_texts(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Nearest misses first; of those that ended, the latest; of those to come, the soonest. */
static int
compare_findings(const void *a, const void *b)
{
	const RbacFinding *x = a;
	const RbacFinding *y = b;
	int			result;

	if (x->reason != y->reason)
		return x->reason < y->reason ? -1 : 1;
	if (x->is_current != y->is_current)
		return x->is_current ? -1 : 1;
	if (x->is_tenant_active != y->is_tenant_active)
		return x->is_tenant_active ? -1 : 1;
	if (x->reason == RBAC_EXPIRED && x->valid_until != y->valid_until)
		return x->valid_until > y->valid_until ? -1 : 1;
	if (x->reason == RBAC_NOT_YET_VALID && x->valid_from != y->valid_from)
		return x->valid_from < y->valid_from ? -1 : 1;
	if (x->nsteps != y->nsteps)
		return x->nsteps < y->nsteps ? -1 : 1;
	for (int i = 0; i < x->nsteps; i++)
	{
		if ((result = strcmp(x->step[i], y->step[i])) != 0)
			return result;
	}
	if ((result = compare_texts(x->tenant, y->tenant)) != 0 ||
		(result = compare_texts(x->department, y->department)) != 0)
		return result;
	if (x->valid_from != y->valid_from)
		return x->valid_from < y->valid_from ? -1 : 1;
	return (x->valid_until > y->valid_until) - (x->valid_until < y->valid_until);
}

/*
 * All there is to say about a question.  The scope is granted if and only if
 * one of the findings says so; there is at least one.  may_name_place: whoever
 * is told may know the names of the tenant and the department asked about,
 * whether or not the current user has to do with them.
 *
 * Raises 42704 for a scope that does not exist, as decisions do.
 */
RbacExplanation *
rbac_explain(const RbacQuestion *question, const char *scope, bool may_name_place)
{
	Explainer	explainer = {.question = question, .may_name_place = may_name_place};
	RbacExplanation *result = palloc0(sizeof(RbacExplanation));
	int32		scope_id;

	explainer.result = result;
	explainer.now = GetCurrentStatementStartTimestamp();
	explainer.reader = rbac_read_begin();

	read_assignments(&explainer);
	look_at_question(&explainer, scope);
	if (!rbac_reader_in_sync(explainer.reader))
	{
		/* whatever else was found may not be so */
		result->nfindings = 0;
		add_finding(result, RBAC_TABLES_NOT_IN_SYNC);
	}
	else if (!rbac_read_scope_id(explainer.reader, scope, strlen(scope), &scope_id))
	{
		if (rbac_unknown_scope == RBAC_UNKNOWN_SCOPE_ERROR)
			rbac_refuse_unknown_scope(scope);
		add_finding(result, RBAC_UNKNOWN_SCOPE);
	}
	else if (result->nfindings == 0)
	{
		explainer.carriers = rbac_carriers(explainer.reader, scope_id);
		find_paths(&explainer);
		if (result->nfindings == 0)
			find_roles_that_would(&explainer);
		add_unnamed_obstacles(&explainer);
	}
	rbac_read_end(explainer.reader);

	qsort(result->finding, result->nfindings, sizeof(RbacFinding), compare_findings);
	return result;
}

static Datum
step_array(const RbacFinding *finding)
{
	Datum	   *elements = palloc(sizeof(Datum) * finding->nsteps);

	for (int i = 0; i < finding->nsteps; i++)
		elements[i] = CStringGetTextDatum(finding->step[i]);
	return PointerGetDatum(construct_array(elements, finding->nsteps, TEXTOID,
										   -1, false, TYPALIGN_INT));
}

static void
put_finding(ReturnSetInfo *rows, const RbacFinding *finding)
{
	Datum		values[8] = {0};
	bool		nulls[8] = {0};

	values[0] = BoolGetDatum(finding->reason == RBAC_GRANTED);
	values[1] = CStringGetTextDatum(reason_codes[finding->reason]);
	if (!(nulls[2] = finding->role == NULL))
		values[2] = CStringGetTextDatum(finding->role);
	if (!(nulls[3] = finding->nsteps == 0))
		values[3] = step_array(finding);
	if (!(nulls[4] = finding->tenant == NULL))
		values[4] = CStringGetTextDatum(finding->tenant);
	if (!(nulls[5] = finding->department == NULL))
		values[5] = CStringGetTextDatum(finding->department);
	if (!(nulls[6] = TIMESTAMP_IS_NOBEGIN(finding->valid_from)))
		values[6] = TimestampTzGetDatum(finding->valid_from);
	if (!(nulls[7] = TIMESTAMP_IS_NOEND(finding->valid_until)))
		values[7] = TimestampTzGetDatum(finding->valid_until);
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

static Datum
explain(FunctionCallInfo fcinfo, const RbacQuestion *question, const text *scope)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	RbacExplanation *result = rbac_explain(question, text_to_cstring(scope), false);

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < result->nfindings; i++)
		put_finding(rows, &result->finding[i]);
	return (Datum) 0;
}

/* explain_scope(scope [, tenant_id [, department_id]]) */
Datum
rbac_explain_scope(PG_FUNCTION_ARGS)
{
	RbacQuestion question;

	if (!rbac_current_question(&question))
	{
		const RbacFinding nobody = {
			.reason = RBAC_NO_IDENTITY,
			.valid_from = DT_NOBEGIN,
			.valid_until = DT_NOEND
		};

		InitMaterializedSRF(fcinfo, 0);
		put_finding((ReturnSetInfo *) fcinfo->resultinfo, &nobody);
		return (Datum) 0;
	}
	if (PG_NARGS() > 1)
		question.tenant_id = PG_GETARG_UUID_P(1);
	if (PG_NARGS() > 2)
		question.department_id = PG_GETARG_UUID_P(2);
	return explain(fcinfo, &question, PG_GETARG_TEXT_PP(0));
}

/* explain_scope(user_id, scope, tenant_id [, department_id]) */
Datum
rbac_explain_scope_of(PG_FUNCTION_ARGS)
{
	RbacQuestion question = {0};

	question.user_id = PG_GETARG_UUID_P(0);
	question.tenant_id = PG_GETARG_UUID_P(2);
	if (PG_NARGS() > 3)
		question.department_id = PG_GETARG_UUID_P(3);
	return explain(fcinfo, &question, PG_GETARG_TEXT_PP(1));
}
