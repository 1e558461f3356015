/* SPDX-License-Identifier: Apache-2.0 */
/* `weft drops`, `weft port counters`, `weft port rules`, `weft qos counters`. */
#include <stdio.h>

#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"

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
	else if (result && !there.port_id)
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
	printed = result && output_list(cli, columns, json_object_get(result, "rules"), error);
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
		"all ports there that have it.",
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
