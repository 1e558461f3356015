/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of resources that create, set and delete don't say, by the words of `openstack` where
 * it has them: `weft router add subnet ROUTER SUBNET`. Each is a PUT of the object's path and a
 * verb, whose body is made of the arguments behind the first.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "model/firewall/address_group.h"
#include "model/provider/appliance.h"
#include "model/firewall/firewall_policy.h"
#include "model/firewall/firewall_rule.h"
#include "model/provider/flavor.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"
#include "model/port/trunk.h"

struct action {
	struct command command; /* first: the command that runs is found again as this */
	const struct kind *kind;
	const char *verb;	  /* NULL: the object itself is changed */
	const char *member;	  /* of the body */
	const struct kind *other; /* what the arguments name; NULL: they are texts */
	/* Of the arguments from the second on; json_decref. */
	json_t *(*body)(struct cli *cli, const struct action *action, GError **error);
};

static bool run(struct cli *cli, GError **error)
{
	const struct action *action = (const struct action *)cli->command;
	struct client *client = cli_client(cli, error);
	g_autofree char *id =
		client ? resolve_id(client, action->kind, cli_argument(cli, 0), NULL, error) : NULL;
	json_t *body = id ? action->body(cli, action, error) : NULL;
	json_t *answer;

	if (!body)
		return false;
	g_autofree char *path = resolve_path(action->kind, NULL, id);
	g_autofree char *whole = g_strjoin("/", path, action->verb, NULL);

	answer = client_call(client, "PUT", whole, body, error);
	json_decref(body);
	json_decref(answer);
	return answer;
}

/* One argument, an id or a text. */
static json_t *value_of(
	struct cli *cli, const struct action *action, const char *text, GError **error)
{
	if (!action->other)
		return json_string(text);
	g_autofree char *id = resolve_id(cli_client(cli, NULL), action->other, text, NULL, error);

	return id ? json_string(id) : NULL;
}

static json_t *one(struct cli *cli, const struct action *action, GError **error)
{
	json_t *value = value_of(cli, action, cli_argument(cli, 1), error);

	return value ? json_pack("{s:o}", action->member, value) : NULL;
}

static json_t *nothing(struct cli *cli, const struct action *action, GError **error)
{
	(void)cli;
	(void)action;
	(void)error;
	return json_object();
}

static json_t *many(struct cli *cli, const struct action *action, GError **error)
{
	json_t *list = json_array(), *value;

	for (unsigned i = 1; cli_argument(cli, i); i++) {
		value = value_of(cli, action, cli_argument(cli, i), error);
		if (!value) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, value);
	}
	return json_pack("{s:o}", action->member, list);
}

static json_t *route(struct cli *cli, const struct action *action, GError **error)
{
	(void)error;
	return json_pack("{s:{s:[{s:s, s:s}]}}", action->member, "routes", "destination",
		cli_argument(cli, 1), "nexthop", cli_argument(cli, 2));
}

static json_t *gateway(struct cli *cli, const struct action *action, GError **error)
{
	json_t *network;

	if (!action->other)
		return json_pack("{s:{s:n}}", action->member, "external_gateway_info");
	network = value_of(cli, action, cli_argument(cli, 1), error);
	return network ? json_pack("{s:{s:{s:o}}}", action->member, "external_gateway_info",
				 "network_id", network)
		       : NULL;
}

#define TAG_MIN 1
#define TAG_MAX 4094

static json_t *subport(struct cli *cli, const struct action *action, GError **error)
{
	u64 tag = 0;
	json_t *port;

	if (!cli_number(cli, "segmentation-id", TAG_MIN, TAG_MAX, &tag, error))
		return NULL;
	if (!tag) {
		cli_usage(error, "--segmentation-id is wanted: the VLAN tag of the subport");
		return NULL;
	}
	port = value_of(cli, action, cli_argument(cli, 1), error);
	return port ? json_pack("{s:[{s:o, s:s, s:I}]}", action->member, "port_id", port,
			      "segmentation_type", "vlan", "segmentation_id", (json_int_t)tag)
		    : NULL;
}

static json_t *subports(struct cli *cli, const struct action *action, GError **error)
{
	json_t *body = many(cli, action, error);
	json_t *list = body ? json_object_get(body, action->member) : NULL;

	for (size_t i = 0; i < json_array_size(list); i++)
		json_array_set_new(list, i, json_pack("{s:O}", "port_id", json_array_get(list, i)));
	return body;
}

static json_t *placed_rule(struct cli *cli, const struct action *action, GError **error)
{
	static const char *const places[][2] = { { "insert-before", "insert_before" },
		{ "insert-after", "insert_after" } };
	json_t *body = one(cli, action, error), *place;

	for (size_t i = 0; body && i < G_N_ELEMENTS(places); i++) {
		if (!cli_option(cli, places[i][0]))
			continue;
		place = value_of(cli, action, cli_option(cli, places[i][0]), error);
		if (!place)
			g_clear_pointer(&body, json_decref);
		else
			json_object_set_new(body, places[i][1], place);
	}
	return body;
}

static const struct option place_options[] = {
	{ "insert-before", "RULE", "Before this rule; else it becomes the first" },
	{ "insert-after", "RULE", "Behind this rule" },
	{ NULL },
};

static const struct option tag_option[] = {
	{ "segmentation-id", "TAG", "The VLAN tag by which the guest knows it" },
	{ NULL },
};

/* clang-format off */
#define COMMAND(words_, summary_, arguments_, example_) \
	.command = { .words = (words_), .summary = (summary_), .arguments = (arguments_), \
		.examples = (example_), .options = { api_options }, .run = run }
/* clang-format on */

static const struct action actions[] = {
	{ COMMAND("appliance reconnect",
		  "Make an appliance's machine anew, with the same configuration", "APPLIANCE",
		  "weft appliance reconnect 0d3c1a52-8c1e-4b7e-9a39-1f0f5a5a0001"),
		&appliance_kind, "reconnect", NULL, NULL, nothing },
	{ COMMAND("router add subnet", "Give a router an interface on a subnet", "ROUTER SUBNET",
		  "weft router add subnet r1 sub1"),
		&router_kind, "add_router_interface", "subnet_id", &subnet_kind, one },
	{ COMMAND("router remove subnet", "Take a router's interface off a subnet", "ROUTER SUBNET",
		  "weft router remove subnet r1 sub1"),
		&router_kind, "remove_router_interface", "subnet_id", &subnet_kind, one },
	{ COMMAND("router add port", "Make a port a router's interface", "ROUTER PORT",
		  "weft router add port r1 p1"),
		&router_kind, "add_router_interface", "port_id", &port_kind, one },
	{ COMMAND("router remove port", "Take a port away from a router; it is deleted",
		  "ROUTER PORT", "weft router remove port r1 p1"),
		&router_kind, "remove_router_interface", "port_id", &port_kind, one },
	{ COMMAND("router add gateway", "Lead a router to an external network", "ROUTER NETWORK",
		  "weft router add gateway r1 outside"),
		&router_kind, NULL, "router", &network_kind, gateway },
	{ COMMAND("router remove gateway", "Lead a router to no external network", "ROUTER",
		  "weft router remove gateway r1"),
		&router_kind, NULL, "router", NULL, gateway },
	{ COMMAND("router add route", "Give a router a route", "ROUTER DESTINATION NEXTHOP",
		  "weft router add route r1 10.9.0.0/16 10.0.0.9"),
		&router_kind, "add_extraroutes", "router", NULL, route },
	{ COMMAND("router remove route", "Take a route away from a router",
		  "ROUTER DESTINATION NEXTHOP", "weft router remove route r1 10.9.0.0/16 10.0.0.9"),
		&router_kind, "remove_extraroutes", "router", NULL, route },
	{ .command = { .words = "network trunk add subport",
		  .topic = "network-trunk",
		  .summary = "Put a port into a trunk",
		  .arguments = "TRUNK PORT",
		  .examples = "weft network trunk add subport t1 p1 --segmentation-id 100",
		  .options = { tag_option, api_options },
		  .run = run },
		&trunk_kind,
		"add_subports",
		"sub_ports",
		&port_kind,
		subport },
	{ .command = { .words = "network trunk remove subport",
		  .topic = "network-trunk",
		  .summary = "Take ports out of a trunk",
		  .arguments = "TRUNK PORT…",
		  .examples = "weft network trunk remove subport t1 p1 p2",
		  .options = { api_options },
		  .run = run },
		&trunk_kind,
		"remove_subports",
		"sub_ports",
		&port_kind,
		subports },
	{ .command = { .words = "firewall group policy add rule",
		  .topic = "firewall-group-policy",
		  .summary = "Put a rule into a firewall policy",
		  .arguments = "POLICY RULE",
		  .examples = "weft firewall group policy add rule p1 r1 --insert-before r2",
		  .options = { place_options, api_options },
		  .run = run },
		&firewall_policy_kind,
		"insert_rule",
		"firewall_rule_id",
		&firewall_rule_kind,
		placed_rule },
	{ .command = { .words = "firewall group policy remove rule",
		  .topic = "firewall-group-policy",
		  .summary = "Take a rule out of a firewall policy",
		  .arguments = "POLICY RULE",
		  .examples = "weft firewall group policy remove rule p1 r1",
		  .options = { api_options },
		  .run = run },
		&firewall_policy_kind,
		"remove_rule",
		"firewall_rule_id",
		&firewall_rule_kind,
		one },
	{ .command = { .words = "address group add address",
		  .topic = "address-group",
		  .summary = "Add addresses or blocks to a group",
		  .arguments = "GROUP ADDRESS…",
		  .examples = "weft address group add address g1 10.0.0.0/24",
		  .options = { api_options },
		  .run = run },
		&address_group_kind,
		"add_addresses",
		"addresses",
		NULL,
		many },
	{ .command = { .words = "address group remove address",
		  .topic = "address-group",
		  .summary = "Take addresses or blocks out of a group",
		  .arguments = "GROUP ADDRESS…",
		  .examples = "weft address group remove address g1 10.0.0.0/24",
		  .options = { api_options },
		  .run = run },
		&address_group_kind,
		"remove_addresses",
		"addresses",
		NULL,
		many },
	{ .command = { .words = "subnet pool add prefix",
		  .topic = "subnet-pool",
		  .summary = "Add prefixes to a pool",
		  .arguments = "POOL PREFIX…",
		  .examples = "weft subnet pool add prefix pool1 10.8.0.0/16",
		  .options = { api_options },
		  .run = run },
		&subnetpool_kind,
		"add_prefixes",
		"prefixes",
		NULL,
		many },
	{ .command = { .words = "subnet pool remove prefix",
		  .topic = "subnet-pool",
		  .summary = "Take prefixes out of a pool",
		  .arguments = "POOL PREFIX…",
		  .examples = "weft subnet pool remove prefix pool1 10.8.0.0/16",
		  .options = { api_options },
		  .run = run },
		&subnetpool_kind,
		"remove_prefixes",
		"prefixes",
		NULL,
		many },
	{ .command = { .words = "subnet pool onboard network",
		  .topic = "subnet-pool",
		  .summary = "Make a network's subnets a pool's",
		  .arguments = "POOL NETWORK",
		  .examples = "weft subnet pool onboard network pool1 net1",
		  .options = { api_options },
		  .run = run },
		&subnetpool_kind,
		"onboard_network_subnets",
		"network_id",
		&network_kind,
		one },
};

static const char *const subport_columns[] = { "port_id", "segmentation_type", "segmentation_id",
	NULL };

static bool list_subports(struct cli *cli, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *id =
		client ? resolve_id(client, &trunk_kind, cli_argument(cli, 0), NULL, error) : NULL;
	json_t *answer;
	bool listed;

	if (!id)
		return false;
	g_autofree char *path = resolve_path(&trunk_kind, NULL, id);
	g_autofree char *whole = g_strconcat(path, "/get_subports", NULL);

	answer = client_call(client, "GET", whole, NULL, error);
	listed = answer &&
		 output_list(cli, subport_columns, json_object_get(answer, "sub_ports"), error);
	json_decref(answer);
	return listed;
}

static const struct command subport_list = {
	.words = "network trunk list subport",
	.topic = "network-trunk",
	.summary = "List the subports of a trunk",
	.arguments = "TRUNK",
	.examples = "weft network trunk list subport t1",
	.options = { output_options, api_options },
	.run = list_subports,
};

/* POST of {"service_profile": {"id": …}} to the flavor's collection, or DELETE of it there. */
static bool change_profile(struct cli *cli, const char *method, GError **error)
{
	struct client *client = cli_client(cli, error);
	g_autofree char *flavor =
		client ? resolve_id(client, &flavor_kind, cli_argument(cli, 0), NULL, error) : NULL;
	g_autofree char *profile = flavor ? resolve_id(client, &service_profile_kind,
						    cli_argument(cli, 1), NULL, error)
					  : NULL;
	bool adds = !strcmp(method, "POST");
	json_t *body, *answer;

	if (!profile)
		return false;
	g_autofree char *path = resolve_path(&flavor_kind, NULL, flavor);
	g_autofree char *whole =
		g_strjoin("/", path, "service_profiles", adds ? NULL : profile, NULL);

	body = adds ? json_pack("{s:{s:s}}", "service_profile", "id", profile) : NULL;
	answer = client_call(client, method, whole, body, error);
	json_decref(body);
	json_decref(answer);
	return answer;
}

static bool add_profile(struct cli *cli, GError **error)
{
	return change_profile(cli, "POST", error);
}

static bool remove_profile(struct cli *cli, GError **error)
{
	return change_profile(cli, "DELETE", error);
}

static const struct command profile_commands[] = {
	{ .words = "network flavor add profile",
		.topic = "network-flavor",
		.summary = "Let a flavor be provided by a service profile",
		.arguments = "FLAVOR PROFILE",
		.examples = "weft network flavor add profile gold one",
		.options = { api_options },
		.run = add_profile },
	{ .words = "network flavor remove profile",
		.topic = "network-flavor",
		.summary = "Take a service profile away from a flavor",
		.arguments = "FLAVOR PROFILE",
		.examples = "weft network flavor remove profile gold one",
		.options = { api_options },
		.run = remove_profile },
};

void action_commands(GPtrArray *commands)
{
	for (size_t i = 0; i < G_N_ELEMENTS(actions); i++)
		g_ptr_array_add(commands, (gpointer)&actions[i].command);
	g_ptr_array_add(commands, (gpointer)&subport_list);
	for (size_t i = 0; i < G_N_ELEMENTS(profile_commands); i++)
		g_ptr_array_add(commands, (gpointer)&profile_commands[i]);
}
