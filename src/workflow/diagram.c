/*
 * diagram.c
 *		A workflow as a picture: a state diagram in the language of Mermaid.
 *
 * Names are anything that people give; Mermaid reads many a character, and the
 * words "direction LR" wherever they stand, as its own.  So whatever is not sure
 * to be mere text is written by its number, as in #35; which Mermaid reads before
 * anything else.
 */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "workflow/read.h"
#include "workflow/sight.h"

PG_FUNCTION_INFO_V1(rbac_workflow_diagram);

typedef struct Drawing
{
	RbacReader *reader;
	StringInfo	out;
	List	   *statuses;		/* in the order in which they are met */
	List	   *transitions;	/* RbacTransitionRow */
} Drawing;

static bool
is_plain(unsigned char c)
{
	return c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		(c >= 'a' && c <= 'z') || strchr(" ,.()/-+!?=@", c) != NULL;
}

/* What Mermaid itself writes for such numbers while it reads. */
static bool
is_placeholder(const char *at)
{
	return GetDatabaseEncoding() == PG_UTF8 && (unsigned char) at[0] == 0xC2 &&
		((unsigned char) at[1] == 0xB0 || (unsigned char) at[1] == 0xB6);
}

static void
add_text(StringInfo out, const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
	{
		if (is_placeholder(at))
		{
			appendStringInfo(out, "#%d;", (unsigned char) at[1]);
			at++;
		}
		else if (!is_plain((unsigned char) *at) || pg_strncasecmp(at, "direction", 9) == 0)
			appendStringInfo(out, "#%d;", (unsigned char) *at);
		else
			appendStringInfoChar(out, *at);
	}
}

/* What a status is called in the diagram: s7, and n7 for -7. */
static char *
node(int32 status)
{
	return status < 0 ? psprintf("n%u", -(uint32) status) : psprintf("s%d", status);
}

static bool
add_transition(const RbacTransitionRow *row, void *arg)
{
	Drawing    *drawing = arg;
	RbacTransitionRow *copy = palloc(sizeof(RbacTransitionRow));

	*copy = *row;
	drawing->transitions = lappend(drawing->transitions, copy);
	drawing->statuses = list_append_unique_int(drawing->statuses, row->from);
	drawing->statuses = list_append_unique_int(drawing->statuses, row->to);
	return true;
}

static void
draw_status(Drawing *drawing, int32 status)
{
	char	   *name = rbac_read_status_name(drawing->reader, status);

	appendStringInfoString(drawing->out, "    state \"");
	add_text(drawing->out, name ? name : psprintf("%d", status));
	appendStringInfo(drawing->out, "\" as %s\n", node(status));
}

static void
begin_condition(StringInfo conditions)
{
	if (conditions->len > 0)
		appendStringInfoString(conditions, ", ");
}

/* role "r", scope "s", assignee: whom a transition is for; empty for anybody. */
static char *
conditions_of(Drawing *drawing, const RbacTransitionRow *row)
{
	StringInfoData conditions;
	char	   *name = NULL;

	initStringInfo(&conditions);
	if (row->has_role)
	{
		if (!rbac_read_role(drawing->reader, row->role_id, NULL, NULL, &name))
			name = psprintf("%d", row->role_id);
		appendStringInfoString(&conditions, "role ");
		add_text(&conditions, name);
	}
	if (row->has_scope)
	{
		name = rbac_read_scope_name(drawing->reader, row->scope_id);
		begin_condition(&conditions);
		appendStringInfoString(&conditions, "scope ");
		add_text(&conditions, name ? name : psprintf("%d", row->scope_id));
	}
	if (row->only_assignee)
	{
		begin_condition(&conditions);
		appendStringInfoString(&conditions, "assignee");
	}
	if (row->only_creator)
	{
		begin_condition(&conditions);
		appendStringInfoString(&conditions, "creator");
	}
	if (row->not_creator)
	{
		begin_condition(&conditions);
		appendStringInfoString(&conditions, "not the creator");
	}
	return conditions.data;
}

/* One arrow for each pair of statuses, whoever may go there. */
static void
draw_steps(Drawing *drawing)
{
	for (int i = 0; i < list_length(drawing->transitions); i++)
	{
		const RbacTransitionRow *row = list_nth(drawing->transitions, i);
		StringInfoData label;
		bool		is_open = false;

		initStringInfo(&label);
		for (int j = i; j < list_length(drawing->transitions); j++)
		{
			const RbacTransitionRow *other = list_nth(drawing->transitions, j);
			char	   *conditions;

			if (other->from != row->from || other->to != row->to)
				break;
			i = j;
			conditions = conditions_of(drawing, other);
			is_open |= conditions[0] == '\0';
			appendStringInfo(&label, "%s%s", label.len > 0 ? " or " : "", conditions);
		}
		appendStringInfo(drawing->out, "    %s --> %s", node(row->from), node(row->to));
		if (!is_open)
			appendStringInfo(drawing->out, " : %s", label.data);
		appendStringInfoChar(drawing->out, '\n');
	}
}

/* workflow_diagram(workflow_id) */
Datum
rbac_workflow_diagram(PG_FUNCTION_ARGS)
{
	int32		workflow_id = PG_GETARG_INT32(0);
	RbacWorkflowRow workflow;
	StringInfoData out;
	Drawing		drawing = {.out = &out};
	ListCell   *cell;

	rbac_find_workflow(workflow_id, &workflow);

	initStringInfo(&out);
	drawing.reader = rbac_read_begin();
	drawing.statuses = list_make1_int(workflow.initial_status);
	rbac_visit_transitions(drawing.reader, workflow_id, add_transition, &drawing);
	appendStringInfoString(&out, "stateDiagram-v2\n");
	foreach(cell, drawing.statuses)
		draw_status(&drawing, lfirst_int(cell));
	appendStringInfo(&out, "    [*] --> %s\n", node(workflow.initial_status));
	draw_steps(&drawing);
	rbac_read_end(drawing.reader);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}
