/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reference.h"

#include <string.h>

#include "cli/exit.h"
#include "cli/resource.h"
#include "cli/spelling.h"

const struct reference_variable reference_variables[] = {
	{ "WEFT_URL, OS_ENDPOINT", "The controller, as http://HOST:PORT or https://HOST:PORT" },
	{ "WEFT_TOKEN, OS_TOKEN", "Who asks" },
	{ "WEFT_CA, OS_CACERT", "Certificates that the controller's must be signed by" },
	{ "WEFT_AGENT_SOCKET",
		"Control socket of weft-agent; %h in it is the name of the host that the port is bound to" },
	{ "WEFT_LAB", "The lab that 'weft lab' works on" },
	{ "WEFT_LAB_DIR", "Where labs are kept (default: /run/weft/lab)" },
	{ "WEFT_LOG", "debug, info or warning: how much is told on standard error" },
	{ NULL },
};

const struct reference_exit reference_exits[] = {
#define X(symbol, code, meaning) { code, meaning },
	EXIT_CODES(X)
#undef X
		{ 0, NULL },
};

const char reference_description[] =
	"weft tells the controller what networks there are to be, attaches devices to ports on a hypervisor, and shows "
	"what happens to packets and why. Names are accepted wherever ids are; a name that several objects have is an "
	"error that lists them. Options may stand before or after the arguments. Errors are one line on standard error: "
	"what was asked, what is wrong, what would be right.";

const char reference_output[] =
	"-f table is for people, -f json for programs, -f csv for spreadsheets, and -f value prints bare values, one object "
	"a line. -c COLUMN, which may be repeated, chooses columns: any attribute of the object.";

static const struct {
	const char *topic, *summary;
} topics[] = {
	{ "application-credential", "make, list, show and delete secrets of programs" },
	{ "access-rule", "list, show and delete what application credentials may be used for" },
	{ "trust", "make, list, show and delete roles lent to another user" },
	{ "quota", "show and change how many objects a project may have" },
	{ "plug", "attach a device to a port" },
	{ "unplug", "detach the device of a port" },
	{ "status", "show whether everything is up and up to date" },
	{ "wait", "wait until something is in effect" },
	{ "trace", "tell what happens to a packet, and why" },
	{ "drops", "show why packets were dropped" },
	{ "lab", "several hypervisors on one machine" },
	{ "help", "explain commands" },
	{ "completion", "let the shell complete commands" },
};

char *reference_topic_words(const char *topic)
{
	return g_strdelimit(g_strdup(topic), "-", ' ');
}

/* "make, list, show, change and delete networks" */
static const char *resource_summary(const char *topic)
{
	g_autoptr(GString) summary = g_string_new(NULL);
	g_autoptr(GPtrArray) verbs = g_ptr_array_new_with_free_func(g_free);
	const struct resource *resource = NULL;

	for (const struct command *const *c = commands_all(); *c; c++)
		if (command_in_topic(*c, topic) && (*c)->resource) {
			resource = (*c)->resource;
			g_ptr_array_add(verbs, g_ascii_strdown((*c)->summary,
						       (gssize)strcspn((*c)->summary, " ")));
		}
	for (unsigned i = 0; i < verbs->len; i++)
		g_string_append_printf(summary, "%s%s",
			!i		      ? ""
			: i + 1 == verbs->len ? " and "
					      : ", ",
			(char *)verbs->pdata[i]);
	if (!resource)
		return topic;
	g_string_append_printf(summary, " %s", spelling_of_kinds(resource_kind(resource)));
	return g_intern_string(summary->str);
}

const char *reference_topic_summary(const char *topic)
{
	for (size_t i = 0; i < G_N_ELEMENTS(topics); i++)
		if (!strcmp(topics[i].topic, topic))
			return topics[i].summary;
	return resource_summary(topic);
}

char *reference_option(const struct option *option)
{
	g_autofree char *letter =
		option->letter ? g_strdup_printf("-%c, ", option->letter) : g_strdup("");

	return g_strdup_printf("%s--%s%s%s", letter, option->name, option->metavar ? " " : "",
		option->metavar ? option->metavar : "");
}

char *reference_option_doc(const struct option *option)
{
	g_autofree char *choices =
		option->choices ? g_strjoinv(", ", (char **)option->choices) : NULL;

	return g_strdup_printf("%s%s%s%s", option->doc, choices ? ": " : "", choices ? choices : "",
		option->flags & OPTION_REPEAT ? " (may be repeated)" : "");
}

char *reference_usage(const struct command *command)
{
	const char *options = command->options[0] ? " [OPTIONS]" : "";

	/* What belongs to another program stands last. */
	if (command->flags & COMMAND_REST)
		return g_strdup_printf("weft %s%s %s", command->words, options, command->arguments);
	return g_strdup_printf("weft %s%s%s%s", command->words, command->arguments ? " " : "",
		command->arguments ? command->arguments : "", options);
}
