/*
 * static_duty.c
 *		Static separation of duty (INCITS 359, SSD with a hierarchy).
 *
 * Nobody is authorized for both roles of a static conflict in one tenant at
 * one time, whether assigned or by inheritance.  Assignments in every tenant
 * count in each; those in departments count for their tenant, all together;
 * those whose periods do not meet do not conflict, and what is over is over.
 * Whether user and tenant are active does not matter: they can be activated.
 *
 * As all rules over several rows (model/rules.c), this is checked after the
 * row is written, under a lock that makes the other session wait, and a fresh
 * snapshot.  An assignment holds still what roles mean in its tenant
 * (model/hierarchy_lock.c), which keeps out new conflicts and new inheritance
 * there, and then its user.  A change of inheritance or conflicts keeps out the
 * assignments that it could hurt.  Where no conflict is static, an assignment
 * costs two locks that others share and one look into an index.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "storage/lmgr.h"
#include "utils/rel.h"

#include "admin/held.h"
#include "admin/place.h"
#include "admin/statement.h"
#include "model/hierarchy.h"
#include "model/trigger.h"

PG_FUNCTION_INFO_V1(rbac_keep_static_duty);
PG_FUNCTION_INFO_V1(rbac_order_conflict);

/*
 * Users share this many locks, so that one statement that assigns roles to a
 * hundred thousand users does not ask for a hundred thousand locks.
 */
#define USER_LOCKS 512

/*
 * The conflicts that matter, and who is senior to their roles.  $1: the roles
 * of which a conflict must name one.
 */
#define PAIRS_AND_SENIORS \
	"WITH RECURSIVE pair AS (" \
	"SELECT c.role_a, c.role_b FROM rbac.role_conflicts c" \
	" WHERE c.kind = 'static' AND (c.role_a = ANY ($1) OR c.role_b = ANY ($1))), " \
	"reach (junior, senior) AS (" \
	"(SELECT p.role_a, p.role_a FROM pair p UNION SELECT p.role_b, p.role_b FROM pair p)" \
	" UNION SELECT r.junior, i.role_id" \
	" FROM reach r JOIN rbac.role_inherits i ON i.inherits_role_id = r.senior) "

static const char *const one_role_reaches_both =
	PAIRS_AND_SENIORS
	"SELECT p.role_a, p.role_b, a.senior"
	" FROM pair p JOIN reach a ON a.junior = p.role_a"
	" JOIN reach b ON b.junior = p.role_b AND b.senior = a.senior"
	" ORDER BY p.role_a, p.role_b, a.senior LIMIT 1";

static const char *const some_user_holds_both =
	PAIRS_AND_SENIORS
	"SELECT p.role_a, p.role_b, x.user_id, coalesce(x.tenant_id, y.tenant_id), x.role_id, y.role_id"
	" FROM pair p JOIN reach a ON a.junior = p.role_a JOIN reach b ON b.junior = p.role_b"
	" JOIN rbac.user_roles x ON x.role_id = a.senior"
	" JOIN rbac.user_roles y ON y.role_id = b.senior AND y.user_id = x.user_id"
	" WHERE (x.tenant_id IS NULL OR y.tenant_id IS NULL OR x.tenant_id = y.tenant_id)"
	" AND coalesce(greatest(x.valid_from, y.valid_from), '-infinity')"
	" < coalesce(least(x.valid_until, y.valid_until), 'infinity')"
	" AND coalesce(least(x.valid_until, y.valid_until), 'infinity') > statement_timestamp()"
	" ORDER BY p.role_a, p.role_b, x.user_id, x.id, y.id LIMIT 1";

/*
 * Comes for each row, so only the one table is locked before the snapshot is
 * taken.
 */
static bool
any_static_conflict(void)
{
	Oid			conflicts = rbac_catalog()->table[RBAC_ROLE_CONFLICTS];
	RbacReader *reader;
	bool		found;

	LockRelationOid(conflicts, AccessShareLock);
	reader = rbac_read_begin_lazily();
	found = rbac_read_any_conflict(reader, "static");
	rbac_read_end(reader);
	UnlockRelationOid(conflicts, AccessShareLock);
	return found;
}

static char *
role_name(int32 role_id)
{
	RbacReader *reader = rbac_read_begin();
	char	   *name = NULL;

	if (!rbac_read_role(reader, role_id, NULL, NULL, &name))
		name = psprintf("%d", role_id);
	rbac_read_end(reader);
	return name;
}

static char *
user_name(const pg_uuid_t *user_id)
{
	RbacReader *reader = rbac_read_begin();
	char	   *name = NULL;

	if (!rbac_read_user(reader, user_id, NULL, &name))
		name = rbac_uuid_text(user_id);
	rbac_read_end(reader);
	return name;
}

/* The roles themselves: nobody could be assigned one that reaches both. */
static void
check_roles(RbacArgs *roles)
{
	int32		role_a;
	int32		role_b;
	int32		senior;

	if (rbac_ask(one_role_reaches_both, roles) == 0)
		return;
	rbac_get_int32(0, 1, &role_a);
	rbac_get_int32(0, 2, &role_b);
	rbac_get_int32(0, 3, &senior);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_GRANT_OPERATION),
			 senior == role_a || senior == role_b
			 ? errmsg("role \"%s\" cannot inherit role \"%s\": they exclude each other",
					  role_name(senior), role_name(senior == role_a ? role_b : role_a))
			 : errmsg("role \"%s\" cannot inherit both role \"%s\" and role \"%s\": they exclude each other",
					  role_name(senior), role_name(role_a), role_name(role_b)),
			 errdetail("A static conflict lets nobody be authorized for both (separation of duty).")));
}

/* tenant_id NULL: in every tenant. */
static void
refuse_user(const pg_uuid_t *user_id, const pg_uuid_t *tenant_id,
			int32 role_a, int32 role_b, int32 through_a, int32 through_b)
{
	RbacPlace	place = rbac_place(tenant_id, NULL);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_GRANT_OPERATION),
			 errmsg("user \"%s\" cannot have both role \"%s\" and role \"%s\" %s: they exclude each other",
					user_name(user_id), role_name(role_a), role_name(role_b), rbac_place_text(&place)),
			 through_a == role_a && through_b == role_b
			 ? errdetail("A static conflict lets nobody be authorized for both (separation of duty).")
			 : errdetail("A static conflict lets nobody be authorized for both (separation of duty); they come with the assigned roles \"%s\" and \"%s\".",
						 role_name(through_a), role_name(through_b)),
			 errhint("Revoke one of the two first, or choose periods that do not meet.")));
}

/* All users, for the conflicts that name one of these roles. */
static void
check_users(RbacArgs *roles)
{
	int32		role_a;
	int32		role_b;
	int32		through_a;
	int32		through_b;
	pg_uuid_t	user_id;
	pg_uuid_t	tenant_id;
	bool		has_tenant;

	if (rbac_ask(some_user_holds_both, roles) == 0)
		return;
	rbac_get_int32(0, 1, &role_a);
	rbac_get_int32(0, 2, &role_b);
	rbac_get_uuid(0, 3, &user_id);
	has_tenant = rbac_get_uuid(0, 4, &tenant_id);
	rbac_get_int32(0, 5, &through_a);
	rbac_get_int32(0, 6, &through_b);
	refuse_user(&user_id, has_tenant ? &tenant_id : NULL, role_a, role_b, through_a, through_b);
}

static bool
refuse_exclusion(const RbacExclusion *exclusion, void *arg)
{
	refuse_user(arg, exclusion->everywhere ? NULL : &exclusion->tenant_id,
				exclusion->role_a, exclusion->role_b,
				exclusion->through_a, exclusion->through_b);
	return false;
}

/*
 * An assignment was written: look at all that the user has.  By index and not
 * by a query, since many may be written at once.  tenant_id NULL: it is for
 * every tenant.
 */
static void
check_assignment(pg_uuid_t *user_id, const pg_uuid_t *tenant_id)
{
	uint32		slot = DatumGetUInt32(hash_any(user_id->data, UUID_LEN)) % USER_LOCKS;
	RbacReader *reader;

	rbac_lock_to_assign(tenant_id);
	CommandCounterIncrement();
	if (!any_static_conflict())
		return;

	/* a reader begun after the lock sees who held it before us */
	LockDatabaseObject(RelationRelationId, rbac_catalog()->table[RBAC_USERS], slot + 1, ExclusiveLock);
	reader = rbac_read_begin();
	rbac_visit_exclusions(reader,
						  rbac_held_from(reader, user_id, GetCurrentStatementStartTimestamp()),
						  "static", refuse_exclusion, user_id);
	rbac_read_end(reader);
}

/* What roles mean has changed: conflicts that name one of these are judged anew. */
static void
check_meaning(const int32 *role_ids, int n)
{
	RbacArgs	roles = {0};

	SPI_connect();
	rbac_arg_int32s(&roles, role_ids, n);
	check_roles(&roles);
	check_users(&roles);
	SPI_finish();
}

/* Only conflicts that name something below the junior role can have been hurt. */
static void
check_inheritance(int32 senior_id, int32 junior_id)
{
	RbacReader *reader;
	RbacHierarchy *below;

	rbac_lock_to_inherit(senior_id);
	if (!any_static_conflict())
		return;

	reader = rbac_read_begin();
	below = rbac_hierarchy_below(reader, junior_id);
	rbac_read_end(reader);
	check_meaning(below->role, below->nroles);
}

static void
check_conflict(TriggerData *data, HeapTuple row)
{
	int32		role_a = rbac_row_int32(data, row, "role_a");

	rbac_lock_to_exclude(role_a, rbac_row_int32(data, row, "role_b"));
	check_meaning(&role_a, 1);
}

/* After INSERT or UPDATE on user_roles, role_inherits, role_conflicts. */
Datum
rbac_keep_static_duty(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	Oid			table = RelationGetRelid(data->tg_relation);
	const RbacCatalog *catalog = rbac_catalog();
	pg_uuid_t	user_id;
	pg_uuid_t	tenant_id;

	if (table == catalog->table[RBAC_USER_ROLES])
	{
		if (rbac_row_uuid(data, row, "user_id", &user_id))
			check_assignment(&user_id,
							 rbac_row_uuid(data, row, "tenant_id", &tenant_id) ? &tenant_id : NULL);
	}
	else if (table == catalog->table[RBAC_ROLE_INHERITS])
		check_inheritance(rbac_row_int32(data, row, "role_id"),
						  rbac_row_int32(data, row, "inherits_role_id"));
	else if (table == catalog->table[RBAC_ROLE_CONFLICTS])
		check_conflict(data, row);
	else
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"rbac._keep_static_duty\" does not know table \"%s\"",
						RelationGetRelationName(data->tg_relation))));
	return PointerGetDatum(NULL);
}

/* Before INSERT or UPDATE on role_conflicts: the smaller id first. */
Datum
rbac_order_conflict(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	HeapTuple	row = rbac_row_written(data);
	TupleDesc	desc = RelationGetDescr(data->tg_relation);
	int			columns[2];
	Datum		values[2];
	bool		nulls[2];

	values[1] = rbac_row_value(data, row, "role_a", &nulls[1]);
	values[0] = rbac_row_value(data, row, "role_b", &nulls[0]);
	if (nulls[0] || nulls[1] || DatumGetInt32(values[1]) <= DatumGetInt32(values[0]))
		return PointerGetDatum(row);

	columns[0] = SPI_fnumber(desc, "role_a");
	columns[1] = SPI_fnumber(desc, "role_b");
	return PointerGetDatum(heap_modify_tuple_by_cols(row, desc, 2, columns, values, nulls));
}
