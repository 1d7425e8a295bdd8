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
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "cache/cache.h"
#include "compat.h"
#include "decision/collection.h"
#include "decision/decision.h"
#include "decision/for_statement.h"
#include "decision/tenant_key.h"
#include "identity/identity.h"
#include "model/model.h"
#include "model/names.h"

PG_FUNCTION_INFO_V1(rbac_tenants_with_scope);
PG_FUNCTION_INFO_V1(rbac_departments_with_scope);
PG_FUNCTION_INFO_V1(rbac_tenants_touched_by_scope);
PG_FUNCTION_INFO_V1(rbac_tenant_keys_with_scope);
PG_FUNCTION_INFO_V1(rbac_tenant_numbers_with_scope);

/* Where a scope is held, by assignments valid now. */
typedef struct Holding
{
	RbacReader *reader;
	int32		scope_id;
	TimestampTz now;
	bool		everywhere;
	RbacCollection		tenants;		/* in the whole of these */
	RbacCollection		departments;	/* in these and below */
	RbacCollection		touched;		/* the tenants of these departments */
} Holding;

typedef struct Collector
{
	Holding    *holding;
	RbacCollection		result;
} Collector;

static ArrayType *
set_to_array(RbacReader *reader, const RbacCollection *set)
{
	return rbac_collection_to_array(set);
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
		rbac_collect(&holding->tenants, &assignment->tenant_id);
	else
	{
		rbac_collect(&holding->departments, &assignment->department_id);
		rbac_collect(&holding->touched, &assignment->tenant_id);
	}
	return true;
}

/* Where the current user holds the scope.  Part of a decision. */
static void
find_holding(RbacReader *reader, const char *scope, int length, Holding *holding)
{
	RbacQuestion question;
	bool		is_active;

	*holding = (Holding) {.tenants = RBAC_UUIDS,.departments = RBAC_UUIDS,.touched = RBAC_UUIDS};
	holding->reader = reader;
	holding->now = GetCurrentStatementStartTimestamp();
	if (!rbac_current_question(&question))
		return;
	holding->scope_id = rbac_resolve_scope(scope, length);
	if (!rbac_identity_lists(scope, length) ||
		!rbac_read_user(reader, question.user_id, &is_active, NULL) || !is_active)
		return;

	rbac_visit_assignments(reader, question.user_id, add_holding, holding);
	rbac_sort_collection(&holding->tenants);
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
		rbac_collect(&collector->result, id);
	return true;
}

static void
collect_active_of(Collector *collector, const RbacCollection *tenants)
{
	for (int i = 0; i < tenants->n; i++)
	{
		if (tenant_is_active(collector->holding->reader, rbac_collected_uuid(tenants, i)))
			rbac_collect(&collector->result, rbac_collected_uuid(tenants, i));
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

	rbac_collect(&collector->result, &department->id);
	return true;
}

static bool
collect_department_if_tenant_is_listed(const RbacDepartment *department, void *arg)
{
	Collector  *collector = arg;

	/* tenants is the list of active ones, sorted */
	if (rbac_collection_has(&collector->holding->tenants, &department->tenant_id))
		rbac_collect(&collector->result, &department->id);
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

	rbac_collect(&collector->result, root);
	for (int i = first; i < collector->result.n; i++)
	{
		pg_uuid_t	parent = *rbac_collected_uuid(&collector->result, i);

		CHECK_FOR_INTERRUPTS();
		if (i - first > 0 && memcmp(&parent, root, UUID_LEN) == 0)
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
		Collector	tenants = {.holding = holding,.result = RBAC_UUIDS};

		collect_tenants(&tenants);
		holding->tenants = tenants.result;
		rbac_sort_collection(&holding->tenants);
		rbac_visit_departments(holding->reader, collect_department_if_tenant_is_listed, collector);
		return;
	}
	for (int i = 0; i < holding->tenants.n; i++)
	{
		if (tenant_is_active(holding->reader, rbac_collected_uuid(&holding->tenants, i)))
			rbac_visit_departments_of(holding->reader, rbac_collected_uuid(&holding->tenants, i),
									  collect_department, collector);
	}
	for (int i = 0; i < holding->departments.n; i++)
		collect_below(collector, rbac_collected_uuid(&holding->departments, i));
}

static int
compare_keys(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The keys of the tenants in a set, in ascending order. */
static ArrayType *
keys_to_array(RbacReader *reader, const RbacCollection *tenants)
{
	char	  **keys = palloc(sizeof(char *) * Max(tenants->n, 1));
	Datum	   *elements = palloc(sizeof(Datum) * Max(tenants->n, 1));
	int			n = 0;

	for (int i = 0; i < tenants->n; i++)
	{
		if (rbac_read_tenant(reader, rbac_collected_uuid(tenants, i), NULL, &keys[n]))
			n++;
	}
	qsort(keys, n, sizeof(char *), compare_keys);
	for (int i = 0; i < n; i++)
		elements[i] = CStringGetTextDatum(keys[i]);
	return construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT);
}

static int
compare_int64(const void *a, const void *b)
{
	int64		x = *(const int64 *) a;
	int64		y = *(const int64 *) b;

	return (x > y) - (x < y);
}

/* The keys of the tenants in a set, as far as they are numbers. */
static ArrayType *
numbers_to_array(RbacReader *reader, const RbacCollection *tenants)
{
	int64	   *numbers = palloc(sizeof(int64) * Max(tenants->n, 1));
	Datum	   *elements = palloc(sizeof(Datum) * Max(tenants->n, 1));
	int			n = 0;
	char	   *key;

	for (int i = 0; i < tenants->n; i++)
	{
		if (rbac_read_tenant(reader, rbac_collected_uuid(tenants, i), NULL, &key) &&
			rbac_key_is_number(key, &numbers[n]))
			n++;
	}
	qsort(numbers, n, sizeof(int64), compare_int64);
	for (int i = 0; i < n; i++)
		elements[i] = Int64GetDatum(numbers[i]);
	return construct_array(elements, n, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* A kind of set: what is in it, and how it is said. */
typedef struct SetKind
{
	void		(*collect) (Collector *collector);
	ArrayType  *(*say) (RbacReader *reader, const RbacCollection *set);
} SetKind;

static const SetKind tenants_kind = {collect_tenants, set_to_array};
static const SetKind touched_tenants_kind = {collect_touched_tenants, set_to_array};
static const SetKind departments_kind = {collect_departments, set_to_array};
static const SetKind keys_kind = {collect_tenants, keys_to_array};
static const SetKind numbers_kind = {collect_tenants, numbers_to_array};

static ArrayType *
read_set(const char *scope, int length, const SetKind *kind)
{
	Holding		holding;
	Collector	collector;
	RbacAttempt attempt = {0};
	ArrayType  *set;

	do
	{
		rbac_attempt_begin(&attempt, true);
		collector = (Collector) {.holding = &holding,.result = RBAC_UUIDS};
		find_holding(attempt.reader, scope, length, &holding);
		kind->collect(&collector);
		rbac_sort_collection(&collector.result);
		set = kind->say(attempt.reader, &collector.result);
	} while (!rbac_attempt_stands(&attempt));
	return set;
}

/* For other rooms: tenants_with_scope(scope). */
ArrayType *
rbac_set_of_tenants(const char *scope)
{
	return read_set(scope, strlen(scope), &tenants_kind);
}

/* For other rooms: _tenants_touched_by_scope(scope). */
ArrayType *
rbac_set_of_touched_tenants(const char *scope)
{
	return read_set(scope, strlen(scope), &touched_tenants_kind);
}

/* A set found before, by the same statement. */
typedef struct RememberedSet
{
	RbacForStatement found;
	const SetKind *kind;
	int			length;
	char		scope[RBAC_MAX_NAME_LENGTH];
	ArrayType  *set;			/* NULL, or of its own memory */
} RememberedSet;

#define REMEMBERED_SETS 4
#define MAX_REMEMBERED_SIZE (256 * 1024)

static RememberedSet remembered[REMEMBERED_SETS];

static void
remember_set(const char *scope, int length, const SetKind *kind, const ArrayType *set)
{
	static int	next = 0;
	RememberedSet *place = &remembered[next];
	RbacForStatement found;

	if (!rbac_for_statement_note(&found) || VARSIZE(set) > MAX_REMEMBERED_SIZE || length > RBAC_MAX_NAME_LENGTH)
		return;
	next = (next + 1) % REMEMBERED_SETS;
	if (place->set != NULL)
		pfree(place->set);
	place->set = NULL;
	place->set = MemoryContextAlloc(TopMemoryContext, VARSIZE(set));
	memcpy(place->set, set, VARSIZE(set));
	place->found = found;
	place->kind = kind;
	place->length = length;
	memcpy(place->scope, scope, length);
}

static const ArrayType *
remembered_set(const char *scope, int length, const SetKind *kind)
{
	for (int i = 0; i < REMEMBERED_SETS; i++)
	{
		const RememberedSet *place = &remembered[i];

		if (place->set != NULL && place->kind == kind &&
			place->length == length && memcmp(place->scope, scope, length) == 0 &&
			rbac_for_statement_holds(&place->found))
			return place->set;
	}
	return NULL;
}

/* A copy: scans point into what they were given for as long as they last. */
static ArrayType *
set_of_current_user(FunctionCallInfo fcinfo, const SetKind *kind)
{
	text	   *argument = PG_GETARG_TEXT_PP(0);
	const char *scope = VARDATA_ANY(argument);
	int			length = VARSIZE_ANY_EXHDR(argument);
	const ArrayType *known;
	ArrayType  *set;

	/* settles who is asking: what is remembered is told apart by that */
	(void) rbac_identity();
	known = remembered_set(scope, length, kind);
	if (known != NULL)
	{
		set = palloc(VARSIZE(known));
		memcpy(set, known, VARSIZE(known));
		return set;
	}
	set = read_set(scope, length, kind);
	remember_set(scope, length, kind, set);
	return set;
}

/* tenants_with_scope(scope) */
Datum
rbac_tenants_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, &tenants_kind));
}

/* _tenants_touched_by_scope(scope) */
Datum
rbac_tenants_touched_by_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, &touched_tenants_kind));
}

/* departments_with_scope(scope) */
Datum
rbac_departments_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, &departments_kind));
}

/* tenant_keys_with_scope(scope) */
Datum
rbac_tenant_keys_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, &keys_kind));
}

/* _tenant_numbers_with_scope(scope) */
Datum
rbac_tenant_numbers_with_scope(PG_FUNCTION_ARGS)
{
	PG_RETURN_ARRAYTYPE_P(set_of_current_user(fcinfo, &numbers_kind));
}
