/*
 * exchange.h
 *		Inside the room "cache": between what this backend knows and what all
 *		do.
 */
#ifndef RBAC_EXCHANGE_H
#define RBAC_EXCHANGE_H

#include "cache/load.h"
#include "cache/ring.h"
#include "cache/words.h"

/*
 * fetch: what others have found out, with its proof, which holds; false if they
 * have not.  post: tell them; the proof must be settled.
 */
extern bool rbac_fetch_principal(const RbacPrincipalKey *key, TimestampTz now,
								 RbacPrincipal *principal, RbacProof *proof);
extern void rbac_post_principal(const RbacPrincipal *principal, const RbacProof *proof);
extern bool rbac_fetch_closure(int32 role_id, RbacClosure *closure, RbacProof *proof);
extern void rbac_post_closure(int32 role_id, const RbacClosure *closure, const RbacProof *proof);
extern bool rbac_fetch_scope_id(const char *name, int length, int32 *id, RbacProof *proof);
extern void rbac_post_scope_id(const char *name, int length, int32 id, const RbacProof *proof);
extern bool rbac_fetch_department_path(RbacDepartmentPath *path, RbacProof *proof);
extern void rbac_post_department_path(const RbacDepartmentPath *path, const RbacProof *proof);
extern bool rbac_fetch_dynamic_duty(bool *exists, RbacProof *proof);
extern void rbac_post_dynamic_duty(bool exists, const RbacProof *proof);

extern Bitmapset *rbac_decode_set(const void *data, uint32 length);

#endif							/* RBAC_EXCHANGE_H */
