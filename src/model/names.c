/*
 * names.c
 *		What may be a name.
 *
 * A name is shown to people in messages and lists, so it must not be able to
 * hide or to break a line: no control characters (C0, DEL, and C1 as UTF-8
 * writes it), no outer blanks.  Everything here is pure, so that it can be
 * fuzzed without a server.
 */
#include "postgres.h"

#include "model/names.h"

/*
 * A name's first fault, or RBAC_NAME_OK.  length is in bytes, nchars in
 * characters of the server's encoding.
 */
RbacNameFault
rbac_name_fault(const char *name, int length, int nchars)
{
	if (length == 0)
		return RBAC_NAME_EMPTY;
	if (nchars > RBAC_MAX_NAME_LENGTH)
		return RBAC_NAME_TOO_LONG;
	if (name[0] == ' ' || name[length - 1] == ' ')
		return RBAC_NAME_OUTER_BLANK;

	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c < 0x20 || c == 0x7F)
			return RBAC_NAME_CONTROL_CHARACTER;

		/*
		 * U+0080 to U+009F are the bytes C2 80 to C2 9F in UTF-8.  Where the
		 * encoding is another one, this refuses a rare pair of letters: the
		 * harmless side to err on.
		 */
		if (c == 0xC2 && i + 1 < length &&
			(unsigned char) name[i + 1] >= 0x80 && (unsigned char) name[i + 1] <= 0x9F)
			return RBAC_NAME_CONTROL_CHARACTER;
	}
	return RBAC_NAME_OK;
}

/*
 * RFC 6749, section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
 */
RbacNameFault
rbac_scope_token_fault(const char *name, int length)
{
	if (length == 0)
		return RBAC_NAME_EMPTY;
	if (length > RBAC_MAX_NAME_LENGTH)
		return RBAC_NAME_TOO_LONG;

	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c < 0x21 || c > 0x7E || c == '"' || c == '\\')
			return RBAC_NAME_NOT_A_SCOPE_TOKEN;
	}
	return RBAC_NAME_OK;
}

/* What is wrong, as a sentence for an error's DETAIL. */
const char *
rbac_name_fault_text(RbacNameFault fault)
{
	switch (fault)
	{
		case RBAC_NAME_OK:
			return "The name is valid.";
		case RBAC_NAME_EMPTY:
			return "The name is empty.";
		case RBAC_NAME_TOO_LONG:
			return "The name is longer than 200 characters.";
		case RBAC_NAME_CONTROL_CHARACTER:
			return "The name contains a control character.";
		case RBAC_NAME_OUTER_BLANK:
			return "The name starts or ends with a blank.";
		case RBAC_NAME_NOT_A_SCOPE_TOKEN:
			return "A scope name has only printable ASCII characters, without blanks, double quotes and backslashes (RFC 6749, section 3.3).";
	}
	return "The name is not valid.";
}
