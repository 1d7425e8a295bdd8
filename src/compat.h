/*
 * compat.h
 *		What differs between the servers that we build on.
 *
 * Each wrapper has the newest server's signature; the older ones are brought
 * up to it here, so that no other file asks for PG_VERSION_NUM.
 */
#ifndef RBAC_COMPAT_H
#define RBAC_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "rbac needs PostgreSQL 15 or newer"
#endif

#include "access/genam.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#if PG_VERSION_NUM >= 170000
#include "storage/procnumber.h"
#else
#include "storage/backendid.h"
#endif
#include "utils/acl.h"
#include "utils/guc_tables.h"

/* PG 16 moved the macros for variable-length values to a header of their own. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* PG 18 counts index searches for EXPLAIN; nobody explains ours. */
#if PG_VERSION_NUM >= 180000
#define rbac_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), NULL, (nkeys), 0)
#else
#define rbac_index_beginscan(heap, index, snapshot, nkeys) \
	index_beginscan((heap), (index), (snapshot), (nkeys), 0)
#endif

/* PG 17 takes the table itself; we ask for a table that is open and no partition. */
#if PG_VERSION_NUM >= 170000
#define rbac_identity_sequence(table, column) getIdentitySequence((table), (column), false)
#else
#define rbac_identity_sequence(table, column) \
	getIdentitySequence(RelationGetRelid(table), (column), false)
#endif

/* PG 17 calls a backend's place its process number. */
#if PG_VERSION_NUM >= 170000
#define rbac_vxid_backend(vxid) ((vxid).procNumber)
#else
#define rbac_vxid_backend(vxid) ((vxid).backendId)
#endif

/* PG 16 gave the "extra" of a setting an allocator of its own. */
#if PG_VERSION_NUM < 160000
#define guc_malloc(elevel, size) malloc(size)
#define guc_free(ptr) free(ptr)
#endif

/* PG 16 finds the record of a setting that exists by its name. */
#if PG_VERSION_NUM >= 160000
#define rbac_setting_record(name) find_option((name), false, false, ERROR)
#else
static inline const struct config_generic *
rbac_setting_record(const char *name)
{
	struct config_generic **all = get_guc_variables();

	while (strcmp((*all)->name, name) != 0)
		all++;
	return *all;
}
#endif

/* PG 16 has one function for the privileges on all kinds of objects. */
#if PG_VERSION_NUM >= 160000
#define rbac_may_execute(funcid, roleid) \
	(object_aclcheck(ProcedureRelationId, (funcid), (roleid), ACL_EXECUTE) == ACLCHECK_OK)
#define rbac_may_use_schema(nspid, roleid) \
	(object_aclcheck(NamespaceRelationId, (nspid), (roleid), ACL_USAGE) == ACLCHECK_OK)
#else
#define rbac_may_execute(funcid, roleid) \
	(pg_proc_aclcheck((funcid), (roleid), ACL_EXECUTE) == ACLCHECK_OK)
#define rbac_may_use_schema(nspid, roleid) \
	(pg_namespace_aclcheck((nspid), (roleid), ACL_USAGE) == ACLCHECK_OK)
#endif

/* PG 16 keeps the privileges that a query takes apart from its range table. */
#if PG_VERSION_NUM >= 160000
#define rbac_set_range_table(query, pstate) \
	((query)->rtable = (pstate)->p_rtable, \
	 (query)->rteperminfos = (pstate)->p_rteperminfos)
#define rbac_check_as(nsitem, roleid) ((nsitem)->p_perminfo->checkAsUser = (roleid))
#else
#define rbac_set_range_table(query, pstate) ((query)->rtable = (pstate)->p_rtable)
#define rbac_check_as(nsitem, roleid) ((nsitem)->p_rte->checkAsUser = (roleid))
#endif

/* PG 18 no longer asks whether a query will be run once. */
#if PG_VERSION_NUM >= 180000
#define rbac_executor_run(desc, count) ExecutorRun((desc), ForwardScanDirection, (count))
#define rbac_executor_run_hook(name) \
	void name(QueryDesc *queryDesc, ScanDirection direction, uint64 count)
#define rbac_call_executor_run_hook(hook) (hook) (queryDesc, direction, count)
#else
#define rbac_executor_run(desc, count) ExecutorRun((desc), ForwardScanDirection, (count), true)
#define rbac_executor_run_hook(name) \
	void name(QueryDesc *queryDesc, ScanDirection direction, uint64 count, bool execute_once)
#define rbac_call_executor_run_hook(hook) (hook) (queryDesc, direction, count, execute_once)
#endif

/*
 * Until PG 17 a btree runs through the members of a list one after the other,
 * so that a list for any but the first column gives rows in the list's order.
 */
#define RBAC_LISTS_KEEP_ORDER (PG_VERSION_NUM >= 170000)

/*
 * PG 16 lets what a JSON parser calls end it by its result, and PG 17 lets the
 * caller say where the lexer is; ours go on, and anywhere will do.
 */
#if PG_VERSION_NUM >= 160000
#define rbac_json_result JsonParseErrorType
#define rbac_json_go_on() return JSON_SUCCESS
#else
#define rbac_json_result void
#define rbac_json_go_on() return
#endif
#if PG_VERSION_NUM >= 170000
#define rbac_json_lexer(json, length, encoding, need_escapes) \
	makeJsonLexContextCstringLen(NULL, (json), (length), (encoding), (need_escapes))
#else
#define rbac_json_lexer(json, length, encoding, need_escapes) \
	makeJsonLexContextCstringLen((json), (length), (encoding), (need_escapes))
#endif

/* PG 17 makes the transaction's number a part of the virtual one. */
#if PG_VERSION_NUM >= 170000
#define rbac_local_transaction() (MyProc->vxid.lxid)
#else
#define rbac_local_transaction() (MyProc->lxid)
#endif

/* A number of our own below MaxBackends; PG 17 numbers processes, not backends. */
#if PG_VERSION_NUM >= 170000
#define rbac_backend_number() ((int) MyProcNumber)
#else
#define rbac_backend_number() (MyBackendId - 1)
#endif

/* PG 16 asks about owners of all kinds of objects by one function. */
#if PG_VERSION_NUM >= 160000
#define rbac_owns_relation(relid) object_ownercheck(RelationRelationId, (relid), GetUserId())
#define rbac_owns_schema(schema) object_ownercheck(NamespaceRelationId, (schema), GetUserId())
#else
#define rbac_owns_relation(relid) pg_class_ownercheck((relid), GetUserId())
#define rbac_owns_schema(schema) pg_namespace_ownercheck((schema), GetUserId())
#endif

#endif							/* RBAC_COMPAT_H */
