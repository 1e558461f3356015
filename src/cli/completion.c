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
#include "cli/spelling.h"

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

/* Names of the objects of a kind; @parent is the name of what they are part of, or NULL. */
static void offer_names(
	struct cli *cli, const struct kind *kind, const char *parent, const char *prefix)
{
	const struct attr *called = spelling_name(kind);
	struct client *client = cli_has_controller(cli) ? cli_client(cli, NULL) : NULL;
	g_autofree char *parent_id = NULL;
	size_t i;
	json_t *answer, *object;

	if (!client)
		return;
	client_set_timeout(client, NAMES_TIMEOUT_S);
	if (kind_is_nested(kind)) {
		parent_id = parent ? resolve_id(client, kind_by_id(kind_parent(kind)), parent, NULL,
					     NULL)
				   : NULL;
		if (!parent_id)
			return;
	}
	g_autofree char *base = resolve_path(kind, parent_id, NULL);
	g_autofree char *path = g_strdup_printf(
		"%s?fields=id%s%s", base, called ? "&fields=" : "", called ? called->name : "");

	answer = client_call(client, "GET", path, NULL, NULL);
	json_array_foreach(json_object_get(answer, kind->collection), i, object) {
		const char *name =
			called ? json_string_value(json_object_get(object, called->name)) : NULL;

		name = name && *name ? name : json_string_value(json_object_get(object, "id"));
		if (name)
			offer(name, prefix);
	}
	json_decref(answer);
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

/* The @n-th of the words that are neither options nor their values; NULL: there are fewer. */
static const char *argument_at(const struct command *command, char *const *words, unsigned n)
{
	for (; *words; words++) {
		const struct option *option = **words == '-' ? find_option(command, *words) : NULL;

		if (option && option->metavar && words[1])
			words++;
		else if (**words != '-' && !n--)
			return *words;
	}
	return NULL;
}

/* @before: the words between the command's own and the one to complete. */
static void offer_argument(
	struct cli *cli, const struct command *command, char *const *before, const char *prefix)
{
	const struct kind *kind = command->resource ? resource_kind(command->resource) : NULL;
	const char *first = argument_at(command, before, 0);
	g_auto(GStrv) wanted = g_strsplit(command->arguments ?: "", " ", 0);
	unsigned nested = kind && kind_is_nested(kind);

	if (nested && !first)
		offer_names(cli, kind_by_id(kind_parent(kind)), NULL, prefix);
	else if (kind && wanted[0] && wanted[nested] && wanted[nested][0] != '[')
		offer_names(cli, kind, first, prefix);
	else if (!kind && wanted[0] && spelling_kind_of(wanted[0]))
		offer_names(cli, spelling_kind_of(wanted[0]), NULL, prefix);
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
	else if (option && option->metavar && spelling_kind_of(option->metavar))
		offer_names(cli, spelling_kind_of(option->metavar), NULL, prefix);
	else if (*prefix == '-')
		offer_options(command, prefix);
	else if (!option || !option->metavar)
		offer_argument(cli, command, typed + used, prefix);
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
