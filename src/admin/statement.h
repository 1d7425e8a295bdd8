/*
 * statement.h
 *		Inside the room "admin": a constant statement and its arguments.
 *
 * For who has connected to SPI.  Statements run as the owner of the tables;
 * who may run them is decided before.
 */
#ifndef RBAC_STATEMENT_H
#define RBAC_STATEMENT_H

#include "nodes/pg_list.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define RBAC_MAX_ARGS 8

/* Starts as {0}; NULL pointers become NULL. */
typedef struct RbacArgs
{
	int			n;
	Oid			types[RBAC_MAX_ARGS];
	Datum		values[RBAC_MAX_ARGS];
	char		nulls[RBAC_MAX_ARGS];
} RbacArgs;

extern void rbac_arg_int32(RbacArgs *args, int32 value);
extern void rbac_arg_bool(RbacArgs *args, bool value);
extern void rbac_arg_text(RbacArgs *args, const char *value);
extern void rbac_arg_uuid(RbacArgs *args, const pg_uuid_t *value);
extern void rbac_arg_timestamp(RbacArgs *args, const TimestampTz *value);
extern void rbac_arg_int32s(RbacArgs *args, const int32 *values, int n);

/* Read, under a fresh snapshot, or write; both return the number of rows. */
extern uint64 rbac_ask(const char *sql, RbacArgs *args);
extern uint64 rbac_write(const char *sql, RbacArgs *args);

/* The last statement's results; columns count from 1.  False for NULL. */
extern bool rbac_get_int32(uint64 row, int column, int32 *value);
extern bool rbac_get_int64(uint64 row, int column, int64 *value);
extern bool rbac_get_uuid(uint64 row, int column, pg_uuid_t *value);
extern char *rbac_get_text(uint64 row, int column);

#endif							/* RBAC_STATEMENT_H */
