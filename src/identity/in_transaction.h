/*
 * in_transaction.h
 *		Inside the room "identity": who is asking until the transaction ends.
 */
#ifndef RBAC_IN_TRANSACTION_H
#define RBAC_IN_TRANSACTION_H

#include "identity/identity.h"

extern void rbac_identity_in_transaction_init(void);
extern void rbac_note_identity(uint64 mark, const RbacIdentity *identity);
extern const RbacIdentity *rbac_noted_identity(uint64 mark);
extern void rbac_forget_notes_after(uint64 mark);

#endif							/* RBAC_IN_TRANSACTION_H */
