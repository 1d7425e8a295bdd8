/*
 * holders.c
 *		Who holds a scope in the whole of a tenant?
 *
 * From the tenant's assignments of those roles that carry the scope, read by
 * one reader under one fresh snapshot, as explanations are.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "decision/decision.h"
#include "decision/reach.h"

PG_FUNCTION_INFO_V1(rbac_users_with_scope);

typedef struct Holders
{
	RbacReader *reader;
	const RbacCarriers *carriers;
	const pg_uuid_t *tenant_id; /* of the assignments that are looked at; or NULL */
	TimestampTz now;
	int			n;
	int			capacity;
	pg_uuid_t  *user;
} Holders;

static bool
add_holder(const RbacAssignment *assignment, void *arg)
{
	Holders    *holders = arg;

	if (!assignment->whole_tenant ||
		holders->now < assignment->valid_from || holders->now >= assignment->valid_until)
		return true;

	if (holders->n == holders->capacity)
	{
		holders->capacity *= 2;
		holders->user = repalloc_huge(holders->user, sizeof(pg_uuid_t) * holders->capacity);
	}
	holders->user[holders->n++] = assignment->user_id;
	return true;
}

static bool
try_role(int32 role_id, void *arg)
{
	Holders    *holders = arg;

	CHECK_FOR_INTERRUPTS();
	if (rbac_role_reaches(holders->reader, holders->carriers, role_id))
		rbac_visit_assignments_of_role(holders->reader, holders->tenant_id, role_id,
									   add_holder, holders);
	return true;
}

static int
compare_uuid(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

/* users_with_scope(scope, tenant_id) */
Datum
rbac_users_with_scope(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	char	   *scope = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const pg_uuid_t *tenant_id = PG_GETARG_UUID_P(1);
	Holders		holders = {.capacity = 64};
	RbacReader *reader;
	int32		scope_id;
	bool		is_active;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	reader = rbac_read_begin();
	if (!rbac_read_scope_id(reader, scope, strlen(scope), &scope_id))
	{
		if (rbac_unknown_scope == RBAC_UNKNOWN_SCOPE_ERROR)
			rbac_refuse_unknown_scope(scope);
		scope_id = 0;
	}

	if (rbac_read_tenant(reader, tenant_id, &is_active, NULL) && is_active)
	{
		holders.reader = reader;
		holders.carriers = rbac_carriers(reader, scope_id);
		holders.now = GetCurrentStatementStartTimestamp();
		holders.user = palloc(sizeof(pg_uuid_t) * holders.capacity);

		holders.tenant_id = NULL;
		rbac_visit_assigned_roles(reader, NULL, try_role, &holders);
		holders.tenant_id = tenant_id;
		rbac_visit_assigned_roles(reader, tenant_id, try_role, &holders);

		qsort(holders.user, holders.n, sizeof(pg_uuid_t), compare_uuid);
		holders.n = qunique(holders.user, holders.n, sizeof(pg_uuid_t), compare_uuid);
	}

	for (int i = 0; i < holders.n; i++)
	{
		Datum		value = UUIDPGetDatum(&holders.user[i]);
		bool		isnull = false;

		if (rbac_read_user(reader, &holders.user[i], &is_active, NULL) && is_active)
			tuplestore_putvalues(rows->setResult, rows->setDesc, &value, &isnull);
	}
	rbac_read_end(reader);
	return (Datum) 0;
}
