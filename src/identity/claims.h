/*
 * claims.h
 *		Inside the room "identity": what a JSON object of claims says.
 */
#ifndef RBAC_CLAIMS_H
#define RBAC_CLAIMS_H

/* The claims that we read, as text; NULL for one that is not there. */
typedef struct RbacClaims
{
	char	   *sub;			/* RFC 7519: the user */
	char	   *tenant_id;
	char	   *scope;			/* RFC 8693 and 9068: names with blanks between them */
} RbacClaims;

extern bool rbac_read_claims(const char *json, RbacClaims *claims);

#endif							/* RBAC_CLAIMS_H */
