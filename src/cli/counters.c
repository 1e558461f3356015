/* SPDX-License-Identifier: Apache-2.0 */
/* `weft drops`, `weft port counters`, `weft port rules`, `weft qos counters`. */
#include <stdio.h>

#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"
#include "cli/resolve.h"
#include "model/port/port.h"
#include "model/port/service_port.h"

/* Rows {reason, count, meaning} of a host's drops; with @all also those that never happened. */
static json_t *host_rows(const json_t *drops, bool all)
{
	json_t *rows = json_array(), *drop;
	const char *reason;

	json_object_foreach((json_t *)drops, reason, drop) {
		json_t *count = json_object_get(drop, "count"), *doc = json_object_get(drop, "doc");

		if (all || json_integer_value(count))
			json_array_append_new(rows, json_pack("{s:s,s:O,s:O}", "reason", reason,
							    "count", count, "meaning", doc));
	}
	return rows;
}

/* Of the appliance that has the port as its NIC, if there is one. */
static bool add_appliance_rows(const struct hypervisor *there, json_t *rows, GError **error)
{
	json_t *answer = agent_call(there->socket,
		       json_pack("{s:s,s:s}", "op", "appliance", "port", there->port_id), error),
	       *drop;
	const char *reason;

	json_object_foreach(json_object_get(answer, "drops"), reason, drop) {
		g_autofree char *doc = g_strdup_printf(
			"in the appliance: %s", json_string_value(json_object_get(drop, "doc")));

		if (json_integer_value(json_object_get(drop, "count")))
			json_array_append_new(
				rows, json_pack("{s:s,s:O,s:s,s:O}", "reason", reason, "count",
					      json_object_get(drop, "count"), "meaning", doc,
					      "appliance", json_object_get(answer, "appliance")));
	}
	bool asked = answer != NULL;

	json_decref(answer);
	return asked;
}

/* The same of a port, whose answer has no sentences: they are the host's. */
static json_t *port_rows(const json_t *port, const json_t *host)
{
	json_t *rows = json_array(), *count;
	const char *reason;

	json_object_foreach(json_object_get(port, "drop_reasons"), reason, count) {
		json_t *doc = json_object_get(json_object_get(host, reason), "doc");

		json_array_append_new(rows, json_pack("{s:s,s:O,s:O*}", "reason", reason, "count",
						    count, "meaning", doc));
	}
	return rows;
}

static bool drops(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "reason", "count", "meaning", NULL };
	struct hypervisor there = { 0 };
	json_t *port = NULL, *rows = NULL;

	if (!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	json_t *result = agent_call(there.socket, json_pack("{s:s}", "op", "drops"), error);
	const json_t *host = json_object_get(result, "host");

	if (result && there.port_id)
		port = hypervisor_port(&there, error);
	if (port)
		rows = port_rows(port, host);
	if (port && !add_appliance_rows(&there, rows, error))
		g_clear_pointer(&rows, json_decref);
	if (result && !there.port_id)
		rows = host_rows(host, cli_flag(cli, "all"));
	bool printed = rows && output_list(cli, columns, rows, error);

	json_decref(rows);
	json_decref(port);
	json_decref(result);
	hypervisor_clear(&there);
	return printed;
}

static bool counters(struct cli *cli, GError **error)
{
	struct hypervisor there = { 0 };

	if (!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	json_t *port = hypervisor_port(&there, error);
	bool printed = port && output_object(cli, json_object_get(port, "counters"), error);

	json_decref(port);
	hypervisor_clear(&there);
	return printed;
}

/* The ports of the API that @filter says. */
static json_t *ports_with(struct client *client, const char *filter)
{
	g_autofree char *path = g_strdup_printf("/v2.0/ports?%s", filter);
	json_t *answer = client_call(client, "GET", path, NULL, NULL);
	json_t *ports = answer ? json_incref(json_object_get(answer, "ports")) : NULL;

	json_decref(answer);
	return ports;
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key)) ?: "";
}

/* One of these that has a virtual router: the host of its appliance knows all rules of it. */
static bool add_router_rules(struct cli *cli, const char *port, json_t *rules, GError **error)
{
	struct hypervisor there = { 0 };
	json_t *answer = NULL;
	bool ok = hypervisor_find(cli, port, NULL, &there, error);

	if (ok)
		answer = agent_call(there.socket,
			json_pack("{s:s,s:s,s:b}", "op", "rules", "port", port, "whole", 1), error);
	json_array_extend(rules, json_object_get(answer, "rules"));
	ok = answer != NULL;
	json_decref(answer);
	hypervisor_clear(&there);
	return ok;
}

/* Interfaces of virtual routers are bound to the hosts of their appliances; those that hosts route
 * for are bound to none. */
static bool add_routers_rules(
	struct cli *cli, const struct hypervisor *there, json_t *rules, GError **error)
{
	struct client *client = cli_has_controller(cli) ? cli_client(cli, NULL) : NULL;
	json_t *port =
		client ? resolve_object(client, &port_kind, there->port_id, NULL, NULL) : NULL;
	g_autofree char *filter =
		g_strdup_printf("network_id=%s&device_owner=" OWNER_ROUTER_INTERFACE
				"&device_owner=" OWNER_ROUTER_INTERFACE_HA,
			text_of(port, "network_id"));
	json_t *interfaces = NULL, *interface;
	bool ok = true;
	size_t i;

	if (port && !g_str_has_prefix(text_of(port, "device_owner"), "network:"))
		interfaces = ports_with(client, filter);
	json_array_foreach(interfaces, i, interface)
		if (*text_of(interface, "binding:host_id"))
			ok = ok && add_router_rules(cli, text_of(interface, "id"), rules, error);
	json_decref(interfaces);
	json_decref(port);
	return ok;
}

static bool rules(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "id", "of", "action", "direction", "ethertype",
		"protocol", "port_range_min", "port_range_max", "hits", NULL };
	struct hypervisor there = { 0 };
	json_t *result;
	bool printed;

	if (!hypervisor_find(cli, cli_argument(cli, 0), cli_option(cli, "host"), &there, error))
		return false;
	result = agent_call(
		there.socket, json_pack("{s:s,s:s}", "op", "rules", "port", there.port_id), error);
	printed = result &&
		  add_routers_rules(cli, &there, json_object_get(result, "rules"), error) &&
		  output_list(cli, columns, json_object_get(result, "rules"), error);
	json_decref(result);
	hypervisor_clear(&there);
	return printed;
}

static bool qos_counters(struct cli *cli, GError **error)
{
	static const char *const columns[] = { "kind", "id", "address", "direction", "max_kbps",
		"max_kpps", "packets", "bytes", "dropped", NULL };
	struct hypervisor there = { 0 };
	json_t *result;
	bool printed;

	if (!hypervisor_find(cli, NULL, cli_option(cli, "host"), &there, error))
		return false;
	result = agent_call(there.socket, json_pack("{s:s}", "op", "limits"), error);
	printed = result && output_list(cli, columns, json_object_get(result, "limits"), error);
	json_decref(result);
	hypervisor_clear(&there);
	return printed;
}

static const struct option drops_options[] = {
	{ "all", NULL, "Show reasons that never happened too" },
	{ "host", "HOST", "The host that %h in the socket's path stands for" },
	{ NULL },
};

const struct command drops_command = {
	.words = "drops",
	.summary = "Show why packets were dropped, on this hypervisor or at a port",
	.arguments = "[PORT]",
	.details =
		"Of a router's port that is a NIC of a virtual router, also what its appliance has dropped, at whatever NIC.",
	.examples = "weft drops\nweft drops vm1\nweft drops --all",
	.options = { drops_options, agent_options, output_options, api_options },
	.run = drops,
};

const struct command port_counters_command = {
	.words = "port counters",
	.summary = "Show what a port has sent (rx) and received (tx)",
	.arguments = "PORT",
	.examples = "weft port counters vm1 -f value -c drops",
	.options = { drops_options + 1, agent_options, output_options, api_options },
	.run = counters,
};

const struct command port_rules_command = {
	.words = "port rules",
	.summary = "Show the rules that are asked at a port, and how often each has decided",
	.arguments = "PORT",
	.details =
		"In the order in which they are asked: of the firewall groups of routers on the way, of the provider's tiers, of "
		"the port's security groups, of baseline tiers. Hits are the connections (of stateless groups: packets) that the rule has decided about on the port's host, at "
		"all ports there that have it. Behind them are the firewall groups of virtual routers on the port's network, with what "
		"they have decided about in their appliances; of a router's port that is a NIC of one, these alone.",
	.examples = "weft port rules vm1\nweft port rules vm1 -f value -c id -c hits",
	.options = { drops_options + 1, agent_options, output_options, api_options },
	.run = rules,
};

const struct command qos_counters_command = {
	.words = "qos counters",
	.summary =
		"Show what has passed the limits of floating IPs and routers' gateways, on this hypervisor",
	.details =
		"A limit is kept on one host: that of a floating IP where its address is translated, that of a router's gateway "
		"where the gateway is.",
	.examples = "weft qos counters\nweft qos counters --host h1 -f value -c address -c bytes",
	.options = { drops_options + 1, agent_options, output_options, api_options },
	.run = qos_counters,
};
