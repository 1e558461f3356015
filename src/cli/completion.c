/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion: the shells ask `weft complete -- WORDS…` with what has been typed, the last word
 * being the one to complete, so that all of them offer the same: commands, options, choices, and
 * names from the controller.
 */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/resolve.h"
#include "cli/resource.h"
#include "model/kind.h"

#define NAMES_TIMEOUT_S 2

static void offer(const char *candidate, const char *prefix)
{
	if (g_str_has_prefix(candidate, prefix))
		puts(candidate);
}

/* The next word of every command that begins with the words typed so far. */
static void offer_commands(char *const *words, unsigned n, const char *prefix)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (const struct command *const *c = commands_all(); *c; c++) {
		g_auto(GStrv) own = g_strsplit((*c)->words, " ", 0);
		unsigned same = 0;

		while (same < n && own[same] && !strcmp(own[same], words[same]))
			same++;
		if (same == n && own[n] && !((*c)->flags & COMMAND_HIDDEN) &&
			g_hash_table_add(seen, g_strdup(own[n])))
			offer(own[n], prefix);
	}
}

static void offer_names(struct cli *cli, const struct kind *kind, const char *prefix)
{
	g_autofree char *base = resolve_path(kind, NULL),
			*path = g_strconcat(base, "?fields=name&fields=id", NULL);
	struct client *client = cli_has_controller(cli) ? cli_client(cli, NULL) : NULL;
	size_t i;
	json_t *answer, *object;

	if (!client)
		return;
	client_set_timeout(client, NAMES_TIMEOUT_S);
	answer = client_call(client, "GET", path, NULL, NULL);
	json_array_foreach(json_object_get(answer, kind->collection), i, object) {
		const char *name = json_string_value(json_object_get(object, "name"));

		offer(name && *name ? name : json_string_value(json_object_get(object, "id")),
			prefix);
	}
	json_decref(answer);
}

/* The kind that an option's value or an argument names: "NETWORK" → networks. */
static const struct kind *kind_of(const char *metavar)
{
	g_autofree char *word = g_ascii_strdown(metavar, -1);

	g_strdelimit(word, "[]", ' ');
	g_strdelimit(word, "-", '_');
	return kind_by_name(g_strstrip(word));
}

static const struct option *find_option(const struct command *command, const char *word)
{
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++)
			if ((g_str_has_prefix(word, "--") && !strcmp(word + 2, o->name)) ||
				(o->letter && word[0] == '-' && word[1] == o->letter && !word[2]))
				return o;
	return NULL;
}

static void offer_options(const struct command *command, const char *prefix)
{
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++) {
			g_autofree char *name = g_strconcat("--", o->name, NULL);

			offer(name, prefix);
		}
}

static void offer_argument(struct cli *cli, const struct command *command, const char *prefix)
{
	const struct kind *kind = NULL;

	if (command->resource && command->arguments && command->arguments[0] != '[') {
		g_autofree char *word = g_strndup(command->words, strcspn(command->words, " "));

		kind = kind_by_name(word);
	} else if (command->arguments) {
		g_autofree char *word =
			g_strndup(command->arguments, strcspn(command->arguments, " "));

		kind = kind_of(word);
	}
	if (kind)
		offer_names(cli, kind, prefix);
}

static bool complete(struct cli *cli, GError **error)
{
	char **words = (char **)cli->arguments->pdata;
	unsigned n = cli->arguments->len - 1, used;

	(void)error;
	if (!n)
		return true;
	const char *prefix = words[n - 1], *before = n > 1 ? words[n - 2] : "";
	g_auto(GStrv) typed = g_strdupv(words);

	g_clear_pointer(&typed[n - 1], g_free);
	const struct command *command = command_find(typed, &used);

	if (!command) {
		offer_commands(typed, n - 1, prefix);
		return true;
	}
	const struct option *option = find_option(command, before);

	if (option && option->choices)
		for (const char *const *choice = option->choices; *choice; choice++)
			offer(*choice, prefix);
	else if (option && option->metavar && kind_of(option->metavar))
		offer_names(cli, kind_of(option->metavar), prefix);
	else if (*prefix == '-')
		offer_options(command, prefix);
	else if (!option || !option->metavar)
		offer_argument(cli, command, prefix);
	return true;
}

const struct command complete_command = {
	.words = "complete",
	.summary = "Offer completions",
	.arguments = "-- [WORD…]",
	.options = { api_options },
	.flags = COMMAND_HIDDEN | COMMAND_REST,
	.run = complete,
};

static const struct {
	const char *shell, *script;
} shells[] = {
	{ "bash",
		"_weft() {\n"
		"\tlocal IFS=$'\\n'\n"
		"\tCOMPREPLY=($(weft complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null))\n"
		"}\n"
		"complete -o default -F _weft weft\n" },
	{ "zsh",
		"#compdef weft\n"
		"_weft() {\n"
		"\tlocal -a offers\n"
		"\toffers=(\"${(@f)$(weft complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)}\")\n"
		"\tcompadd -a offers\n"
		"}\n"
		"compdef _weft weft\n" },
	{ "fish",
		"complete -c weft -f -a '(weft complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'\n" },
};

static bool completion(struct cli *cli, GError **error)
{
	const char *wanted = cli_argument(cli, 0);

	for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
		if (!strcmp(shells[i].shell, wanted))
			return fputs(shells[i].script, stdout) >= 0;
	return cli_usage(
		error, "there is no completion for '%s'; there is for bash, zsh and fish", wanted);
}

const struct command completion_command = {
	.words = "completion",
	.summary = "Print what makes a shell complete weft's commands, options and names",
	.arguments = "SHELL",
	.details = "SHELL is bash, zsh or fish.",
	.examples =
		"eval \"$(weft completion bash)\"\nweft completion fish >~/.config/fish/completions/weft.fish",
	.run = completion,
};
