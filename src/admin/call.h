/*
 * call.h
 *		Inside the room "admin": how an administrative function begins, and reads
 *		its arguments.
 */
#ifndef RBAC_CALL_H
#define RBAC_CALL_H

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

extern void rbac_begin_call(const char *function);
extern void rbac_end_call(void);

/* 22004, naming the argument, if it is NULL. */
extern char *rbac_required_text(FunctionCallInfo fcinfo, int n, const char *name);
extern int32 rbac_required_int32(FunctionCallInfo fcinfo, int n, const char *name);
extern bool rbac_required_bool(FunctionCallInfo fcinfo, int n, const char *name);
extern pg_uuid_t *rbac_required_uuid(FunctionCallInfo fcinfo, int n, const char *name);
extern List *rbac_required_texts(FunctionCallInfo fcinfo, int n, const char *name);

/* NULL if it is NULL. */
extern char *rbac_optional_text(FunctionCallInfo fcinfo, int n);
extern pg_uuid_t *rbac_optional_uuid(FunctionCallInfo fcinfo, int n);
extern TimestampTz *rbac_optional_timestamp(FunctionCallInfo fcinfo, int n);

/* 42602 unless it may be a name; what says whose. */
extern void rbac_check_name(const char *what, const char *name);
extern void rbac_check_scope_name(const char *name);

#endif							/* RBAC_CALL_H */
