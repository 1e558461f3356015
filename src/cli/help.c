/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/reference.h"

#define NAME_COLUMNS 26

void help_overview(void)
{
	puts("weft: virtual networks for clouds\n\nUsage: weft COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:");
	for (const struct command *const *c = commands_all(); *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			printf("  %-16s %s\n", (*c)->words, (*c)->summary);
	puts("\n'weft help COMMAND' says more about one; 'man weft' says it all.");
}

static void print_options(const struct command *command)
{
	puts("\nOptions:");
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++) {
			g_autofree char *name = reference_option(o), *doc = reference_option_doc(o);

			if (o->flags & OPTION_SPELLING)
				continue;
			/* A long one has its line for itself. */
			if (g_utf8_strlen(name, -1) > NAME_COLUMNS)
				printf("  %s\n  %*s %s\n", name, NAME_COLUMNS, "", doc);
			else
				printf("  %-*s %s\n", NAME_COLUMNS, name, doc);
		}
}

void help_command(const struct command *command)
{
	g_autofree char *usage = reference_usage(command);

	printf("%s.\n\nUsage: %s\n", command->summary, usage);
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->options[0])
		print_options(command);
	if (command->examples) {
		g_auto(GStrv) lines = g_strsplit(command->examples, "\n", 0);

		puts("\nExamples:");
		for (char **line = lines; *line; line++)
			printf("  %s\n", *line);
	}
}

bool help_topic(const char *topic)
{
	bool found = false;

	for (const struct command *const *c = commands_all(); *c; c++)
		if (command_in_topic(*c, topic) && !((*c)->flags & COMMAND_HIDDEN)) {
			if (!found)
				printf("weft %s: %s\n\n", topic, reference_topic_summary(topic));
			printf("  %-16s %s\n", (*c)->words, (*c)->summary);
			found = true;
		}
	return found;
}

bool help_suggest(char *const *words, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	if (!words[0])
		return cli_usage(error, "which command?");
	for (const struct command *const *c = commands_all(); *c; c++)
		if (command_in_topic(*c, words[0]) && !((*c)->flags & COMMAND_HIDDEN))
			g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*c)->words);
	if (known->len && words[1])
		return cli_usage(error, "'%s %s' is no command; there are: %s", words[0], words[1],
			known->str);
	if (known->len)
		return cli_usage(error, "'%s' wants a word more: %s", words[0], known->str);
	return cli_usage(error, "'%s' is no command; 'weft help' lists them", words[0]);
}

static bool help(struct cli *cli, GError **error)
{
	char *const *words = (char **)cli->arguments->pdata;
	g_autofree char *text = NULL;
	unsigned used;

	if (cli_flag(cli, "markdown"))
		text = reference_markdown();
	else if (cli_flag(cli, "man"))
		text = reference_man(words[0]);
	if (text)
		return fputs(text, stdout) >= 0;
	if (!words[0]) {
		help_overview();
		return true;
	}
	const struct command *command = command_find(words, &used);

	if (command)
		help_command(command);
	return command || help_topic(words[0]) || help_suggest(words, error);
}

static const struct option help_options[] = {
	{ "man", NULL, "Print the manual page instead, in troff" },
	{ "markdown", NULL, "Print all of it as docs/cli.md" },
	{ NULL },
};

const struct command help_command_ = {
	.words = "help",
	.summary = "Explain a command",
	.arguments = "[COMMAND…]",
	.examples = "weft help\nweft help port create\nweft help --man lab",
	.options = { help_options },
	.run = help,
};
