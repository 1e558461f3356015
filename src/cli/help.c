/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/reference.h"

#define NAME_COLUMNS 26
#define TOPIC_COLUMNS 36
#define COMMAND_COLUMNS 43

void help_overview(void)
{
	g_autoptr(GPtrArray) topics = command_topics();

	puts("weft: virtual networks for clouds\n\nUsage: weft COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:");
	for (unsigned i = 0; topics->pdata[i]; i++) {
		g_autofree char *words = reference_topic_words(topics->pdata[i]);

		printf("  %-*s  %s\n", TOPIC_COLUMNS, words,
			reference_topic_summary(topics->pdata[i]));
	}
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

/* The words before the options, as a topic is spelled: "network-qos-policy". */
static char *topic_of(char *const *words)
{
	g_autoptr(GString) topic = g_string_new(NULL);

	for (; *words && **words != '-'; words++)
		g_string_append_printf(topic, "%s%s", topic->len ? "-" : "", *words);
	return g_string_free(g_steal_pointer(&topic), FALSE);
}

bool help_topic(char *const *words)
{
	g_autofree char *topic = topic_of(words);
	g_autofree char *said = reference_topic_words(topic);
	bool found = false;

	for (const struct command *const *c = commands_all(); *c; c++)
		if (command_in_topic(*c, topic) && !((*c)->flags & COMMAND_HIDDEN)) {
			if (!found)
				printf("weft %s: %s\n\n", said, reference_topic_summary(topic));
			printf("  %-*s  %s\n", COMMAND_COLUMNS, (*c)->words, (*c)->summary);
			found = true;
		}
	return found;
}

/* How many of @words @command begins with. */
static unsigned count_same(const struct command *command, char *const *words)
{
	g_auto(GStrv) own = g_strsplit(command->words, " ", 0);
	unsigned n = 0;

	while (own[n] && words[n] && !strcmp(own[n], words[n]))
		n++;
	return n;
}

static void add_words(GString *list, const char *words)
{
	g_string_append_printf(list, "%s%s", list->len ? ", " : "", words);
}

/* The commands of the topic that the first @n of @words are, or else the topics that begin so. */
static GString *nearest(char *const *words, unsigned n)
{
	GString *found = g_string_new(NULL);
	g_autoptr(GPtrArray) all = command_topics();
	g_auto(GStrv) begin = g_new0(char *, n + 1);

	for (unsigned i = 0; i < n; i++)
		begin[i] = g_strdup(words[i]);
	g_autofree char *topic = topic_of(begin);

	for (const struct command *const *c = commands_all(); *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN) && command_in_topic(*c, topic))
			add_words(found, (*c)->words);
	if (found->len)
		return found;
	for (unsigned i = 0; all->pdata[i]; i++) {
		g_autofree char *said = reference_topic_words(all->pdata[i]);

		if (g_str_has_prefix(all->pdata[i], topic))
			add_words(found, said);
	}
	return found;
}

bool help_suggest(char *const *words, GError **error)
{
	g_autoptr(GString) known = NULL;
	unsigned n = 0;

	if (!words[0])
		return cli_usage(error, "which command?");
	for (const struct command *const *c = commands_all(); *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			n = MAX(n, count_same(*c, words));
	if (!n)
		return cli_usage(error, "'%s' is no command; 'weft help' lists them", words[0]);

	g_autofree char *given = g_strjoinv(" ", (char **)words);

	known = nearest(words, n);
	if (words[n])
		return cli_usage(error, "'%s' is no command; there are: %s", given, known->str);
	return cli_usage(error, "'%s' wants a word more: %s", given, known->str);
}

static bool help(struct cli *cli, GError **error)
{
	char *const *words = (char **)cli->arguments->pdata;
	g_autofree char *text = NULL, *topic = topic_of(words);
	unsigned used;

	if (cli_option(cli, "man-pages"))
		return reference_man_pages(cli_option(cli, "man-pages"), error);
	if (cli_flag(cli, "markdown"))
		text = reference_markdown();
	else if (cli_flag(cli, "man"))
		text = reference_man(words[0] ? topic : NULL);
	if (text)
		return fputs(text, stdout) >= 0;
	if (!words[0]) {
		help_overview();
		return true;
	}
	const struct command *command = command_find(words, &used);

	if (command)
		help_command(command);
	return command || help_topic(words) || help_suggest(words, error);
}

static const struct option help_options[] = {
	{ "man", NULL, "Print the manual page instead, in troff" },
	{ "man-pages", "FOLDER", "Write all manual pages into a folder" },
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
