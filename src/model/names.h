/*
 * names.h
 *		What may be a name.  Pure: no SQL, no locks, no allocation.
 */
#ifndef RBAC_NAMES_H
#define RBAC_NAMES_H

/* In characters, not bytes. */
#define RBAC_MAX_NAME_LENGTH 200

typedef enum RbacNameFault
{
	RBAC_NAME_OK,
	RBAC_NAME_EMPTY,
	RBAC_NAME_TOO_LONG,
	RBAC_NAME_CONTROL_CHARACTER,
	RBAC_NAME_OUTER_BLANK,
	RBAC_NAME_NOT_A_SCOPE_TOKEN
} RbacNameFault;

extern RbacNameFault rbac_name_fault(const char *name, int length, int nchars);
extern RbacNameFault rbac_scope_token_fault(const char *name, int length);
extern const char *rbac_name_fault_text(RbacNameFault fault);

#endif							/* RBAC_NAMES_H */
