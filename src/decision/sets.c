/*
 * sets.c
 *		Where does the current user hold a scope?
 *
 * The sets behind index conditions: evaluated once a scan, not once a row.
 * They are read from the tables; only what roles mean comes from the cache.
 * Always ordered, never NULL.
 *
 * The inner side of a nested loop begins its scan anew for each outer row, and
 * the planner estimates by evaluating, so a set is remembered for the rest of
 * its statement, until the identity changes or the transaction writes.  So it
 * is never older than the statement.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/memutils.h"

#include "cache/cache.h"
#include "compat.h"
#include "decision/decision.h"
#include "identity/identity.h"
#include "model/model.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_tenants_with_scope);
PG_FUNCTION_INFO_V1(rbac_departments_with_scope);
PG_FUNCTION_INFO_V1(rbac_tenants_touched_by_scope);

typedef struct UuidSet
{
	int			n;
	int			capacity;
	pg_uuid_t  *member;
} UuidSet;

/* Where a scope is held, by assignments valid now. */
typedef struct Holding
{
	RbacReader *reader;
	int32		scope_id;
	TimestampTz now;
	bool		everywhere;
	UuidSet		tenants;		/* in the whole of these */
	UuidSet		departments;	/* in these and below */
	UuidSet		touched;		/* the tenants of these departments */
} Holding;

typedef struct Collector
{
	Holding    *holding;
	UuidSet		result;
} Collector;

static void
add_member(UuidSet *set, const pg_uuid_t *uuid)
{
	if (set->n == set->capacity)
	{
		set->capacity = set->capacity ? 2 * set->capacity : 16;
		set->member = set->member
			? repalloc_huge(set->member, sizeof(pg_uuid_t) * set->capacity)
			: palloc(sizeof(pg_uuid_t) * set->capacity);
	}
	set->member[set->n++] = *uuid;
}

static int
compare_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

static void
sort_set(UuidSet *set)
{
	if (set->n == 0)
		return;
	qsort(set->member, set->n, sizeof(pg_uuid_t), compare_uuid);
	set->n = qunique(set->member, set->n, sizeof(pg_uuid_t), compare_uuid);
}

static bool
is_member(const UuidSet *set, const pg_uuid_t *uuid)
{
	return set->n > 0 &&
		bsearch(uuid, set->member, set->n, sizeof(pg_uuid_t), compare_uuid) != NULL;
}

static ArrayType *
set_to_array(const UuidSet *set)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(set->n, 1));

	for (int i = 0; i < set->n; i++)
		elements[i] = UUIDPGetDatum(&set->member[i]);
	return construct_array(elements, set->n, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR);
}

static bool
add_holding(const RbacAssignment *assignment, void *arg)
{
	Holding    *holding = arg;

	if (holding->now < assignment->valid_from || holding->now >= assignment->valid_until)
		return true;
	if (!bms_is_member(holding->scope_id, rbac_cache_role_scopes(assignment->role_id)))
		return true;

	if (assignment->everywhere)
		holding->everywhere = true;
	else if (assignment->whole_tenant)
		add_member(&holding->tenants, &assignment->tenant_id);
	else
	{
		add_member(&holding->departments, &assignment->department_id);
		add_member(&holding->touched, &assignment->tenant_id);
	}
	return true;
}

/* Where the current user holds the scope.  Part of a decision. */
static void
find_holding(RbacReader *reader, const char *scope, int length, Holding *holding)
{
	RbacQuestion question;
	bool		is_active;

	memset(holding, 0, sizeof(*holding));
	holding->reader = reader;
	holding->now = GetCurrentStatementStartTimestamp();
	if (!rbac_current_question(&question))
		return;
	holding->scope_id = rbac_resolve_scope(scope, length);
	if (!rbac_identity_lists(scope, length) ||
		!rbac_read_user(reader, question.user_id, &is_active, NULL) || !is_active)
		return;

	rbac_visit_assignments(reader, question.user_id, add_holding, holding);
	sort_set(&holding->tenants);
}

static bool
tenant_is_active(RbacReader *reader, const pg_uuid_t *tenant_id)
{
	bool		is_active;

	return rbac_read_tenant(reader, tenant_id, &is_active, NULL) && is_active;
}

static bool
collect_active_tenant(const pg_uuid_t *id, bool is_active, void *arg)
{
	Collector  *collector = arg;

	if (is_active)
		add_member(&collector->result, id);
	return true;
}

static void
collect_active_of(Collector *collector, const UuidSet *tenants)
{
	for (int i = 0; i < tenants->n; i++)
	{
		if (tenant_is_active(collector->holding->reader, &tenants->member[i]))
			add_member(&collector->result, &tenants->member[i]);
	}
}

/* The tenants in the whole of which it is held. */
static void
collect_tenants(Collector *collector)
{
	if (collector->holding->everywhere)
		rbac_visit_tenants(collector->holding->reader, collect_active_tenant, collector);
	else
		collect_active_of(collector, &collector->holding->tenants);
}

/* The tenants in the whole of which, or in a department of which, it is held. */
static void
collect_touched_tenants(Collector *collector)
{
	collect_tenants(collector);
	if (!collector->holding->everywhere)
		collect_active_of(collector, &collector->holding->touched);
}

static bool
collect_department(const RbacDepartment *department, void *arg)
{
	Collector  *collector = arg;

	add_member(&collector->result, &department->id);
	return true;
}

static bool
collect_department_if_tenant_is_listed(const RbacDepartment *department, void *arg)
{
	Collector  *collector = arg;

	/* tenants is the list of active ones, sorted */
	if (is_member(&collector->holding->tenants, &department->tenant_id))
		add_member(&collector->result, &department->id);
	return true;
}

/*
 * A department and those below it, level by level: a cycle that slipped in
 * must not hang us, so no department is visited twice.
 */
static void
collect_below(Collector *collector, const pg_uuid_t *root)
{
	int			first = collector->result.n;
	RbacDepartment department;

	if (!rbac_read_department(collector->holding->reader, root, &department, NULL) ||
		!tenant_is_active(collector->holding->reader, &department.tenant_id))
		return;

	add_member(&collector->result, root);
	for (int i = first; i < collector->result.n; i++)
	{
		pg_uuid_t	parent = collector->result.member[i];

		CHECK_FOR_INTERRUPTS();
		if (i - first > 0 && compare_uuid(&parent, root) == 0)
			break;
		rbac_visit_subdepartments(collector->holding->reader, &parent, collect_department, collector);
	}
}

static void
collect_departments(Collector *collector)
{
	Holding    *holding = collector->holding;

	if (holding->everywhere)
	{
		Collector	tenants = {.holding = holding};

		collect_tenants(&tenants);
		holding->tenants = tenants.result;
		sort_set(&holding->tenants);
		rbac_visit_departments(holding->reader, collect_department_if_tenant_is_listed, collector);
		return;
	}
	for (int i = 0; i < holding->tenants.n; i++)
	{
		if (tenant_is_active(holding->reader, &holding->tenants.member[i]))
			rbac_visit_departments_of(holding->reader, &holding->tenants.member[i],
									  collect_department, collector);
	}
	for (int i = 0; i < holding->departments.n; i++)
		collect_below(collector, &holding->departments.member[i]);
}

static ArrayType *
read_set(const char *scope, int length, void (*collect) (Collector *collector))
{
	Holding		holding;
	Collector	collector;
	RbacAttempt attempt = {0};

	do
	{
		rbac_attempt_begin(&attempt, true);
		memset(&collector, 0, sizeof(collector));
		collector.holding = &holding;
		find_holding(attempt.reader, scope, length, &holding);
		collect(&collector);
	} while (!rbac_attempt_stands(&attempt));

	sort_set(&collector.result);
	return set_to_array(&collector.result);
}

/* A set found before, by the same statement. */
typedef struct RememberedSet
{
	RbacStatement statement;
	CommandId	command;
	uint64		serial;			/* of the identity */
	void		(*collect) (Collector *collector);
	int			length;
	char		scope[RBAC_MAX_NAME_LENGTH];
	ArrayType  *set;			/* NULL, or of its own memory */
} RememberedSet;

#define REMEMBERED_SETS 4
#define MAX_REMEMBERED_SIZE (256 * 1024)

static RememberedSet remembered[REMEMBERED_SETS];

static void
remember_set(const char *scope, int length, void (*collect) (Collector *collector), const ArrayType *set)
{
	static int	next = 0;
	RememberedSet *place = &remembered[next];
	RbacStatement statement;

	rbac_statement_note(&statement);
	if (!statement.is_known || VARSIZE(set) > MAX_REMEMBERED_SIZE || length > RBAC_MAX_NAME_LENGTH)
		return;
	next = (next + 1) % REMEMBERED_SETS;
	if (place->set != NULL)
		pfree(place->set);
	place->set = NULL;
	place->set = MemoryContextAlloc(TopMemoryContext, VARSIZE(set));
	memcpy(place->set, set, VARSIZE(set));
	place->statement = statement;
	place->command = GetCurrentCommandId(false);
	place->serial = rbac_identity_serial;
	place->collect = collect;
	place->length = length;
	memcpy(place->scope, scope, length);
}

static const ArrayType *
remembered_set(const char *scope, int length, void (*collect) (Collector *collector))
{
	for (int i = 0; i < REMEMBERED_SETS; i++)
	{
		const RememberedSet *place = &remembered[i];

		if (place->set != NULL && place->collect == collect &&
			place->length == length && memcmp(place->scope, scope, length) == 0 &&
			place->serial == rbac_identity_serial &&
			place->command == GetCurrentCommandId(false) &&
			rbac_statement_is_current(&place->statement))
			return place->set;
	}
	return NULL;
}

/* A copy: scans point into what they were given for as long as they last. */
static ArrayType *
set_of_current_user(FunctionCallInfo fcinfo, void (*collect) (Collector *collector))
{
	text	   *argument = PG_GETARG_TEXT_PP(0);
	const char *scope = VARDATA_ANY(argument);
	int			length = VARSIZE_ANY_EXHDR(argument);
	const ArrayType *known = remembered_set(scope, length, collect);
	ArrayType  *set;

	if (known != NULL)
	{
		set = palloc(VARSIZE(known));
		memcpy(set, known, VARSIZE(known));
		return set;
	}
	set = read_set(scope, length, collect);
	remember_set(scope, length, collect, set);
	return set;
}

/* tenants_with_scope(scope) */
Datum
rbac_tenants_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, collect_tenants));
}

/* _tenants_touched_by_scope(scope) */
Datum
rbac_tenants_touched_by_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, collect_touched_tenants));
}

/* departments_with_scope(scope) */
Datum
rbac_departments_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, collect_departments));
}
