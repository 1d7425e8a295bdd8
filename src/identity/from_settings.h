/*
 * from_settings.h
 *		Inside the room "identity": an identity that ordinary settings name.
 */
#ifndef RBAC_FROM_SETTINGS_H
#define RBAC_FROM_SETTINGS_H

extern void rbac_identity_settings_init(void);
extern void rbac_refuse_to_clear_settings(void);

#endif							/* RBAC_FROM_SETTINGS_H */
