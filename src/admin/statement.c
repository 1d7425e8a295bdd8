/*
 * statement.c
 *		A constant statement and its arguments.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "admin/statement.h"
#include "model/model.h"

static void
add(RbacArgs *args, Oid type, Datum value, bool isnull)
{
	Assert(args->n < RBAC_MAX_ARGS);
	args->types[args->n] = type;
	args->values[args->n] = value;
	args->nulls[args->n] = isnull ? 'n' : ' ';
	args->n++;
}

void
rbac_arg_int32(RbacArgs *args, int32 value)
{
	add(args, INT4OID, Int32GetDatum(value), false);
}

void
rbac_arg_bool(RbacArgs *args, bool value)
{
	add(args, BOOLOID, BoolGetDatum(value), false);
}

void
rbac_arg_text(RbacArgs *args, const char *value)
{
	add(args, TEXTOID, value ? CStringGetTextDatum(value) : (Datum) 0, value == NULL);
}

/* The value must outlive the statement. */
void
rbac_arg_uuid(RbacArgs *args, const pg_uuid_t *value)
{
	add(args, UUIDOID, PointerGetDatum(value), value == NULL);
}

void
rbac_arg_timestamp(RbacArgs *args, const TimestampTz *value)
{
	add(args, TIMESTAMPTZOID, value ? TimestampTzGetDatum(*value) : (Datum) 0, value == NULL);
}

void
rbac_arg_int32s(RbacArgs *args, const int32 *values, int n)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		datums[i] = Int32GetDatum(values[i]);
	add(args, INT4ARRAYOID,
		PointerGetDatum(construct_array(datums, n, INT4OID, sizeof(int32), true, TYPALIGN_INT)),
		false);
}

uint64
rbac_ask(const char *sql, RbacArgs *args)
{
	return rbac_fresh_query(sql, args->n, args->types, args->values, args->nulls, 0);
}

uint64
rbac_write(const char *sql, RbacArgs *args)
{
	return rbac_owner_execute(sql, args->n, args->types, args->values, args->nulls);
}

static Datum
value_at(uint64 row, int column, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, isnull);
}

bool
rbac_get_int32(uint64 row, int column, int32 *value)
{
	bool		isnull;
	Datum		datum = value_at(row, column, &isnull);

	*value = isnull ? 0 : DatumGetInt32(datum);
	return !isnull;
}

bool
rbac_get_int64(uint64 row, int column, int64 *value)
{
	bool		isnull;
	Datum		datum = value_at(row, column, &isnull);

	*value = isnull ? 0 : DatumGetInt64(datum);
	return !isnull;
}

bool
rbac_get_uuid(uint64 row, int column, pg_uuid_t *value)
{
	bool		isnull;
	Datum		datum = value_at(row, column, &isnull);

	if (!isnull)
		*value = *DatumGetUUIDP(datum);
	return !isnull;
}

/* NULL for NULL. */
char *
rbac_get_text(uint64 row, int column)
{
	bool		isnull;
	Datum		datum = value_at(row, column, &isnull);

	return isnull ? NULL : TextDatumGetCString(datum);
}
