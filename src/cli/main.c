/* SPDX-License-Identifier: Apache-2.0 */
/* weft: finds the command, parses what follows, runs it, and turns an error into one line and an
 * exit code. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/exit.h"
#include "cli/help.h"

/* Options may come before the command as well: moves them behind its words. */
static char **options_last(char **argv)
{
	g_autoptr(GPtrArray) before = g_ptr_array_new(), words = g_ptr_array_new();
	unsigned i = 1;

	for (; argv[i] && argv[i][0] == '-' && argv[i][1] == '-' && argv[i][2]; i++) {
		g_ptr_array_add(before, argv[i]);
		for (const struct option *o = api_options; o->name; o++)
			if (!strcmp(o->name, argv[i] + 2) && argv[i + 1])
				g_ptr_array_add(before, argv[++i]);
	}
	unsigned used = 0;

	if (argv[i])
		command_find(&argv[i], &used);
	for (unsigned n = 0; n < used; n++)
		g_ptr_array_add(words, argv[i++]);
	g_ptr_array_extend(words, before, NULL, NULL);
	for (; argv[i]; i++)
		g_ptr_array_add(words, argv[i]);
	g_ptr_array_add(words, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}

static bool wants_help(char *const *words)
{
	for (; *words && strcmp(*words, "--"); words++)
		if (!strcmp(*words, "--help") || !strcmp(*words, "-h"))
			return true;
	return false;
}

static int report(const char *what, const GError *error)
{
	fprintf(stderr, "weft%s%s: %s\n", *what ? " " : "", what, error->message);
	if (error->domain == G_OPTION_ERROR)
		fprintf(stderr, "'weft help%s%s' says more.\n", *what ? " " : "", what);
	return exit_code_of(error);
}

static int run(const struct command *command, char *const *words)
{
	struct cli cli = { 0 };
	g_autoptr(GError) error = NULL;
	int status = EXIT_OK;

	if (!cli_parse(&cli, command, words, &error) || !command->run(&cli, &error))
		status = report(command->words, error);
	else if (fflush(stdout) || ferror(stdout))
		status = EXIT_FAILED;
	cli_clear(&cli);
	return status;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	unsigned used;

	setlocale(LC_ALL, "");
	log_init("weft");
	if (argc < 2 || (argc == 2 && wants_help(argv + 1))) {
		help_overview();
		return argc < 2 ? EXIT_USAGE : EXIT_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("weft " WEFT_VERSION);
		return EXIT_OK;
	}
	g_autofree char **words = options_last(argv);
	const struct command *command = command_find(words, &used);

	if (!command) {
		if (words[0] && wants_help(words + 1) && help_topic(words))
			return EXIT_OK;
		help_suggest(words, &error);
		return report("", error);
	}
	if (wants_help(words + used) && !(command->flags & COMMAND_REST)) {
		help_command(command);
		return EXIT_OK;
	}
	return run(command, words + used);
}
