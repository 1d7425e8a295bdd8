/*
 * review.c
 *		Who has what?  The way into the reviews, which are written in SQL.
 *
 * For each public function f there is an SQL function _f beside it, which
 * answers without asking who wants to know.  Here that is judged first; then
 * _f runs with the rights of the tables' owner and under a fresh snapshot, so
 * that it agrees with the decisions at every isolation level.
 *
 * What an argument means is told by its name: role (a name, or an id), user_id,
 * tenant_id, object, inherited.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

#include "decision/decision.h"
#include "identity/identity.h"
#include "model/model.h"
#include "model/nearest.h"

PG_FUNCTION_INFO_V1(rbac_review);
PG_FUNCTION_INFO_V1(rbac_review_of_self);

#define REVIEW_SCOPE "rbac:review"
#define MAX_ARGUMENTS 4

typedef struct Review
{
	char		name[NAMEDATALEN];
	int			nargs;
	char	   *argname[MAX_ARGUMENTS];
	Oid			type[MAX_ARGUMENTS];
	Datum		value[MAX_ARGUMENTS];
	char		null[MAX_ARGUMENTS];	/* 'n' or ' ', as SPI wants it */
} Review;

/* The public function that was called, and with what. */
static void
describe_call(FunctionCallInfo fcinfo, Review *review)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid		   *types;
	char	  **names;
	char	   *modes;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	strlcpy(review->name, NameStr(((Form_pg_proc) GETSTRUCT(tuple))->proname), NAMEDATALEN);
	(void) get_func_arg_info(tuple, &types, &names, &modes);
	ReleaseSysCache(tuple);

	review->nargs = PG_NARGS();
	if (review->nargs > MAX_ARGUMENTS)
		elog(ERROR, "function \"%s\" has too many arguments for a review", review->name);
	for (int i = 0; i < review->nargs; i++)
	{
		review->argname[i] = names[i];
		review->type[i] = types[i];
		review->null[i] = PG_ARGISNULL(i) ? 'n' : ' ';
		review->value[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
	}
}

/* Where an argument stands, or -1. */
static int
find_argument(const Review *review, const char *name)
{
	for (int i = 0; i < review->nargs; i++)
	{
		if (strcmp(review->argname[i], name) == 0)
			return i;
	}
	return -1;
}

/* NULL if there is no such argument, or it is null. */
static const pg_uuid_t *
uuid_argument(const Review *review, const char *name)
{
	int			at = find_argument(review, name);

	return at < 0 || review->null[at] == 'n' ? NULL : DatumGetUUIDP(review->value[at]);
}

static void
refuse_nulls(const Review *review)
{
	for (int i = 0; i < review->nargs; i++)
	{
		if (review->null[i] == 'n' && strcmp(review->argname[i], "tenant_id") != 0)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s cannot be null", review->argname[i])));
	}
}

/*
 * Without an identity the owner of the tables may ask; with one, who holds the
 * scope in the tenant asked about.
 */
static void
judge_asker(const pg_uuid_t *tenant_id)
{
	RbacQuestion question;

	if (rbac_current_question(&question))
	{
		question.tenant_id = tenant_id;
		rbac_require(&question, REVIEW_SCOPE);
	}
	else if (!has_privs_of_role(GetUserId(), rbac_catalog()->owner))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
				 errmsg("nobody is asking: no identity is set"),
				 errdetail("Without an identity, only the owner of the tables of extension \"rbac\" may ask who has what."),
				 errhint("Set an identity with rbac.set_identity() first.")));
}

/* Raises 42704 for a user that does not exist. */
static void
check_user(RbacReader *reader, const pg_uuid_t *user_id)
{
	if (!rbac_read_user(reader, user_id, NULL, NULL))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("user %s does not exist", rbac_uuid_text(user_id)),
				 errhint("Look for its id in rbac.users.")));
}

/* The tenant's key. */
static char *
check_tenant(RbacReader *reader, const pg_uuid_t *tenant_id)
{
	char	   *key;

	if (!rbac_read_tenant(reader, tenant_id, NULL, &key))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("tenant %s does not exist", rbac_uuid_text(tenant_id)),
				 errhint("Look for its id in rbac.tenants.")));
	return key;
}

typedef struct RoleSearch
{
	const char *name;
	int32		id;
	RbacNearest nearest;
} RoleSearch;

static bool
match_role(int32 id, const char *name, void *arg)
{
	RoleSearch *search = arg;

	if (search->id == 0 && strcmp(name, search->name) == 0)
		search->id = id;
	rbac_nearest_offer(&search->nearest, name);
	return true;
}

/* The tenant's own role of that name, or else the one that every tenant shares. */
static int32
find_role(RbacReader *reader, const char *name, const pg_uuid_t *tenant_id, const char *key)
{
	RoleSearch	search = {.name = name};

	rbac_nearest_init(&search.nearest, name);
	if (tenant_id)
		rbac_visit_roles_of(reader, tenant_id, match_role, &search);
	if (search.id == 0)
		rbac_visit_roles_of(reader, NULL, match_role, &search);
	if (search.id == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 tenant_id
				 ? errmsg("role \"%s\" does not exist in tenant \"%s\" or for every tenant", name, key)
				 : errmsg("role \"%s\" does not exist for every tenant", name),
				 tenant_id
				 ? 0
				 : errdetail("Without a tenant_id, a name means a role that every tenant shares."),
				 errhint("%s", rbac_nearest_hint(&search.nearest,
												 "Look for its name in rbac.roles."))));
	return search.id;
}

static void
check_role(RbacReader *reader, int32 id, const pg_uuid_t *tenant_id, const char *key)
{
	pg_uuid_t	role_tenant;
	bool		has_tenant;
	bool		found = rbac_read_role(reader, id, &has_tenant, &role_tenant, NULL);

	/* another tenant's role is none that the asker may ask about */
	if (found && (tenant_id == NULL || !has_tenant ||
				  memcmp(&role_tenant, tenant_id, UUID_LEN) == 0))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 tenant_id
			 ? errmsg("role %d does not exist in tenant \"%s\" or for every tenant", id, key)
			 : errmsg("role %d does not exist", id),
			 errhint("Look for its id in rbac.roles.")));
}

/* Raises 42704 for a kind of object that does not exist.  Connected to SPI. */
static void
check_object(const char *name)
{
	RbacNearest nearest;
	uint64		n = rbac_fresh_query("SELECT o.name FROM rbac.permission_objects o ORDER BY o.name",
									 0, NULL, NULL, NULL, 0);

	rbac_nearest_init(&nearest, name);
	for (uint64 i = 0; i < n; i++)
	{
		char	   *known = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);

		if (strcmp(known, name) == 0)
			return;
		rbac_nearest_offer(&nearest, known);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("object \"%s\" does not exist", name),
			 errhint("%s", rbac_nearest_hint(&nearest, "Look for its name in rbac.permission_objects."))));
}

/* What is named exists, for who asks; a role's name becomes its id. */
static void
resolve_arguments(Review *review)
{
	const pg_uuid_t *tenant_id = uuid_argument(review, "tenant_id");
	const pg_uuid_t *user_id = uuid_argument(review, "user_id");
	RbacReader *reader = rbac_read_begin();
	char	   *key = tenant_id ? check_tenant(reader, tenant_id) : NULL;
	int			at;

	if (user_id)
		check_user(reader, user_id);
	if ((at = find_argument(review, "role")) >= 0)
	{
		if (review->type[at] == TEXTOID)
		{
			char	   *name = TextDatumGetCString(review->value[at]);

			review->value[at] = Int32GetDatum(find_role(reader, name, tenant_id, key));
			review->type[at] = INT4OID;
		}
		else
			check_role(reader, DatumGetInt32(review->value[at]), tenant_id, key);
	}
	rbac_read_end(reader);

	if ((at = find_argument(review, "object")) >= 0)
		check_object(TextDatumGetCString(review->value[at]));
}

/* Run _f and return its rows as those of f.  Connected to SPI. */
static void
run_review(FunctionCallInfo fcinfo, Review *review)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	StringInfoData sql;
	uint64		n;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT * FROM rbac.%s(", quote_identifier(psprintf("_%s", review->name)));
	for (int i = 0; i < review->nargs; i++)
		appendStringInfo(&sql, "%s$%d", i == 0 ? "" : ", ", i + 1);
	appendStringInfoChar(&sql, ')');

	n = rbac_fresh_query(sql.data, review->nargs, review->type, review->value, review->null, 0);

	if (SPI_tuptable->tupdesc->natts != rows->setDesc->natts)
		elog(ERROR, "function \"_%s\" has other columns than \"%s\"", review->name, review->name);
	for (uint64 i = 0; i < n; i++)
		tuplestore_puttuple(rows->setResult, SPI_tuptable->vals[i]);
}

/* A review about anybody: any public function but those about oneself. */
Datum
rbac_review(PG_FUNCTION_ARGS)
{
	Review		review;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	describe_call(fcinfo, &review);
	refuse_nulls(&review);
	judge_asker(uuid_argument(&review, "tenant_id"));

	SPI_connect();
	resolve_arguments(&review);
	run_review(fcinfo, &review);
	SPI_finish();
	return (Datum) 0;
}

/* The scopes that the identity lists, as text[]. */
static Datum
listed_scopes(const RbacIdentity *identity)
{
	Datum	   *elements = palloc(sizeof(Datum) * Max(identity->nscopes, 1));
	int			n = 0;

	rbac_foreach_identity_scope(name, identity)
		elements[n++] = CStringGetTextDatum(name);
	return PointerGetDatum(construct_array(elements, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A review about the current user in the current tenant: _f(user_id, tenant_id, scopes). */
Datum
rbac_review_of_self(PG_FUNCTION_ARGS)
{
	const RbacIdentity *identity = rbac_identity();
	Review		review;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (identity == NULL)
		return (Datum) 0;

	describe_call(fcinfo, &review);
	review.nargs = 3;
	memset(review.null, ' ', sizeof(review.null));
	review.type[0] = UUIDOID;
	review.value[0] = UUIDPGetDatum(&identity->user_id);
	review.type[1] = UUIDOID;
	review.value[1] = UUIDPGetDatum(&identity->tenant_id);
	if (!identity->has_tenant)
		review.null[1] = 'n';
	review.type[2] = TEXTARRAYOID;
	if (identity->is_narrowed)
		review.value[2] = listed_scopes(identity);
	else
		review.null[2] = 'n';

	SPI_connect();
	run_review(fcinfo, &review);
	SPI_finish();
	return (Datum) 0;
}
