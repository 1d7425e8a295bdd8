/*
 * guard.c
 *		Direct DML by others than the owner of the tables: the same rules.
 *
 * Whoever was granted INSERT, UPDATE or DELETE on our tables may use it as far
 * as the current identity may do the same by the functions.  Without an
 * identity it may do nothing: whoever can run SQL can clear the identity
 * first.
 *
 * The triggers fire BEFORE, so that a stranger is refused before any
 * constraint tells of rows; an update is judged as taking away the old row and
 * adding the new one.  A row that the same statement makes and that another
 * one of its rows refers to cannot be seen yet, and counts as everybody's.
 *
 * Row-level security (delegation.sql) hides from UPDATE and DELETE what is not
 * the asker's to write; who has BYPASSRLS meets the guard alone.
 *
 * Rows keep their ids, and numbers are given by us: who could choose them could
 * take the place of a row that others mean, or of one that is yet to come.
 *
 * Foreign keys cascade as the owner of the table, and so do our functions
 * write: those are exempt here.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "executor/spi.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "compat.h"
#include "admin/admin.h"
#include "admin/authority.h"
#include "identity/identity.h"
#include "model/trigger.h"

PG_FUNCTION_INFO_V1(rbac_guard);

static bool
is_changed(const RbacChange *change, const char *column)
{
	TupleDesc	desc = RelationGetDescr(change->data->tg_relation);
	bool		before_isnull;
	bool		after_isnull;
	Datum		before = rbac_row_value(change->data, change->before, column, &before_isnull);
	Datum		after = rbac_row_value(change->data, change->after, column, &after_isnull);
	Form_pg_attribute attribute = TupleDescAttr(desc, SPI_fnumber(desc, column) - 1);

	if (before_isnull || after_isnull)
		return before_isnull != after_isnull;
	return !datum_image_eq(before, after, attribute->attbyval, attribute->attlen);
}

static bool
is_true(const RbacChange *change, HeapTuple row, const char *column)
{
	bool		isnull;
	Datum		value = rbac_row_value(change->data, row, column, &isnull);

	return !isnull && DatumGetBool(value);
}

static RbacPlace
place_of_row(const RbacChange *change, HeapTuple row, const char *department_column)
{
	pg_uuid_t	tenant_id;
	pg_uuid_t	department_id;
	bool		has_tenant = rbac_row_uuid(change->data, row, "tenant_id", &tenant_id);
	bool		has_department = department_column &&
		rbac_row_uuid(change->data, row, department_column, &department_id);

	return rbac_place(has_tenant ? &tenant_id : NULL, has_department ? &department_id : NULL);
}

/* Overwrite a column of the row to be written. */
static void
set_column(RbacChange *change, const char *column, Datum value)
{
	TupleDesc	desc = RelationGetDescr(change->data->tg_relation);
	int			number = SPI_fnumber(desc, column);
	bool		isnull = false;

	change->after = heap_modify_tuple_by_cols(change->after, desc, 1, &number, &value, &isnull);
}

/* DT_NOEND for NULL. */
static TimestampTz
end_of_row(const RbacChange *change, HeapTuple row)
{
	bool		isnull;
	Datum		value = rbac_row_value(change->data, row, "valid_until", &isnull);

	return isnull ? DT_NOEND : DatumGetTimestampTz(value);
}

/* A new row whose id is a number gets the next one, whatever it says. */
static void
give_id(RbacChange *change)
{
	Relation	table = change->data->tg_relation;
	int			column = SPI_fnumber(RelationGetDescr(table), "id");
	Oid			type;
	int64		id;

	if (column <= 0)
		return;
	type = TupleDescAttr(RelationGetDescr(table), column - 1)->atttypid;
	if (type != INT4OID && type != INT8OID)
		return;
	id = nextval_internal(rbac_identity_sequence(table, column), false);
	set_column(change, "id", type == INT4OID ? Int32GetDatum((int32) id) : Int64GetDatum(id));
}

static void
refuse_other_id(const RbacChange *change)
{
	Relation	table = change->data->tg_relation;

	if (SPI_fnumber(RelationGetDescr(table), "id") > 0 && is_changed(change, "id"))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to change an id in \"rbac.%s\"",
						RelationGetRelationName(table)),
				 errdetail("Rows keep their ids.")));
}

static void
guard_user_roles(RbacChange *change)
{
	if (change->before)
	{
		RbacPlace	place = place_of_row(change, change->before, "department_id");

		rbac_authorize_assigning_at(&place);
	}
	if (change->after)
	{
		RbacPlace	place = place_of_row(change, change->after, "department_id");

		rbac_authorize_assignment(rbac_row_int32(change->data, change->after, "role_id"), &place,
								  end_of_row(change, change->after));
		set_column(change, "granted_by", PointerGetDatum(&rbac_identity()->user_id));
	}
}

static void
guard_roles(RbacChange *change)
{
	if (change->before)
	{
		RbacPlace	place = place_of_row(change, change->before, NULL);

		rbac_authorize_roles_at(&place);
	}
	if (change->after)
	{
		RbacPlace	place = place_of_row(change, change->after, NULL);

		rbac_authorize_roles_at(&place);
	}
}

static void
guard_role_permissions(RbacChange *change)
{
	if (change->before)
		rbac_authorize_role_change(rbac_row_int32(change->data, change->before, "role_id"));
	if (change->after)
		rbac_authorize_role_permission(rbac_row_int32(change->data, change->after, "role_id"),
									   rbac_row_int32(change->data, change->after, "permission_id"));
}

static void
guard_role_inherits(RbacChange *change)
{
	if (change->before)
		rbac_authorize_role_change(rbac_row_int32(change->data, change->before, "role_id"));
	if (change->after)
		rbac_authorize_inheritance(rbac_row_int32(change->data, change->after, "role_id"),
								   rbac_row_int32(change->data, change->after, "inherits_role_id"));
}

static void
guard_role_conflicts(RbacChange *change)
{
	if (change->before)
		rbac_authorize_conflict(rbac_row_int32(change->data, change->before, "role_a"),
								rbac_row_int32(change->data, change->before, "role_b"));
	if (change->after)
		rbac_authorize_conflict(rbac_row_int32(change->data, change->after, "role_a"),
								rbac_row_int32(change->data, change->after, "role_b"));
}

static void
guard_permission_scopes(RbacChange *change)
{
	rbac_authorize_permissions();
	if (change->after)
		rbac_authorize_permission_scope(rbac_row_int32(change->data, change->after, "scope_id"));
}

static void
guard_scopes(RbacChange *change)
{
	rbac_authorize_permissions();
	if (change->before && change->after && is_changed(change, "name"))
		rbac_authorize_scope_rename();
}

static void
guard_permissions(RbacChange *change)
{
	rbac_authorize_permissions();
}

static void
guard_tenants(RbacChange *change)
{
	rbac_authorize_tenants();
}

static RbacUserChange
kind_of_user_change(const RbacChange *change)
{
	if (change->after == NULL)
		return RBAC_USER_EXISTENCE;
	if (is_changed(change, "username") || is_changed(change, "email") ||
		is_changed(change, "email_verified_at") || is_changed(change, "phone"))
		return RBAC_USER_SIGN_IN;
	if (is_changed(change, "is_active"))
		return is_true(change, change->after, "is_active") ? RBAC_USER_SIGN_IN : RBAC_USER_EXISTENCE;
	return RBAC_USER_PROFILE;
}

static void
guard_users(RbacChange *change)
{
	pg_uuid_t	user_id;

	if (change->before == NULL)
	{
		rbac_authorize_new_user();
		return;
	}
	if (rbac_row_uuid(change->data, change->before, "id", &user_id))
		rbac_authorize_user_change(&user_id, kind_of_user_change(change));
}

static void
guard_departments(RbacChange *change)
{
	RbacPlace	place;
	pg_uuid_t	id;
	pg_uuid_t	parent_id;

	if (change->before)
	{
		place = place_of_row(change, change->before, NULL);
		rbac_authorize_departments(place.has_tenant ? &place.tenant_id : NULL);
	}
	if (change->after)
	{
		place = place_of_row(change, change->after, NULL);
		rbac_authorize_departments(place.has_tenant ? &place.tenant_id : NULL);
	}
	if (change->before && change->after && is_changed(change, "parent_id") &&
		rbac_row_uuid(change->data, change->before, "id", &id) &&
		rbac_row_uuid(change->data, change->after, "parent_id", &parent_id))
		rbac_authorize_department_move(place.has_tenant ? &place.tenant_id : NULL, &id, &parent_id);
}

typedef struct Guard
{
	const char *table;
	RbacGuard	guard;
} Guard;

/* For the tables of rooms above. */
#define MAX_GUARDS 32

static Guard guards[MAX_GUARDS] =
{
	{"user_roles", guard_user_roles},
	{"roles", guard_roles},
	{"role_permissions", guard_role_permissions},
	{"role_inherits", guard_role_inherits},
	{"role_conflicts", guard_role_conflicts},
	{"permission_scopes", guard_permission_scopes},
	{"scopes", guard_scopes},
	{"permissions", guard_permissions},
	{"permission_objects", guard_permissions},
	{"permission_actions", guard_permissions},
	{"tenants", guard_tenants},
	{"users", guard_users},
	{"departments", guard_departments},
};

/* From now on, whoever writes to this table by direct DML obeys this rule. */
void
rbac_guard_table(const char *table, RbacGuard guard)
{
	for (int i = 0; i < MAX_GUARDS; i++)
	{
		if (guards[i].table == NULL)
		{
			guards[i].table = table;
			guards[i].guard = guard;
			return;
		}
	}
	elog(ERROR, "too many guarded tables");
}

static RbacGuard
find_guard(const char *table)
{
	for (int i = 0; i < MAX_GUARDS && guards[i].table != NULL; i++)
	{
		if (strcmp(guards[i].table, table) == 0)
			return guards[i].guard;
	}
	return NULL;
}

Datum
rbac_guard(PG_FUNCTION_ARGS)
{
	TriggerData *data = rbac_trigger_data(fcinfo);
	const char *table = RelationGetRelationName(data->tg_relation);
	bool		is_owner = rbac_is_owner_of(data->tg_relation->rd_rel->relowner);
	RbacChange	change = {data, NULL, NULL};

	if (TRIGGER_FIRED_BY_TRUNCATE(data->tg_event))
	{
		if (!is_owner)
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("permission denied to truncate \"rbac.%s\"", table),
					 errdetail("Only its owner can, since no rule looks at the rows that go."),
					 errhint("Use DELETE.")));
		return PointerGetDatum(NULL);
	}

	if (!TRIGGER_FIRED_BY_INSERT(data->tg_event))
		change.before = data->tg_trigtuple;
	if (!TRIGGER_FIRED_BY_DELETE(data->tg_event))
		change.after = rbac_row_written(data);

	if (!is_owner)
	{
		RbacGuard	guard = find_guard(table);

		rbac_refuse_restricted();
		if (rbac_identity() == NULL)
			rbac_refuse_nobody();
		if (guard == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
					 errmsg("function \"rbac._guard\" does not know table \"%s\"", table)));
		if (change.before && change.after)
			refuse_other_id(&change);
		guard(&change);
		if (change.before == NULL)
			give_id(&change);
	}
	return PointerGetDatum(change.after ? change.after : change.before);
}
