/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource.h"

#include <string.h>

#include "cli/attribute.h"
#include "cli/resource_parts.h"
#include "cli/spelling.h"

static const char *const host_columns[] = { "name", "alive", "tunnel_ips", "encapsulations",
	"ports", "id", NULL };
static const char *const network_columns[] = { "id", "name", "status", "mtu", "subnets", NULL };
static const char *const segment_columns[] = { "id", "name", "network_id", "network_type",
	"physical_network", "segmentation_id", NULL };
static const char *const range_columns[] = { "id", "name", "network_type", "physical_network",
	"minimum", "maximum", "project_id", NULL };
static const char *const subnet_columns[] = { "id", "name", "network_id", "cidr", "gateway_ip",
	NULL };
static const char *const port_columns[] = { "id", "name", "mac_address", "fixed_ips.ip_address",
	"binding:host_id", "status", NULL };
static const char *const appliance_columns[] = { "id", "name", "object_id", "host", "status",
	"ha_state", "ha_group", NULL };

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
	{ KIND_SEGMENT, segment_columns,
		"weft network segment create rack2 --network net1 --network-type vlan --physical-network rack2 --segment 100" },
	{ KIND_NETWORK_SEGMENT_RANGE, range_columns,
		"weft network segment range create blue --project blue --no-share --network-type vlan "
		"--physical-network rack2 --minimum 100 --maximum 199" },
	{ KIND_APPLIANCE, appliance_columns, NULL },
	{ KIND_SUBNET, subnet_columns,
		"weft subnet create sub1 --network net1 --subnet-range 10.0.0.0/24 --gateway 10.0.0.1\n"
		"weft subnet create six1 --network net1 --subnet-range 2001:db8::/64 --ipv6-ra-mode slaac "
		"--ipv6-address-mode slaac" },
	{ KIND_PORT, port_columns,
		"weft port create vm1 --network net1 --fixed-ip subnet=sub1,ip-address=10.0.0.5 --host hv1\n"
		"weft port create vip --network net1 --allowed-address ip-address=10.0.0.100" },
};

static const struct option list_options[] = {
	{ "limit", "N", "At most so many" },
	{ "sort", "ATTRIBUTE[:asc|:desc]", "In this order" },
	{ NULL },
};

/* Of users: a secret is no attribute that is shown or asked for. */
static const struct option password_options[] = {
	{ "password", "TEXT", "Log in by this; others on this machine may see the command line" },
	{ "password-file", "FILE", "Log in by the first line of this file; - is standard input" },
	{ NULL },
};

static const struct verb {
	const char *word, *summary;
	enum attribute_use use;
	enum { OPTIONS_NONE, OPTIONS_ATTRIBUTES, OPTIONS_LIST } options;
	enum {
		NAMES_NONE,
		NAMES_NEW,
		NAMES_ONE,
		NAMES_MANY
	} names; /* what it takes as arguments */
	bool (*run)(struct cli *cli, GError **error);
} verbs[] = {
	{ "create", "Make", ATTRIBUTE_CREATE, OPTIONS_ATTRIBUTES, NAMES_NEW, resource_create },
	{ "list", "List", ATTRIBUTE_FILTER, OPTIONS_LIST, NAMES_NONE, resource_list },
	{ "show", "Show", 0, OPTIONS_NONE, NAMES_ONE, resource_show },
	{ "set", "Change", ATTRIBUTE_SET, OPTIONS_ATTRIBUTES, NAMES_ONE, resource_set },
	{ "delete", "Delete", 0, OPTIONS_NONE, NAMES_MANY, resource_delete },
};

/* "Make an address group", "List address groups" */
static char *summary_of(const struct verb *verb, const struct kind *kind)
{
	const char *words = kind_words(kind);

	if (verb->names == NAMES_NONE || verb->names == NAMES_MANY)
		return g_strdup_printf("%s %s", verb->summary, spelling_of_kinds(kind));
	return g_strdup_printf(
		"%s %s %s", verb->summary, strchr("aeiou", words[0]) ? "an" : "a", words);
}

/* What an object is called by: "NAME", "ID", or what stands for it below its parent. */
static const char *name_of(const struct kind *kind)
{
	const struct kind *segment = NULL;

	if (kind->segment_index)
		segment =
			spelling_kind(kind_attr(kind, kind->indexes[kind->segment_index].slots[1]));
	if (segment)
		return spelling_metavar(segment);
	return spelling_name(kind) ? "NAME" : "ID";
}

static char *arguments_of(const struct verb *verb, const struct kind *kind)
{
	const char *parent =
		kind_is_nested(kind) ? spelling_metavar(kind_by_id(kind_parent(kind))) : "";
	const char *name = "", *more = "";
	g_autofree char *words = NULL;

	if (verb->names == NAMES_NEW && kind->attrs[SLOT_NAME].flags & ATTR_CREATE)
		name = "[NAME]";
	else if (verb->names == NAMES_ONE || verb->names == NAMES_MANY)
		name = name_of(kind);
	if (verb->names == NAMES_MANY)
		more = "…";
	words = g_strdup_printf("%s%s%s%s", parent, *parent && *name ? " " : "", name, more);
	return *words ? g_steal_pointer(&words) : NULL;
}

/* The first option that a change could have: "--name other". */
static char *change_of(const struct kind *kind)
{
	g_autofree struct option *option = attribute_options(kind, ATTRIBUTE_SET);

	return g_strdup_printf("--%s %s", option->name,
		!strcmp(option->name, "name")	       ? "other"
		: !strcmp(option->name, "description") ? "words"
		: option->metavar		       ? option->metavar
						       : "");
}

static char *example_of(const struct verb *verb, const struct resource *resource)
{
	const struct kind *kind = resource->kind;
	const char *words = spelling_of_kind(kind), *whole = kind_is_nested(kind) ? " whole" : "";
	g_autofree char *change = NULL;

	switch (verb->names) {
	case NAMES_NONE:
		return g_strdup_printf("weft %s list%s\nweft %s list%s -f value -c %s", words,
			whole, words, whole,
			kind->attrs[SLOT_ID].name ? "id" : resource->columns[0]);
	case NAMES_MANY:
		return g_strdup_printf("weft %s delete%s one two", words, whole);
	case NAMES_ONE:
		if (verb->run == resource_show)
			return g_strdup_printf("weft %s show%s one -f json", words, whole);
		change = change_of(kind);
		return g_strdup_printf("weft %s set%s one %s", words, whole, change);
	default:
		return NULL;
	}
}

static struct command *make_command(const struct resource *resource, const struct verb *verb)
{
	struct command *command = g_new0(struct command, 1);
	const struct kind *kind = resource->kind;
	unsigned n = 0;

	command->topic = g_strdelimit(g_strdup(spelling_of_kind(kind)), " ", '-');
	command->words = g_strdup_printf("%s %s", spelling_of_kind(kind), verb->word);
	command->summary = summary_of(verb, kind);
	command->arguments = arguments_of(verb, kind);
	command->examples =
		verb->names == NAMES_NEW ? resource->create_example : example_of(verb, resource);
	command->details =
		"A name stands for an id everywhere; where several objects have it, the error lists them.";
	command->run = verb->run;
	command->resource = resource;
	if (verb->options != OPTIONS_NONE)
		command->options[n++] = attribute_options(kind, verb->use);
	if (verb->options == OPTIONS_ATTRIBUTES && kind->id == KIND_USER)
		command->options[n++] = password_options;
	if (verb->options == OPTIONS_LIST)
		command->options[n++] = list_options;
	if (verb->run != resource_delete)
		command->options[n++] = output_options;
	command->options[n++] = api_options;
	return command;
}

static bool offers(const struct kind *kind, const struct verb *verb)
{
	if (kind->flags & KIND_COMPUTED)
		return verb->run == resource_list;
	if (verb->run == resource_set)
		return attribute_any(kind, ATTRIBUTE_SET);
	return !(kind->flags & KIND_FIXED) ||
	       (verb->run != resource_create && verb->run != resource_delete);
}

/* Of a kind without particulars: what a line has room for. */
static const char *const *columns_of(const struct kind *kind)
{
	enum { MAX_COLUMNS = 5 };
	unsigned hidden = ATTR_SECRET | ATTR_REQUEST | ATTR_ADMIN_READ;
	GPtrArray *columns = g_ptr_array_new();

	for (unsigned slot = 0; slot < kind->n_slots && columns->len < MAX_COLUMNS; slot++) {
		const struct attr *attr = kind_attr(kind, slot);
		bool standard = slot != SLOT_ID && slot < N_STANDARD_SLOTS &&
				(slot != SLOT_NAME ||
					(kind->flags & KIND_IDENTITY && !spelling_name(kind)));

		if (attr->name && !standard && !(attr->flags & hidden) && attr->type != TYPE_LIST &&
			attr->type != TYPE_OBJECT &&
			!(kind_is_nested(kind) && slot == kind->parent_slot))
			g_ptr_array_add(columns, (gpointer)attr->name);
	}
	g_ptr_array_add(columns, NULL);
	return (const char *const *)g_ptr_array_free(columns, FALSE);
}

const struct kind *resource_kind(const struct resource *resource)
{
	return resource->kind;
}

static bool has_commands(const struct kind *kind)
{
	return !(kind->flags & KIND_ELSEWHERE) || kind->flags & KIND_COMMANDS;
}

void resource_commands(GPtrArray *commands)
{
	for (enum kind_id id = KIND_NONE + 1; id < N_KINDS; id++) {
		struct resource *resource;

		if (!has_commands(kind_by_id(id)))
			continue;
		resource = g_new0(struct resource, 1);
		resource->kind = kind_by_id(id);
		for (size_t i = 0; i < G_N_ELEMENTS(particulars); i++)
			if (particulars[i].kind == id) {
				resource->columns = particulars[i].columns;
				resource->create_example = particulars[i].create_example;
			}
		if (!resource->columns)
			resource->columns = columns_of(resource->kind);
		for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++)
			if (offers(resource->kind, &verbs[i]))
				g_ptr_array_add(commands, make_command(resource, &verbs[i]));
	}
}
