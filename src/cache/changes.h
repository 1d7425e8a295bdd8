/*
 * changes.h
 *		Inside the room "cache": which words this transaction must move.
 */
#ifndef RBAC_CHANGES_H
#define RBAC_CHANGES_H

#include "utils/uuid.h"

extern void rbac_changes_init(void);

/* Note what others will have to learn.  No-ops without shared memory. */
extern void rbac_change_everything(Oid database);
extern void rbac_change_tenant(const pg_uuid_t *tenant_id);
extern void rbac_change_user(const pg_uuid_t *user_id);
extern bool rbac_changes_everything(void);
extern bool rbac_has_changes(void);

/* Before commit; and again for what is noted after that. */
extern void rbac_changes_announce(void);
/* Before prepare, with the committing lock held. */
extern void rbac_changes_become_unknown(void);
/* At the end of the transaction. */
extern void rbac_changes_forget(void);

#endif							/* RBAC_CHANGES_H */
