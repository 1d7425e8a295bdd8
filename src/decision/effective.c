/*
 * effective.c
 *		Which scopes does a user hold?
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "cache/cache.h"
#include "compat.h"
#include "decision/decision.h"
#include "model/model.h"

PG_FUNCTION_INFO_V1(rbac_effective_scopes);
PG_FUNCTION_INFO_V1(rbac_effective_scopes_of);

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* The names of all scopes held in the whole tenant, as rows. */
static Datum
list_scopes(FunctionCallInfo fcinfo, const RbacQuestion *question)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	char	  **names;
	int			n;
	RbacAttempt attempt = {0};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	do
	{
		const RbacPrincipal *principal;
		int			id = -1;

		rbac_attempt_begin(&attempt, true);
		principal = rbac_question_principal(question);
		names = palloc(sizeof(char *) * (bms_num_members(principal->scopes) + 1));
		n = 0;
		while ((id = bms_next_member(principal->scopes, id)) >= 0)
		{
			char	   *name = rbac_read_scope_name(attempt.reader, id);

			CHECK_FOR_INTERRUPTS();
			if (name != NULL &&
				(!question->about_current || rbac_identity_lists(name, strlen(name))))
				names[n++] = name;
		}
	} while (!rbac_attempt_stands(&attempt));

	qsort(names, n, sizeof(char *), compare_names);
	for (int i = 0; i < n; i++)
	{
		Datum		value = CStringGetTextDatum(names[i]);
		bool		isnull = false;

		tuplestore_putvalues(result->setResult, result->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

/* effective_scopes() */
Datum
rbac_effective_scopes(PG_FUNCTION_ARGS)
{
	RbacQuestion question;

	if (!rbac_current_question(&question))
	{
		InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
		return (Datum) 0;
	}
	return list_scopes(fcinfo, &question);
}

/* effective_scopes(user_id, tenant_id) */
Datum
rbac_effective_scopes_of(PG_FUNCTION_ARGS)
{
	RbacQuestion question = {
		.user_id = PG_GETARG_UUID_P(0),
		.tenant_id = PG_GETARG_UUID_P(1),
	};

	return list_scopes(fcinfo, &question);
}
