/*
 * watched.h
 *		Inside the room "cache": will we be told of changes?
 */
#ifndef RBAC_WATCHED_H
#define RBAC_WATCHED_H

extern bool rbac_watched_all(void);
extern const char *rbac_watched_unsound_table(void);
extern void rbac_watched_look_anew(void);

#endif							/* RBAC_WATCHED_H */
