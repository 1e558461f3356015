/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/exit.h"

void help_overview(void)
{
	puts("weft: virtual networks for clouds\n\nUsage: weft COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:");
	for (const struct command *const *c = commands_all(); *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			printf("  %-22s %s\n", (*c)->words, (*c)->summary);
	puts("\n'weft help COMMAND' says more about one; 'man weft' says it all.");
}

static void print_option(const struct option *option)
{
	g_autofree char *left = option->letter ? g_strdup_printf("-%c, --%s%s%s", option->letter,
							 option->name, option->metavar ? " " : "",
							 option->metavar ? option->metavar : "")
					       : g_strdup_printf("--%s%s%s", option->name,
							 option->metavar ? " " : "",
							 option->metavar ? option->metavar : "");

	printf("  %-28s %s", left, option->doc);
	if (option->choices) {
		g_autofree char *choices = g_strjoinv(", ", (char **)option->choices);

		printf(": %s", choices);
	}
	puts(option->flags & OPTION_REPEAT ? " (may be repeated)" : "");
}

void help_command(const struct command *command)
{
	printf("weft %s: %s\n\nUsage: weft %s", command->words, command->summary, command->words);
	if (command->arguments)
		printf(" %s", command->arguments);
	puts(command->options[0] ? " [OPTIONS]" : "");
	if (command->details)
		printf("\n%s\n", command->details);
	if (command->options[0])
		puts("\nOptions:");
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++)
			if (!(o->flags & OPTION_SPELLING))
				print_option(o);
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
				puts("Commands:");
			printf("  weft %-22s %s\n", (*c)->words, (*c)->summary);
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
	return cli_usage(error, "'%s' is no command", words[0]);
}
