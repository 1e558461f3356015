/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `weft why`: does what one port sends reach another, and which rules decide. The program that
 * forwards is asked at the sender's host and, if it sends the packet to another, at that one too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/agent_client.h"
#include "cli/commands.h"
#include "cli/hypervisor.h"
#include "cli/output.h"
#include "cli/packet.h"
#include "cli/passage.h"

/* "tcp/443", "icmp" → the members "proto" and "dst_port" of a spec. */
static json_t *parse_what(const char *what, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(what, "/", 2);
	bool has_ports;
	const char *protocol = packet_protocol(parts[0], &has_ports, error);
	guint64 number = 80;

	if (!protocol)
		return NULL;
	if (parts[1] && (!has_ports || !g_ascii_string_to_unsigned(
					       parts[1], 10, 1, 65535, &number, NULL))) {
		cli_usage(error,
			"'%s' is neither PROTOCOL/PORT, of a protocol that has ports, nor another's name alone",
			what);
		return NULL;
	}
	return json_pack("{s:s,s:I}", "proto", protocol, "dst_port", (json_int_t)number);
}

static const char *address_of(const json_t *port, u8 family)
{
	json_t *ips = json_object_get(port, "ips"), *ip;
	size_t i;

	json_array_foreach(ips, i, ip)
		if ((strchr(json_string_value(ip), ':') ? 6 : 4) == family)
			return json_string_value(ip);
	return NULL;
}

/* Adds the addresses of a family that both have. */
static bool add_addresses(const struct cli *cli, const struct hypervisor *from,
	const struct hypervisor *to, json_t *spec, GError **error)
{
	json_t *sender = hypervisor_port(from, error);
	json_t *receiver = sender ? hypervisor_port(to, error) : NULL;
	const char *vip = cli_option(cli, "vip");
	bool six = vip ? strchr(vip, ':') != NULL : cli_flag(cli, "ipv6"), found = false;
	u8 first = six ? 6 : 4, last = first;

	if (!vip && !six && !cli_flag(cli, "ipv4"))
		last = 6;
	for (u8 family = first; receiver && !found && family <= last; family += 2) {
		const char *src = address_of(sender, family), *dst = address_of(receiver, family);

		found = src && dst;
		if (found) {
			json_object_set_new(spec, "src", json_string(src));
			json_object_set_new(spec, "dst", json_string(dst));
		}
	}
	if (receiver && !found)
		weft_fail(error, INVALID_INPUT,
			"The two ports have no addresses of the same IP version.");
	json_decref(sender);
	json_decref(receiver);
	return found;
}

/* The answer to op trace. */
static json_t *ask(const struct hypervisor *there, json_t *spec, const char *how, GError **error)
{
	json_t *request =
		json_pack("{s:s,s:s,s:O}", "op", "trace", "port", there->port_id, "spec", spec);

	if (how)
		json_object_set_new(request, how, json_true());
	return agent_call(there->socket, request, error);
}

/* What the firewalls have said, and what came of it. */
static void add_decisions(json_t *answer, const json_t *steps)
{
	json_t *decisions = json_object_get(answer, "decisions"), *step;
	size_t i;

	json_array_foreach(steps, i, step) {
		const char *text = json_string_value(step);

		if (g_str_has_prefix(text, "egress at") || g_str_has_prefix(text, "ingress at") ||
			g_str_has_prefix(text, "always possible") ||
			g_str_has_prefix(text, "dropped"))
			json_array_append(decisions, step);
	}
}

/* "let through", "refused" by rules, or "lost" for what is no matter of rules. */
static const char *verdict_of(const json_t *steps)
{
	const char *dropped = step_that(steps, "dropped");

	if (dropped)
		return g_str_has_prefix(dropped, "dropped: denied-") ? "refused" : "lost";
	return step_that(steps, "delivered to") || step_that(steps, "the receiver is a tap")
		       ? "let through"
		       : "lost";
}

#define BALANCED "the load balancer gives the connection to its member "

/* Whether a load balancer on the way gives it to the receiver. */
static bool check_member(const json_t *steps, const char *receiver, GError **error)
{
	const char *step = step_that(steps, BALANCED);
	g_auto(GStrv) words = step ? g_strsplit(step + strlen(BALANCED), " ", 2) : NULL;

	return !step || !strcmp(words[0], receiver) ||
	       weft_fail(error, CONFLICT,
		       "The load balancer gives this connection to its member %s, not to %s: ask about that one's port.",
		       words[0], receiver);
}

/* At the sender's host: what it asks for is the VIP, if there is one. */
static json_t *ask_sender(const struct cli *cli, const struct hypervisor *from, json_t *spec,
	const char *receiver, GError **error)
{
	const char *vip = cli_option(cli, "vip");
	json_t *answer;

	if (vip)
		json_object_set_new(spec, "dst", json_string(vip));
	answer = ask(from, spec, NULL, error);
	if (answer && !check_member(json_object_get(answer, "steps"), receiver, error))
		g_clear_pointer(&answer, json_decref);
	return answer;
}

/* At the receiver's host, if it goes there from another one. */
static bool arrive(const struct hypervisor *to, const json_t *before, json_t *spec, json_t **ret,
	GError **error)
{
	if (!step_that(json_object_get(before, "steps"), "encapsulated by"))
		return true;
	*ret = ask(to, spec, "arrives", error);
	return *ret != NULL;
}

static json_t *answer_of(const json_t *here, const struct passage *passage, const json_t *there)
{
	const json_t *last = there ?: passage->last ?: here, *leg;
	json_t *none = json_array(), *answer;
	size_t i;

	answer = json_pack("{s:s,s:o,s:O,s:O*,s:O}", "verdict",
		passage->verdict ?: verdict_of(json_object_get(last, "steps")), "decisions",
		json_array(), "steps", json_object_get(here, "steps"), "steps_at_routers",
		passage->legs, "steps_at_receiver", there ? json_object_get(there, "steps") : none);
	add_decisions(answer, json_object_get(here, "steps"));
	json_array_foreach(passage->legs, i, leg)
		add_decisions(answer, json_object_get(leg, "steps"));
	if (there)
		add_decisions(answer, json_object_get(there, "steps"));
	json_decref(none);
	return answer;
}

static json_t *explain(struct cli *cli, const struct hypervisor *from, const struct hypervisor *to,
	json_t *spec, GError **error)
{
	g_autofree char *receiver = g_strdup(json_string_value(json_object_get(spec, "dst")));
	json_t *here = ask_sender(cli, from, spec, receiver, error), *there = NULL, *answer = NULL;
	struct passage passage = { 0 };

	if (here && passage_follow(cli, here, spec, &passage, error) &&
		(passage.verdict || arrive(to, passage.last ?: here, spec, &there, error)))
		answer = answer_of(here, &passage, there);
	passage_clear(&passage);
	json_decref(here);
	json_decref(there);
	return answer;
}

static void print_lines(const char *title, const json_t *lines)
{
	size_t i;
	json_t *line;

	if (!json_array_size(lines))
		return;
	printf("%s\n", title);
	json_array_foreach(lines, i, line)
		printf("%2zu. %s\n", i + 1, json_string_value(line));
}

static void print_answer(const json_t *answer)
{
	json_t *decision, *leg;
	size_t i;

	print_lines("At the sender's host:", json_object_get(answer, "steps"));
	json_array_foreach(json_object_get(answer, "steps_at_routers"), i, leg) {
		g_autofree char *title =
			g_strdup_printf("%s:", json_string_value(json_object_get(leg, "at")));

		print_lines(title, json_object_get(leg, "steps"));
	}
	print_lines("At the receiver's host:", json_object_get(answer, "steps_at_receiver"));
	printf("Verdict: %s.\n", json_string_value(json_object_get(answer, "verdict")));
	json_array_foreach(json_object_get(answer, "decisions"), i, decision)
		printf("  %s\n", json_string_value(decision));
}

static bool print(struct cli *cli, const json_t *answer, GError **error)
{
	if (strcmp(cli_option_or(cli, "format", "table"), "table") || cli_option(cli, "column"))
		return output_object(cli, answer, error);
	print_answer(answer);
	return true;
}

static bool why(struct cli *cli, GError **error)
{
	struct hypervisor from = { 0 }, to = { 0 };
	const char *what = cli_argument(cli, 2);
	json_t *spec = parse_what(what ? what : "icmp", error), *answer = NULL;
	bool ok = false;

	if (spec && hypervisor_find(cli, cli_argument(cli, 0), NULL, &from, error) &&
		hypervisor_find(cli, cli_argument(cli, 1), NULL, &to, error) &&
		add_addresses(cli, &from, &to, spec, error))
		answer = explain(cli, &from, &to, spec, error);
	if (answer)
		ok = print(cli, answer, error);
	json_decref(answer);
	json_decref(spec);
	hypervisor_clear(&from);
	hypervisor_clear(&to);
	return ok;
}

static const struct option why_options[] = {
	{ "ipv4", NULL, "From and to their IPv4 addresses (default: those, if both have one)" },
	{ "ipv6", NULL, "From and to their IPv6 addresses" },
	{ "vip", "ADDRESS",
		"What FROM asks for: a load balancer's VIP, of which TO is a member, or an address that others share with TO (default: TO itself)" },
	{ NULL },
};

const struct command why_command = {
	.words = "why",
	.summary = "Tell whether what a port sends reaches another, and which rules decide",
	.arguments = "FROM TO [PROTOCOL/PORT|PROTOCOL]",
	.details =
		"Asks the programs that forward, at the sender's host and at the receiver's, what becomes of a packet that "
		"opens a connection (of icmp, an echo request, if nothing is said), and the appliances of virtual routers on the way. Nothing is sent. The verdict is \"let through\", \"refused\" when rules of security groups or firewall groups "
		"deny it, or \"lost\" when it ends for another reason, which the last step says.",
	.examples =
		"weft why vm1 vm2 tcp/443\nweft why vm1 vm2 icmp --ipv6\nweft why vm1 vm2 gre\nweft why vm1 web1 tcp/80 --vip 10.0.0.50",
	.options = { why_options, agent_options, output_options, api_options },
	.run = why,
};
