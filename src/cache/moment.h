/*
 * moment.h
 *		Inside the room "cache": of which moment is what we know true?
 */
#ifndef RBAC_MOMENT_H
#define RBAC_MOMENT_H

#include "cache/cache.h"
#include "cache/words.h"
#include "model/model.h"

typedef enum RbacMode
{
	RBAC_LOCAL,					/* answers are this backend's own; messages say when they end */
	RBAC_SHARED					/* answers are everybody's; words prove them */
} RbacMode;

extern RbacMode rbac_mode;

/*
 * How the truth of something kept is known.  If reader is 0, by its proof, for
 * as long as that holds.  Else it is known to be true only of the snapshot of
 * the reader of that number.
 */
typedef struct RbacKept
{
	RbacProof	proof;
	uint64		reader;
} RbacKept;

/* Reading the tables to find something out, about a tenant and a user. */
typedef struct RbacLoad
{
	RbacReader *reader;
	RbacKept	kept;			/* how what is found will be known */
} RbacLoad;

extern void rbac_moment_begin_attempt(int number, bool is_last);
extern bool rbac_moment_in_attempt(void);
extern bool rbac_moment_untrusted(void);
extern bool rbac_moment_takes_from_others(void);
extern void rbac_load_begin(RbacLoad *load, const pg_uuid_t *tenant_id, const pg_uuid_t *user_id);
extern void rbac_load_end(RbacLoad *load);
extern void rbac_load_narrow(const RbacLoad *load, const pg_uuid_t *tenant_id,
							 bool is_traceable, RbacKept *kept);
extern bool rbac_kept_holds(const RbacKept *kept);
extern void rbac_found_later(const RbacProof *proof);

/* Why answers are not shared; NULL if they are.  For status(). */
extern const char *rbac_moment_why_local(void);

#endif							/* RBAC_MOMENT_H */
