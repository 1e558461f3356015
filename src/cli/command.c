/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <string.h>

#include "cli/client.h"

const struct option api_options[] = {
	{ "url", "URL",
		"The controller, as http://HOST:PORT (default: $WEFT_URL, then $OS_ENDPOINT)" },
	{ "token", "TOKEN", "Who asks (default: $WEFT_TOKEN, then $OS_TOKEN)" },
	{ "ca", "FILE",
		"Certificates that the controller's must be signed by (default: $WEFT_CA, "
		"$OS_CACERT, then the system's)" },
	{ NULL },
};

const struct option agent_options[] = {
	{ "socket", "PATH",
		"Control socket of weft-agent; %h in it is the name of the host that the port is bound "
		"to (default: $WEFT_AGENT_SOCKET, then /run/weft/agent.sock)" },
	{ NULL },
};

static const char *const formats[] = { "table", "json", "value", "csv", NULL };

const struct option output_options[] = {
	{ "format", "FORMAT", "How to print", 'f', 0, formats },
	{ "column", "COLUMN", "Print this column only", 'c', OPTION_REPEAT },
	{ NULL },
};

/* How many of the @words begin with those of @command; 0 unless all of the command's do. */
static unsigned match_words(const struct command *command, char *const *words)
{
	g_auto(GStrv) own = g_strsplit(command->words, " ", 0);
	unsigned n = 0;

	for (; own[n]; n++)
		if (!words[n] || strcmp(own[n], words[n]))
			return 0;
	return n;
}

const struct command *command_find(char *const *words, unsigned *ret_used)
{
	const struct command *found = NULL;

	*ret_used = 0;
	for (const struct command *const *c = commands_all(); *c; c++) {
		unsigned n = match_words(*c, words);

		if (n > *ret_used) {
			found = *c;
			*ret_used = n;
		}
	}
	return found;
}

static const char *topic_of(const struct command *command)
{
	g_autofree char *word = g_strndup(command->words, strcspn(command->words, " "));

	return command->topic ?: g_intern_string(word);
}

bool command_in_topic(const struct command *command, const char *topic)
{
	return !strcmp(topic_of(command), topic);
}

GPtrArray *command_topics(void)
{
	GPtrArray *topics = g_ptr_array_new();

	for (const struct command *const *c = commands_all(); *c; c++) {
		gpointer topic = (gpointer)topic_of(*c);

		if (!((*c)->flags & COMMAND_HIDDEN) &&
			!g_ptr_array_find_with_equal_func(topics, topic, g_str_equal, NULL))
			g_ptr_array_add(topics, topic);
	}
	g_ptr_array_add(topics, NULL);
	return topics;
}

void command_arity(const struct command *command, unsigned *ret_min, unsigned *ret_max)
{
	*ret_min = *ret_max = 0;
	if (!command->arguments)
		return;
	g_auto(GStrv) words = g_strsplit(command->arguments, " ", 0);

	for (char **word = words; *word; word++) {
		if (!strcmp(*word, "--"))
			continue;
		if (**word != '[')
			++*ret_min;
		if (g_str_has_suffix(*word, "…") || g_str_has_suffix(*word, "…]"))
			*ret_max = G_MAXUINT;
		else if (*ret_max != G_MAXUINT)
			++*ret_max;
	}
}

bool cli_usage(GError **error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_autofree char *message = g_strdup_vprintf(format, args);
	va_end(args);
	g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED, message);
	return false;
}

/* The option that GOption calls "--name" or "-l". */
static const struct option *option_of(const struct command *command, const char *given)
{
	for (unsigned set = 0; set < MAX_OPTION_SETS && command->options[set]; set++)
		for (const struct option *o = command->options[set]; o->name; o++)
			if (given[1] == '-' ? !strcmp(o->name, given + 2) : o->letter == given[1]) {
				while (o->flags & OPTION_SPELLING)
					o--; /* the option that it is another spelling of */
				return o;
			}
	return NULL;
}

static gboolean take_option(const char *given, const char *value, gpointer data, GError **error)
{
	struct cli *cli = data;
	const struct option *option = option_of(cli->command, given);
	GPtrArray *values = g_hash_table_lookup(cli->values, option->name);

	if (option->choices && !g_strv_contains(option->choices, value)) {
		g_autofree char *choices = g_strjoinv(", ", (char **)option->choices);

		return cli_usage(error, "%s %s: must be one of %s", given, value, choices);
	}
	if (!values) {
		values = g_ptr_array_new_with_free_func(g_free);
		g_hash_table_insert(cli->values, g_strdup(option->name), values);
	} else if (!(option->flags & OPTION_REPEAT) && option->metavar) {
		return cli_usage(error, "%s is given twice; once is enough", given);
	}
	g_ptr_array_add(values, g_strdup(value ? value : ""));
	return TRUE;
}

static GOptionContext *option_context(struct cli *cli)
{
	GOptionContext *context = g_option_context_new(NULL);
	GOptionGroup *group = g_option_group_new("weft", "", "", cli, NULL);
	g_autoptr(GArray) entries = g_array_new(TRUE, TRUE, sizeof(GOptionEntry));

	for (unsigned set = 0; set < MAX_OPTION_SETS && cli->command->options[set]; set++)
		for (const struct option *o = cli->command->options[set]; o->name; o++) {
			GOptionEntry entry = {
				.long_name = o->name,
				.short_name = o->letter,
				.flags = o->metavar ? 0 : G_OPTION_FLAG_NO_ARG,
				.arg = G_OPTION_ARG_CALLBACK,
				.arg_data = (gpointer)take_option,
			};
			g_array_append_val(entries, entry);
		}
	g_option_group_add_entries(group, (GOptionEntry *)(void *)entries->data);
	g_option_context_set_main_group(context, group);
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_strict_posix(context, cli->command->flags & COMMAND_REST);
	return context;
}

static bool check_arity(const struct cli *cli, GError **error)
{
	unsigned min, max, n = cli->arguments->len - 1;

	command_arity(cli->command, &min, &max);
	if (n < min)
		return cli_usage(error, "too few arguments; wanted: weft %s %s",
			cli->command->words, cli->command->arguments);
	if (n > max)
		return cli_usage(error, "'%s' is one argument too many; wanted: weft %s %s",
			(char *)cli->arguments->pdata[max], cli->command->words,
			cli->command->arguments ? cli->command->arguments : "(no arguments)");
	return true;
}

bool cli_parse(struct cli *cli, const struct command *command, char *const *words, GError **error)
{
	g_autoptr(GPtrArray) line = g_ptr_array_new_with_free_func(g_free);

	cli->command = command;
	cli->values = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	cli->arguments = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(line, g_strdup("weft"));
	for (; *words; words++)
		g_ptr_array_add(line, g_strdup(*words));
	g_ptr_array_add(line, NULL);

	g_auto(GStrv) rest = (char **)g_ptr_array_free(g_steal_pointer(&line), FALSE);
	g_autoptr(GOptionContext) context = option_context(cli);

	if (!g_option_context_parse_strv(context, &rest, error))
		return false;
	bool ended = false; /* behind "--" */
	for (char **word = rest + 1; *word; word++) {
		if (!ended && !strcmp(*word, "--"))
			ended = true;
		else
			g_ptr_array_add(cli->arguments, g_strdup(*word));
	}
	g_ptr_array_add(cli->arguments, NULL);
	return check_arity(cli, error);
}

void cli_clear(struct cli *cli)
{
	g_clear_pointer(&cli->values, g_hash_table_unref);
	g_clear_pointer(&cli->arguments, g_ptr_array_unref);
	g_clear_pointer(&cli->client, client_free);
}

GPtrArray *cli_options(const struct cli *cli, const char *name)
{
	return g_hash_table_lookup(cli->values, name);
}

const char *cli_option(const struct cli *cli, const char *name)
{
	GPtrArray *values = cli_options(cli, name);

	return values ? values->pdata[values->len - 1] : NULL;
}

const char *cli_option_or(const struct cli *cli, const char *name, const char *fallback)
{
	const char *value = cli_option(cli, name);

	return value ? value : fallback;
}

bool cli_flag(const struct cli *cli, const char *name)
{
	return cli_options(cli, name) != NULL;
}

bool cli_number(const struct cli *cli, const char *name, u64 min, u64 max, u64 *ret, GError **error)
{
	const char *text = cli_option(cli, name);
	guint64 value;

	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, min, max, &value, NULL))
		return cli_usage(error,
			"--%s %s: must be a number of %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
			name, text, (guint64)min, (guint64)max);
	*ret = value;
	return true;
}

const char *cli_argument(const struct cli *cli, unsigned n)
{
	return n < cli->arguments->len ? cli->arguments->pdata[n] : NULL;
}

static const char *from_environment(const char *first, const char *second)
{
	const char *value = g_getenv(first);

	if (!value || !*value)
		value = g_getenv(second);
	return value && *value ? value : NULL;
}

bool cli_has_controller(const struct cli *cli)
{
	return cli_option(cli, "url") || from_environment("WEFT_URL", "OS_ENDPOINT");
}

struct client *cli_client(struct cli *cli, GError **error)
{
	if (cli->client)
		return cli->client;
	const char *url = cli_option_or(cli, "url", from_environment("WEFT_URL", "OS_ENDPOINT"));
	const char *token = cli_option_or(cli, "token", from_environment("WEFT_TOKEN", "OS_TOKEN"));
	const char *ca = cli_option_or(cli, "ca", from_environment("WEFT_CA", "OS_CACERT"));

	if (!url) {
		cli_usage(error,
			"which controller? set WEFT_URL=http://HOST:9696 and WEFT_TOKEN, or give "
			"--url and --token (for a lab: eval \"$(weft lab env)\")");
		return NULL;
	}
	cli->client = client_new(url, token, ca, error);
	return cli->client;
}
