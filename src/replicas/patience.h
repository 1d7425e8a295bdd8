/*
 * patience.h
 *		Inside the room "replicas": waiting, for a time that the caller names.
 */
#ifndef RBAC_PATIENCE_H
#define RBAC_PATIENCE_H

#include "fmgr.h"
#include "utils/timestamp.h"

typedef struct Patience
{
	TimestampTz deadline;
	long		pause;			/* in milliseconds */
} Patience;

extern Patience rbac_patience(FunctionCallInfo fcinfo, int argument);
extern bool rbac_pause(Patience *patience);

#endif							/* RBAC_PATIENCE_H */
