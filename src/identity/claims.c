/*
 * claims.c
 *		What a JSON object of claims says: of whom, where, with which scopes.
 *
 * The claims that we read are strings, and each is there once at most; whatever
 * else the object holds has to be JSON, and does not matter.  What is not so is
 * false, never an error.  (But for want of memory, or of stack if there was next
 * to none left.)
 *
 * Everything here is pure, so that it can be fuzzed.
 */
#include "postgres.h"

#include <ctype.h>

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"

#include "compat.h"
#include "identity/claims.h"

/* The parser recurses, and raises an error where the stack ends. */
#define MAX_DEPTH 64

typedef struct ClaimsReader
{
	RbacClaims *claims;
	int			depth;			/* objects and arrays that are open */
	char	  **wanted;			/* where the value that comes next belongs, or NULL */
	bool		is_object;
	bool		is_at_fault;
} ClaimsReader;

static bool
is_hex(const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		if (!isxdigit((unsigned char) text[i]))
			return false;
	}
	return true;
}

/*
 * Make the text fit for the parser, in place.  False if it is not.
 *
 * An escaped character beyond ASCII becomes DEL.  The parser would write it in
 * the server's encoding, which may lack it, and some versions raise an error
 * then.  In what we look for there is neither: the names of our claims, uuids
 * and scopes are of printable ASCII, so nothing becomes what it was not.  (Half
 * of a surrogate pair passes, as the grammar of JSON has it.)
 */
static bool
prepare(char *json)
{
	bool		in_string = false;
	int			depth = 0;

	for (char *at = json; *at != '\0'; at++)
	{
		if (*at == '"')
			in_string = !in_string;
		else if (!in_string)
		{
			if ((*at == '{' || *at == '[') && ++depth > MAX_DEPTH)
				return false;
			if (*at == '}' || *at == ']')
				depth--;
		}
		else if (*at == '\\' && at[1] != '\0')
		{
			at++;
			if (*at == 'u' && is_hex(at + 1, 4))
			{
				if (at[1] != '0' || at[2] != '0' || at[3] > '7')
					memcpy(at + 1, "007f", 4);
				at += 4;
			}
		}
	}
	return true;
}

/* A value begins that is no string. */
static void
expect_no_value(ClaimsReader *reader)
{
	if (reader->wanted != NULL)
		reader->is_at_fault = true;
	reader->wanted = NULL;
}

static rbac_json_result
begin_object(void *state)
{
	ClaimsReader *reader = state;

	if (reader->depth == 0)
		reader->is_object = true;
	expect_no_value(reader);
	reader->depth++;
	rbac_json_go_on();
}

static rbac_json_result
begin_array(void *state)
{
	ClaimsReader *reader = state;

	expect_no_value(reader);
	reader->depth++;
	rbac_json_go_on();
}

static rbac_json_result
end_object_or_array(void *state)
{
	ClaimsReader *reader = state;

	reader->depth--;
	rbac_json_go_on();
}

static rbac_json_result
begin_field(void *state, char *name, bool isnull)
{
	ClaimsReader *reader = state;

	if (reader->depth == 1)
	{
		if (strcmp(name, "sub") == 0)
			reader->wanted = &reader->claims->sub;
		else if (strcmp(name, "tenant_id") == 0)
			reader->wanted = &reader->claims->tenant_id;
		else if (strcmp(name, "scope") == 0)
			reader->wanted = &reader->claims->scope;

		if (reader->wanted != NULL && *reader->wanted != NULL)
			reader->is_at_fault = true;
	}
	rbac_json_go_on();
}

static rbac_json_result
take_scalar(void *state, char *token, JsonTokenType type)
{
	ClaimsReader *reader = state;

	if (type != JSON_TOKEN_STRING)
		expect_no_value(reader);
	else if (reader->wanted != NULL)
		*reader->wanted = token;
	reader->wanted = NULL;
	rbac_json_go_on();
}

/*
 * Read the claims out of a JSON object.  False if it is none, or if a claim that
 * we read is there twice or is no string: then *claims is not to be used.  Leaves
 * garbage in the current memory context, and what it found.
 */
bool
rbac_read_claims(const char *json, RbacClaims *claims)
{
	ClaimsReader reader = {.claims = claims};
	JsonSemAction actions = {
		.semstate = &reader,
		.object_start = begin_object,
		.object_end = end_object_or_array,
		.array_start = begin_array,
		.array_end = end_object_or_array,
		.object_field_start = begin_field,
		.scalar = take_scalar
	};
	char	   *copy = pstrdup(json);
	JsonLexContext *lexer;

	memset(claims, 0, sizeof(*claims));
	if (!prepare(copy))
		return false;

	/* some lexers look ahead where the encoding has characters of several bytes */
	lexer = rbac_json_lexer(copy, strlen(copy), PG_SQL_ASCII, true);
	return pg_parse_json(lexer, &actions) == JSON_SUCCESS &&
		reader.is_object && !reader.is_at_fault;
}
