/*
 * trigger.h
 *		What the row triggers of all rooms need: the row, and its columns by name.
 */
#ifndef RBAC_TRIGGER_H
#define RBAC_TRIGGER_H

#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/uuid.h"

extern TriggerData *rbac_trigger_data(FunctionCallInfo fcinfo);
extern HeapTuple rbac_row_written(TriggerData *data);
extern Datum rbac_row_value(TriggerData *data, HeapTuple row, const char *column, bool *isnull);
extern int32 rbac_row_int32(TriggerData *data, HeapTuple row, const char *column);
extern bool rbac_row_uuid(TriggerData *data, HeapTuple row, const char *column, pg_uuid_t *value);

#endif							/* RBAC_TRIGGER_H */
