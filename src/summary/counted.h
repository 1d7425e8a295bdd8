/*
 * counted.h
 *		Inside the room "summary": what a summary counts, and where to.
 *
 * A summary's key is its group columns, the columns counted apart for row-level
 * security, and the status, in this order.  The table of what is pending has a
 * slot, the key and a count, in this order.
 */
#ifndef RBAC_COUNTED_H
#define RBAC_COUNTED_H

#include "access/attnum.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/relcache.h"

#define RBAC_MAX_KEY_COLUMNS 16
#define RBAC_RECENT_SLOTS 16

/* One column of the key, compared and hashed as its type does by default. */
typedef struct RbacKeyColumn
{
	AttrNumber	number;			/* in the table whose rows are counted */
	Oid			type;
	int16		length;
	bool		by_value;
	FmgrInfo	equal;
	FmgrInfo	hash;
} RbacKeyColumn;

/* What the rows of one table, a source or a partition of it, count for. */
typedef struct RbacCounted
{
	struct
	{
		Oid			relid;
		int32		summary_id;
	}			key;
	bool		is_valid;
	Oid			source;
	Oid			pending;
	uint32		next_recent;
	int32		recent[RBAC_RECENT_SLOTS];	/* of which this session has written something */
	int			nkeys;			/* the status is the last */
	RbacKeyColumn column[RBAC_MAX_KEY_COLUMNS];
} RbacCounted;

/* counted.c */
extern void rbac_counted_init(void);
extern RbacCounted *rbac_counted(Relation table, int32 summary_id);
extern int32 rbac_summary_of_trigger(FunctionCallInfo fcinfo);
extern void rbac_require_as_made(Relation pending, const RbacCounted *counted);

/* members.c */
extern Oid	rbac_root_of(Oid relid);
extern void rbac_count_table(RbacCounted *counted, Relation with_triggers, Relation table, int sign);
extern bool rbac_is_member(int32 summary_id, Oid relid, Oid *source);
extern void rbac_member_leaves(int32 summary_id, Oid source, Oid relid);

/* slot.c */
extern int32 rbac_slot_of(const RbacCounted *counted, const Datum *values, const bool *isnull);

/* pile.c */
extern void rbac_pile_init(void);
extern void rbac_pile_add(RbacCounted *counted, TupleTableSlot *row, const AttrNumber *numbers, int64 by);
extern void rbac_pile_write(int32 summary_id);
extern void rbac_pile_forget(int32 summary_id);

/* fold.c */
extern void rbac_fold_init(void);
extern double rbac_fold_weight(RbacCounted *counted, int32 slot);
extern void rbac_fold_sometimes(const RbacCounted *counted, double weight);

/* truncate.c */
extern void rbac_truncate_init(void);

/* operations.c */
typedef struct RbacSummary
{
	Oid			source;
	Oid			pending;
} RbacSummary;

extern RbacSummary rbac_require_summary(int32 summary_id);
extern void rbac_refuse_old_snapshot(const char *what);

/* reader.c */
extern void rbac_reader_init(void);

/* as_owner.c */
extern Oid	rbac_owner_of(Oid relid);
typedef struct RbacOwnerWork
{
	Oid			caller;
	int			sec_context;
	int			nestlevel;
} RbacOwnerWork;

extern void rbac_become(Oid owner, RbacOwnerWork *work);
extern void rbac_become_caller(const RbacOwnerWork *work);
extern uint64 rbac_query_as(Oid owner, const char *sql, int nargs, Oid *argtypes, Datum *values);
extern uint64 rbac_query_as_owner(Oid relid, const char *sql, int nargs, Oid *argtypes, Datum *values);

#endif							/* RBAC_COUNTED_H */
