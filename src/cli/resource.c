/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource.h"

#include <stdio.h>
#include <string.h>

#include "cli/attribute.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "cli/spelling.h"

struct resource {
	const struct kind *kind;
	const char *const *columns; /* of a list */
	const char *create_example;
};

static const char *const host_columns[] = { "name", "alive", "tunnel_ips", "encapsulations",
	"ports", "id", NULL };
static const char *const network_columns[] = { "id", "name", "status", "mtu", "subnets", NULL };
static const char *const subnet_columns[] = { "id", "name", "network_id", "cidr", "gateway_ip",
	NULL };
static const char *const port_columns[] = { "id", "name", "mac_address", "fixed_ips.ip_address",
	"binding:host_id", "status", NULL };
static const char *const other_columns[] = { "id", "name", NULL };

/* What can't be told from a kind's table. A kind that is missing here has commands too. */
static const struct {
	enum kind_id kind;
	const char *const *columns;
	const char *create_example;
} particulars[] = {
	{ KIND_HOST, host_columns,
		"weft host create hv1 --tunnel-ip 192.0.2.11 -f value -c credential" },
	{ KIND_NETWORK, network_columns,
		"weft network create net1 --mtu 1400 --dns-domain example.org." },
	{ KIND_SUBNET, subnet_columns,
		"weft subnet create sub1 --network net1 --subnet-range 10.0.0.0/24 --gateway 10.0.0.1\n"
		"weft subnet create six1 --network net1 --subnet-range 2001:db8::/64 --ipv6-ra-mode slaac "
		"--ipv6-address-mode slaac" },
	{ KIND_PORT, port_columns,
		"weft port create vm1 --network net1 --fixed-ip subnet=sub1,ip-address=10.0.0.5 --host hv1\n"
		"weft port create vip --network net1 --allowed-address ip-address=10.0.0.100" },
};

static char *resolve_for(void *data, const struct kind *kind, const char *text, GError **error)
{
	return resolve_id(data, kind, text, NULL, error);
}

/* Prints the object in an answer, which is taken over. */
static bool print_answer(struct cli *cli, json_t *answer, GError **error)
{
	bool printed =
		answer &&
		output_object(cli, json_object_get(answer, cli->command->resource->kind->singular),
			error);

	json_decref(answer);
	return printed;
}

static bool call_with_body(
	struct cli *cli, const char *method, const char *path, json_t *body, GError **error)
{
	json_t *wrapped = json_pack("{s:O}", cli->command->resource->kind->singular, body);
	json_t *answer = client_call(cli->client, method, path, wrapped, error);

	json_decref(wrapped);
	return print_answer(cli, answer, error);
}

static bool run_create(struct cli *cli, GError **error)
{
	const struct kind *kind = cli->command->resource->kind;
	const char *name = cli_argument(cli, 0);
	struct client *client = cli_client(cli, error);
	g_autofree char *path = resolve_path(kind, NULL);
	json_t *body = json_object();

	if (name)
		json_object_set_new(body, "name", json_string(name));
	bool done = client &&
		    attribute_body(cli, kind, ATTRIBUTE_CREATE, resolve_for, client, body, error) &&
		    call_with_body(cli, "POST", path, body, error);

	json_decref(body);
	return done;
}

static bool run_set(struct cli *cli, GError **error)
{
	const struct kind *kind = cli->command->resource->kind;
	struct client *client = cli_client(cli, error);
	g_autofree char *id =
		client ? resolve_id(client, kind, cli_argument(cli, 0), NULL, error) : NULL;

	if (!id)
		return false;
	g_autofree char *path = resolve_path(kind, id);
	json_t *body = json_object();
	bool done = attribute_body(cli, kind, ATTRIBUTE_SET, resolve_for, client, body, error);

	if (done && !json_object_size(body))
		done = cli_usage(error,
			"nothing to set; say what by an option, as in 'weft %s set %s --name other'",
			spelling_of_kind(kind), cli_argument(cli, 0));
	done = done && call_with_body(cli, "PUT", path, body, error);
	json_decref(body);
	return done;
}

static bool run_show(struct cli *cli, GError **error)
{
	struct client *client = cli_client(cli, error);
	json_t *object = client ? resolve_object(client, cli->command->resource->kind,
					  cli_argument(cli, 0), NULL, error)
				: NULL;
	bool shown = object && output_object(cli, object, error);

	json_decref(object);
	return shown;
}

/* Goes on after one that can't be deleted, and fails in the end. */
static bool run_delete(struct cli *cli, GError **error)
{
	const struct kind *kind = cli->command->resource->kind;
	struct client *client = cli_client(cli, error);
	g_autoptr(GError) first = NULL;

	if (!client)
		return false;
	for (unsigned i = 0; cli_argument(cli, i); i++) {
		g_autoptr(GError) problem = NULL;
		g_autofree char *id =
			resolve_id(client, kind, cli_argument(cli, i), NULL, &problem);
		g_autofree char *path = resolve_path(kind, id);
		json_t *answer = id ? client_call(client, "DELETE", path, NULL, &problem) : NULL;

		json_decref(answer);
		if (problem && first)
			fprintf(stderr, "weft %s: %s\n", cli->command->words, problem->message);
		else if (problem)
			first = g_steal_pointer(&problem);
	}
	if (first)
		g_propagate_error(error, g_steal_pointer(&first));
	return !*error;
}

/* --limit and --sort, which are not attributes. */
static bool add_list_options(const struct cli *cli, GString *query, GError **error)
{
	const char *sort = cli_option(cli, "sort"), *colon = sort ? strrchr(sort, ':') : NULL;
	u64 limit = 0;

	if (!cli_number(cli, "limit", 1, G_MAXUINT32, &limit, error))
		return false;
	if (limit)
		g_string_append_printf(query, "%climit=%" G_GUINT64_FORMAT, query->len ? '&' : '?',
			(guint64)limit);
	if (!sort)
		return true;
	bool down = colon && !strcmp(colon, ":desc"), up = colon && !strcmp(colon, ":asc");
	g_autofree char *key = g_strndup(sort, down || up ? (size_t)(colon - sort) : strlen(sort));
	g_autofree char *escaped = g_uri_escape_string(g_strdelimit(key, "-", '_'), NULL, FALSE);

	g_string_append_printf(query, "%csort_key=%s&sort_dir=%s", query->len ? '&' : '?', escaped,
		down ? "desc" : "asc");
	return true;
}

static bool run_list(struct cli *cli, GError **error)
{
	const struct resource *resource = cli->command->resource;
	struct client *client = cli_client(cli, error);
	g_autofree char *filters =
		client ? attribute_query(cli, resource->kind, resolve_for, client, error) : NULL;
	g_autoptr(GString) query = g_string_new(filters);

	if (!filters || !add_list_options(cli, query, error))
		return false;
	g_autofree char *base = resolve_path(resource->kind, NULL),
			*path = g_strconcat(base, query->str, NULL);
	json_t *answer = client_call(client, "GET", path, NULL, error);
	bool listed = answer && output_list(cli, resource->columns,
					json_object_get(answer, resource->kind->collection), error);

	json_decref(answer);
	return listed;
}

static const struct option list_options[] = {
	{ "limit", "N", "At most so many" },
	{ "sort", "ATTRIBUTE[:asc|:desc]", "In this order" },
	{ NULL },
};

/* %s is the kind's name. */
static const struct verb {
	const char *word, *summary, *arguments, *example;
	enum attribute_use use;
	enum { OPTIONS_NONE, OPTIONS_ATTRIBUTES, OPTIONS_LIST } options;
	bool (*run)(struct cli *cli, GError **error);
	bool of_many; /* the summary is about several */
} verbs[] = {
	{ "create", "Make", "[NAME]", NULL, ATTRIBUTE_CREATE, OPTIONS_ATTRIBUTES, run_create },
	{ "list", "List", NULL, "weft %s list\nweft %s list -f value -c id", ATTRIBUTE_FILTER,
		OPTIONS_LIST, run_list, .of_many = true },
	{ "show", "Show", "NAME", "weft %s show one -f json", 0, OPTIONS_NONE, run_show },
	{ "set", "Change", "NAME", "weft %s set one --name other", ATTRIBUTE_SET,
		OPTIONS_ATTRIBUTES, run_set },
	{ "delete", "Delete", "NAME…", "weft %s delete one two", 0, OPTIONS_NONE, run_delete,
		.of_many = true },
};

/* "Make an address group", "List address groups" */
static char *summary_of(const struct verb *verb, const struct kind *kind)
{
	const char *words = kind_words(kind);

	if (verb->of_many)
		return g_strdup_printf("%s %s", verb->summary, spelling_of_kinds(kind));
	return g_strdup_printf(
		"%s %s %s", verb->summary, strchr("aeiou", words[0]) ? "an" : "a", words);
}

/* The template with every %s replaced. */
static char *fill(const char *template, const char *word)
{
	g_auto(GStrv) parts = g_strsplit(template, "%s", 0);

	return g_strjoinv(word, parts);
}

static struct command *make_command(const struct resource *resource, const struct verb *verb)
{
	struct command *command = g_new0(struct command, 1);
	const char *kind = spelling_of_kind(resource->kind);
	unsigned n = 0;

	command->words = g_strdup_printf("%s %s", kind, verb->word);
	command->summary = summary_of(verb, resource->kind);
	command->arguments = verb->arguments;
	command->examples = verb->example ? fill(verb->example, kind) : resource->create_example;
	command->details =
		"A name stands for an id everywhere; where several objects have it, the error lists them.";
	command->run = verb->run;
	command->resource = resource;
	if (verb->options != OPTIONS_NONE)
		command->options[n++] = attribute_options(resource->kind, verb->use);
	if (verb->options == OPTIONS_LIST)
		command->options[n++] = list_options;
	if (verb->run != run_delete)
		command->options[n++] = output_options;
	command->options[n++] = api_options;
	return command;
}

static bool offers(const struct kind *kind, const struct verb *verb)
{
	if (kind->flags & KIND_COMPUTED)
		return verb->run == run_list;
	return !(kind->flags & KIND_FIXED) || (verb->run != run_create && verb->run != run_delete);
}

void resource_commands(GPtrArray *commands)
{
	for (enum kind_id id = KIND_NONE + 1; id < N_KINDS; id++) {
		struct resource *resource;

		if (kind_by_id(id)->flags & KIND_ELSEWHERE || kind_is_nested(kind_by_id(id)))
			continue;
		resource = g_new0(struct resource, 1);
		resource->kind = kind_by_id(id);
		resource->columns = other_columns;
		for (size_t i = 0; i < G_N_ELEMENTS(particulars); i++)
			if (particulars[i].kind == id) {
				resource->columns = particulars[i].columns;
				resource->create_example = particulars[i].create_example;
			}
		for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
			if (offers(resource->kind, &verbs[i]))
				g_ptr_array_add(commands, make_command(resource, &verbs[i]));
	}
}
