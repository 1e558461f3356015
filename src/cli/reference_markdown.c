/* SPDX-License-Identifier: Apache-2.0 */
/* docs/cli.md. */
#include "cli/reference.h"

#include <string.h>

/* In a table a bar would end the cell. */
static void add_cell(GString *page, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			g_string_append_c(page, '\\');
		g_string_append_c(page, *text);
	}
}

static void add_row(GString *page, const char *code, const char *text)
{
	g_string_append(page, "| `");
	add_cell(page, code);
	g_string_append(page, "` | ");
	add_cell(page, text);
	g_string_append(page, " |\n");
}

/* Are these the options that many commands have, and the introduction explains? */
static bool is_shared(const struct option *set)
{
	return set == api_options || set == agent_options || set == output_options;
}

static void add_options(GString *page, const struct option *set)
{
	for (const struct option *o = set; o->name; o++) {
		g_autofree char *name = reference_option(o), *doc = reference_option_doc(o);

		if (!(o->flags & OPTION_SPELLING))
			add_row(page, name, doc);
	}
}

static void add_command(GString *page, const struct command *command)
{
	g_autofree char *usage = reference_usage(command);
	bool own = false;

	g_string_append_printf(page, "\n### weft %s\n%s.", command->words, command->summary);
	if (command->details)
		g_string_append_printf(page, " %s", command->details);
	g_string_append_printf(page, "\n```\n%s\n```\n", usage);
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++) {
		if (is_shared(command->options[set]) || !command->options[set]->name)
			continue;
		if (!own)
			g_string_append(page, "| option | |\n|---|---|\n");
		own = true;
		add_options(page, command->options[set]);
	}
	if (command->examples)
		g_string_append_printf(page, "\n```\n%s\n```\n", command->examples);
}

static void add_introduction(GString *page)
{
	g_string_append_printf(page,
		"# The weft command\nMade by `weft help --markdown` from the command table; `man weft` says the same.\n\n%s\n",
		reference_description);
	g_string_append(page,
		"\n## Options of all commands that ask the controller\n| option | |\n|---|---|\n");
	add_options(page, api_options);
	g_string_append(
		page, "\n## Options of all commands that ask an agent\n| option | |\n|---|---|\n");
	add_options(page, agent_options);
	g_string_append_printf(
		page, "\n## Output\n%s\n\n| option | |\n|---|---|\n", reference_output);
	add_options(page, output_options);
	g_string_append(page, "\n## Environment\n| variable | |\n|---|---|\n");
	for (const struct reference_variable *v = reference_variables; v->name; v++)
		add_row(page, v->name, v->doc);
	g_string_append(page, "\n## Exit codes\n| code | |\n|---|---|\n");
	for (const struct reference_exit *e = reference_exits; e->meaning; e++)
		g_string_append_printf(page, "| %d | %s |\n", e->code, e->meaning);
}

char *reference_markdown(void)
{
	GString *page = g_string_new(NULL);
	g_autoptr(GPtrArray) topics = command_topics();

	add_introduction(page);
	for (unsigned i = 0; topics->pdata[i]; i++) {
		const char *topic = topics->pdata[i];
		g_autofree char *words = reference_topic_words(topic);

		g_string_append_printf(
			page, "\n## weft %s: %s\n", words, reference_topic_summary(topic));
		for (const struct command *const *c = commands_all(); *c; c++)
			if (command_in_topic(*c, topic) && !((*c)->flags & COMMAND_HIDDEN))
				add_command(page, *c);
	}
	return g_string_free(page, FALSE);
}
