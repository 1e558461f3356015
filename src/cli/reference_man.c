/* SPDX-License-Identifier: Apache-2.0 */
/* Manual pages, in troff with the man macros (groff_man(7)). */
#include "cli/reference.h"

#include <errno.h>
#include <string.h>

/* Text that troff takes literally. */
static void add_text(GString *page, const char *text)
{
	if (*text == '.' || *text == '\'')
		g_string_append(page, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			g_string_append(page, "\\e");
		else if (*text == '-')
			g_string_append(page, "\\-");
		else
			g_string_append_c(page, *text);
		if (*text == '\n' && (text[1] == '.' || text[1] == '\''))
			g_string_append(page, "\\&");
	}
}

static void add_line(GString *page, const char *text)
{
	add_text(page, text);
	g_string_append_c(page, '\n');
}

static void add_tagged(GString *page, const char *tag, const char *text)
{
	g_string_append(page, ".TP\n.B ");
	add_line(page, tag);
	add_line(page, text);
}

static void add_code(GString *page, const char *text)
{
	g_string_append(page, ".RS 4\n.nf\n");
	add_line(page, text);
	g_string_append(page, ".fi\n.RE\n");
}

static void add_command(GString *page, const struct command *command)
{
	g_autofree char *usage = reference_usage(command),
			*title = g_ascii_strup(command->words, -1);

	g_string_append(page, ".SH ");
	add_line(page, title);
	add_code(page, usage);
	g_string_append_printf(page, ".PP\n");
	add_text(page, command->summary);
	g_string_append(page, ".\n");
	if (command->details)
		add_line(page, command->details);
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++) {
			g_autofree char *tag = reference_option(o), *doc = reference_option_doc(o);

			if (!(o->flags & OPTION_SPELLING))
				add_tagged(page, tag, doc);
		}
	if (command->examples) {
		g_string_append(page, ".PP\nExamples:\n");
		add_code(page, command->examples);
	}
}

static void add_header(GString *page, const char *name, const char *summary)
{
	g_autofree char *title = g_ascii_strup(name, -1);

	g_string_append_printf(
		page, ".TH \"%s\" 1 \"\" \"weft " WEFT_VERSION "\" \"weft\"\n.SH NAME\n", title);
	add_text(page, name);
	g_string_append(page, " \\- ");
	add_line(page, summary);
}

static void add_overview(GString *page)
{
	add_header(page, "weft", "virtual networks for clouds");
	g_string_append(
		page, ".SH SYNOPSIS\n.B weft\nCOMMAND [ARGUMENTS] [OPTIONS]\n.SH DESCRIPTION\n");
	add_line(page, reference_description);
	g_string_append(page, ".SH COMMANDS\n");
	for (const struct command *const *c = commands_all(); *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			add_tagged(page, (*c)->words, (*c)->summary);
	g_string_append(page, ".SH OUTPUT\n");
	add_line(page, reference_output);
	g_string_append(page, ".SH ENVIRONMENT\n");
	for (const struct reference_variable *v = reference_variables; v->name; v++)
		add_tagged(page, v->name, v->doc);
	g_string_append(page, ".SH \"EXIT STATUS\"\n");
	for (const struct reference_exit *e = reference_exits; e->meaning; e++) {
		g_autofree char *code = g_strdup_printf("%d", e->code);

		add_tagged(page, code, e->meaning);
	}
}

char *reference_man(const char *topic)
{
	GString *page = g_string_new(NULL);
	g_autofree char *name = g_strconcat("weft-", topic, NULL);

	if (!topic) {
		add_overview(page);
		return g_string_free(page, FALSE);
	}
	add_header(page, name, reference_topic_summary(topic));
	for (const struct command *const *c = commands_all(); *c; c++)
		if (command_in_topic(*c, topic) && !((*c)->flags & COMMAND_HIDDEN))
			add_command(page, *c);
	g_string_append(page, ".SH \"SEE ALSO\"\n.BR weft (1)\n");
	return g_string_free(page, FALSE);
}

static bool write_page(const char *folder, const char *topic, GError **error)
{
	g_autofree char *name = topic ? g_strdup_printf("weft-%s.1", topic) : g_strdup("weft.1");
	g_autofree char *path = g_build_filename(folder, name, NULL);
	g_autofree char *page = reference_man(topic);

	return g_file_set_contents(path, page, -1, error);
}

bool reference_man_pages(const char *folder, GError **error)
{
	g_autoptr(GPtrArray) topics = command_topics();

	if (g_mkdir_with_parents(folder, 0755))
		return weft_fail(
			error, INTERNAL, "can't make the folder %s: %s", folder, g_strerror(errno));
	if (!write_page(folder, NULL, error))
		return false;
	for (unsigned i = 0; topics->pdata[i]; i++)
		if (!write_page(folder, topics->pdata[i], error))
			return false;
	return true;
}
