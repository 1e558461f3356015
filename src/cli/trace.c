/* SPDX-License-Identifier: Apache-2.0 */
/* `weft trace`: has the agent run the program that forwards on a packet, and tells its steps. */
#include <stdio.h>
#include <string.h>

#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"
#include "cli/packet.h"
#include "cli/passage.h"

/* The agent's "spec" of a packet, from --to and its companions, or --arp. */
static json_t *spec_of(const struct cli *cli, GError **error)
{
	const char *to = cli_option(cli, "to"), *arp = cli_option(cli, "arp");
	const char *proto = arp ? "arp" : cli_option_or(cli, "proto", "icmp");
	const char *from = cli_option(cli, "from"), *src_mac = cli_option(cli, "from-mac");
	const char *dst_mac = cli_option(cli, "to-mac"), *flags = cli_option(cli, "flags");
	bool has_ports = false;
	u8 tcp_flags = 0;
	u64 dport = 0, sport = 0;
	struct ip ip;

	if (!ip_parse(arp ? arp : to, &ip)) {
		cli_usage(error, "'%s' is no IP address", arp ? arp : to);
		return NULL;
	}
	if (!cli_number(cli, "dport", 1, 65535, &dport, error) ||
		!cli_number(cli, "sport", 1, 65535, &sport, error))
		return NULL;
	if (!arp) {
		proto = packet_protocol(proto, &has_ports, error);
		if (!proto)
			return NULL;
	}
	if ((dport || sport) && !has_ports) {
		cli_usage(error, "%s has no ports; give --proto tcp or --proto udp too",
			cli_option_or(cli, "proto", proto));
		return NULL;
	}
	if ((cli_flag(cli, "established") || flags) && strcmp(proto, "tcp")) {
		cli_usage(error, "--established and --flags are said of TCP; give --proto tcp too");
		return NULL;
	}
	if (flags && !packet_tcp_flags(flags, &tcp_flags, error))
		return NULL;
	json_t *spec = json_pack("{s:s,s:s,s:s*,s:s*,s:s*}", "proto", proto, "dst", arp ? arp : to,
		"src", from, "src_mac", src_mac, "dst_mac", dst_mac);

	if (cli_flag(cli, "established"))
		json_object_set_new(spec, "established", json_true());
	if (flags)
		json_object_set_new(spec, "tcp_flags", json_integer(tcp_flags));
	if (dport)
		json_object_set_new(spec, "dst_port", json_integer((json_int_t)dport));
	if (sport)
		json_object_set_new(spec, "src_port", json_integer((json_int_t)sport));
	return spec;
}

static GByteArray *dhcp_of(const struct hypervisor *there, GError **error)
{
	json_t *port = hypervisor_port(there, error);
	const char *text = json_string_value(json_object_get(port, "mac_address"));
	struct mac mac;
	GByteArray *frame = NULL;

	if (port && text && mac_parse(text, &mac))
		frame = packet_dhcp_discover(&mac);
	else if (port)
		weft_fail(error, INTERNAL, "the agent says no MAC address of port %s",
			there->port_id);
	json_decref(port);
	return frame;
}

/* Adds the packet to the request: "packet" or "spec". */
static bool add_packet(
	const struct cli *cli, const struct hypervisor *there, json_t *request, GError **error)
{
	const char *hex = cli_option(cli, "hex");
	int ways =
		!!hex + cli_flag(cli, "dhcp") + !!cli_option(cli, "to") + !!cli_option(cli, "arp");

	if (ways != 1)
		return cli_usage(error,
			"which packet? give one of --to ADDRESS, --arp ADDRESS, --dhcp, --hex FRAME");
	if (!hex && !cli_flag(cli, "dhcp")) {
		json_t *spec = spec_of(cli, error);

		return spec && json_object_set_new(request, "spec", spec) == 0;
	}
	g_autoptr(GByteArray) frame = hex ? packet_from_hex(hex, error) : dhcp_of(there, error);

	if (!frame)
		return false;
	g_autofree char *text = packet_to_hex(frame);

	return json_object_set_new(request, "packet", json_string(text)) == 0;
}

/* A sentence that sums up, by the last step; the steps' first words are docs/cli.md's. */
static const char *verdict_of(const json_t *steps)
{
	static const struct {
		const char *begins, *verdict;
	} verdicts[] = {
		{ "dropped", "dropped" },
		{ "answered", "answered by the edge switch" },
		{ "the router answers", "answered by the edge switch" },
		{ "given to the agent", "answered by the agent" },
		{ "delivered", "delivered on this host" },
		{ "given to the router's conntrack helper", "given to a conntrack helper" },
		{ "sent from", "sent to another host" },
		{ "sent out on", "sent out on the physical network" },
		{ "copied", "copied to all who may get it" },
		{ "too big", "refused: too big" },
		{ "encapsulated", "sent to another host" },
	};
	const char *verdict = "not taken by the edge switch";
	size_t i;
	json_t *step;

	json_array_foreach(steps, i, step)
		for (size_t v = 0; v < G_N_ELEMENTS(verdicts); v++)
			if (g_str_has_prefix(json_string_value(step), verdicts[v].begins))
				verdict = verdicts[v].verdict;
	return verdict;
}

static void print_list(const json_t *steps)
{
	size_t i;
	json_t *step;

	json_array_foreach(steps, i, step)
		printf("%2zu. %s\n", i + 1, json_string_value(step));
}

static void print_steps(const json_t *result)
{
	const json_t *leg;
	size_t i;

	print_list(json_object_get(result, "steps"));
	json_array_foreach(json_object_get(result, "steps_at_routers"), i, leg) {
		printf("%s:\n", json_string_value(json_object_get(leg, "at")));
		print_list(json_object_get(leg, "steps"));
	}
	printf("Verdict: %s.\n", json_string_value(json_object_get(result, "verdict")));
}

/* What the packet that the request describes is like; its source is the port's, if none is given.
 */
static json_t *packet_of(const struct hypervisor *there, const json_t *request, GError **error)
{
	json_t *spec = json_copy(json_object_get(request, "spec")), *port, *ip;
	const char *to = json_string_value(json_object_get(spec, "dst"));
	size_t i;

	if (!to || json_object_get(spec, "src"))
		return spec;
	port = hypervisor_port(there, error);
	json_array_foreach(json_object_get(port, "ips"), i, ip)
		if (!json_object_get(spec, "src") &&
			!strchr(json_string_value(ip), ':') == !strchr(to, ':'))
			json_object_set(spec, "src", ip);
	if (!port)
		g_clear_pointer(&spec, json_decref);
	json_decref(port);
	return spec;
}

/* Adds what becomes of it in virtual routers, and its verdict. */
static bool finish(struct cli *cli, const struct hypervisor *there, const json_t *request,
	json_t *result, GError **error)
{
	const char *verdict = verdict_of(json_object_get(result, "steps"));
	struct passage passage = { 0 };
	json_t *spec = NULL;
	bool ok = true;

	if (json_is_string(json_object_get(result, "to_port"))) {
		spec = packet_of(there, request, error);
		ok = spec && passage_follow(cli, result, spec, &passage, error);
	}
	if (passage.legs)
		json_object_set(result, "steps_at_routers", passage.legs);
	if (passage.verdict)
		verdict = passage.verdict;
	else if (passage.last)
		verdict = verdict_of(json_object_get(passage.last, "steps"));
	json_object_set_new(result, "verdict", json_string(verdict));
	passage_clear(&passage);
	json_decref(spec);
	return ok;
}

static bool trace(struct cli *cli, GError **error)
{
	struct hypervisor there = { 0 };
	const char *device = cli_option(cli, "device"), *port = cli_argument(cli, 0);

	if (!port == !device)
		return cli_usage(error,
			"from where does the packet come? name a PORT, or an uplink by --device");
	if (!hypervisor_find(cli, port, cli_option(cli, "host"), &there, error))
		return false;
	json_t *request = json_pack(
		"{s:s,s:s*,s:s*}", "op", "trace", "port", there.port_id, "device", device);
	json_t *result = NULL;

	if (add_packet(cli, &there, request, error))
		result = agent_call(there.socket, json_incref(request), error);
	if (result && !finish(cli, &there, request, result, error))
		g_clear_pointer(&result, json_decref);
	json_decref(request);
	hypervisor_clear(&there);
	if (!result)
		return false;
	bool printed = true;

	if (!strcmp(cli_option_or(cli, "format", "table"), "table") && !cli_option(cli, "column"))
		print_steps(result);
	else
		printed = output_object(cli, result, error);
	json_decref(result);
	return printed;
}

static const struct option trace_options[] = {
	{ "to", "ADDRESS", "A packet to this address" },
	{ "proto", "PROTOCOL",
		"of this protocol, by a name that rules have or by number (default: icmp)" },
	{ "dport", "NUMBER", "to this port" },
	{ "sport", "NUMBER", "from this port" },
	{ "established", NULL, "in the middle of a TCP connection (default: it opens one)" },
	{ "flags", "LETTERS", "with these flags of TCP, of F, S, R, P, A and U (default: S)" },
	{ "from", "ADDRESS", "with this source address (default: the port's)" },
	{ "from-mac", "MAC", "with this source MAC (default: the port's)" },
	{ "to-mac", "MAC", "with this destination MAC (default: who has the address)" },
	{ "arp", "ADDRESS", "Or: an ARP request for this address" },
	{ "dhcp", NULL, "Or: a DHCP discovery" },
	{ "hex", "FRAME", "Or: this Ethernet frame, in hexadecimal" },
	{ "device", "UPLINK", "Instead of a port: as if it came from the underlay by this device" },
	{ "host", "HOST", "The host that %h in the socket's path stands for" },
	{ NULL },
};

const struct command trace_command = {
	.words = "trace",
	.summary = "Tell what the edge switch does with a packet, step by step, and why",
	.arguments = "[PORT]",
	.details =
		"Runs the very program that forwards, on its live tables and without any effect, at the host that the port "
		"is bound to. A packet that goes to a virtual router is followed through its appliance.",
	.examples =
		"weft trace vm1 --to 10.0.0.5 --proto tcp --dport 80\nweft trace vm1 --to 10.0.0.5 --proto tcp --flags SA\nweft trace vm1 --to 10.0.0.5 --proto sctp --dport 5060\nweft trace vm1 --arp 10.0.0.5\nweft trace vm1 --dhcp",
	.options = { trace_options, agent_options, output_options, api_options },
	.run = trace,
};
