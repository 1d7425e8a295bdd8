/*
 * walk.h
 *		For the readers of rooms above: walking along a path, and what is in a
 *		row.
 *
 * As in read.c: a walk along a path ends the last one along it, and the next
 * call overwrites the row.
 */
#ifndef RBAC_WALK_H
#define RBAC_WALK_H

#include "access/skey.h"
#include "executor/tuptable.h"

#include "model/model.h"

extern void rbac_walk_start(RbacReader *reader, RbacPath path, ScanKey keys, int nkeys);
extern TupleTableSlot *rbac_walk_next(RbacReader *reader, RbacPath path);

extern void rbac_key_text(ScanKey key, AttrNumber index_column, const char *value);
/* value NULL: where it is null */
extern void rbac_key_uuid(ScanKey key, AttrNumber index_column, const pg_uuid_t *value);
extern void rbac_key_int32(ScanKey key, AttrNumber index_column, int32 value);

/* False, and *value zero, for NULL. */
extern bool rbac_slot_uuid(TupleTableSlot *slot, AttrNumber column, pg_uuid_t *value);
extern bool rbac_slot_int32(TupleTableSlot *slot, AttrNumber column, int32 *value);
/* False for NULL. */
extern bool rbac_slot_bool(TupleTableSlot *slot, AttrNumber column);
/* NULL for NULL. */
extern char *rbac_slot_text(TupleTableSlot *slot, AttrNumber column);

#endif							/* RBAC_WALK_H */
