/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about an appliance that has a port as its NIC: what it drops, and what it would do with
 * a packet. The appliance itself is asked. */
#include <netinet/in.h>
#include <string.h>

#include "agent/desired/appliance.h"
#include "agent/ops/ops.h"
#include "agent/desired/rule_names.h"
#include "agent/desired/rule_names.h"

struct asked {
	struct agent *agent;
	struct control_request *request;
	struct uuid appliance;
};

static struct asked *asked_new(
	struct agent *agent, struct control_request *request, const struct appliance *appliance)
{
	struct asked *asked = g_new0(struct asked, 1);

	asked->agent = agent;
	asked->request = request;
	asked->appliance = appliance->id;
	return asked;
}

static void fail_silent(struct asked *asked)
{
	GError *error = NULL;
	char id[UUID_STRLEN];

	weft_fail(&error, CONFLICT, "the appliance %s does not answer",
		uuid_format(&asked->appliance, id));
	control_fail(asked->request, error);
}

static void counters_answered(const json_t *answer, void *data)
{
	g_autofree struct asked *asked = data;
	char id[UUID_STRLEN];

	if (!answer)
		return fail_silent(asked);
	control_answer(asked->request, json_pack("{s:s, s:O*, s:O*, s:O*}", "appliance",
					       uuid_format(&asked->appliance, id), "drops",
					       json_object_get(answer, "drops"), "interfaces",
					       json_object_get(answer, "interfaces"), "counters",
					       json_object_get(answer, "counters")));
}

bool op_appliance(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	const struct appliance *appliance;
	struct uuid port;
	const char *nic;

	if (!op_port_id(body, &port, error))
		return false;
	appliance = appliance_with_port(agent->desired, &port, &nic);
	if (appliance)
		appliances_ask(agent->appliances, &appliance->id, "/v1/counters", counters_answered,
			asked_new(agent, request, appliance));
	else
		control_answer(request, json_pack("{s:n}", "appliance"));
	return true;
}

/* "egress at the router's port … (of the firewall group …): the rule … allows it" */
static char *decision_text(
	const struct desired *desired, const struct appliance *appliance, const json_t *decision)
{
	const char *nic = json_string_value(json_object_get(decision, "interface"));
	const char *rule_id = json_string_value(json_object_get(decision, "rule_id"));
	const char *action = json_string_value(json_object_get(decision, "action")) ?: "none";
	const struct router_firewall *firewall = appliance_firewall_at(appliance, nic);
	g_autofree char *rule = NULL;
	char port[UUID_STRLEN] = "?";
	struct uuid id;

	if (rule_id && uuid_parse(rule_id, &id))
		rule = rule_name_of(desired, &id);
	if (firewall)
		uuid_format(&firewall->id, port);
	return g_strdup_printf("%s at the router's port %s (%s): %s %s it",
		json_string_value(json_object_get(decision, "direction")), port, nic,
		!strcmp(action, "none") ? "no rule of its firewall group"
					: rule		    ?: rule_id	      ?: "a rule",
		!strcmp(action, "none")	    ? "matches"
		: !strcmp(action, "allow")  ? "allows"
		: !strcmp(action, "reject") ? "rejects"
					    : "denies");
}

static json_t *steps_of(
	const struct desired *desired, const struct appliance *appliance, const json_t *answer)
{
	const char *reason = json_string_value(json_object_get(answer, "reason"));
	json_t *steps = json_array(), *step;
	size_t i;

	json_array_foreach(json_object_get(answer, "steps"), i, step) {
		g_autofree char *text =
			json_is_object(step) ? decision_text(desired, appliance, step) : NULL;

		json_array_append_new(steps, json_string(text ?: json_string_value(step)));
	}
	if (reason)
		json_array_append_new(
			steps, json_sprintf("dropped: %s, counted in the appliance", reason));
	return steps;
}

/* The same as the appliance says, with names, and the port of the NIC that it leaves by. */
static void explained(const json_t *answer, void *data)
{
	g_autofree struct asked *asked = data;
	const struct desired *desired = asked->agent->desired;
	const struct appliance *appliance =
		g_hash_table_lookup(desired->appliances, &asked->appliance);
	const char *nic = json_string_value(json_object_get(answer, "interface"));
	char id[UUID_STRLEN], port_id[UUID_STRLEN];
	struct uuid port;
	json_t *result;

	if (!answer || !appliance)
		return fail_silent(asked);
	result = json_copy((json_t *)answer);
	json_object_set_new(result, "steps", steps_of(desired, appliance, answer));
	json_object_set_new(result, "appliance", json_string(uuid_format(&asked->appliance, id)));
	if (nic && appliance_port_of(appliance, nic, &port))
		json_object_set_new(result, "port", json_string(uuid_format(&port, port_id)));
	control_answer(asked->request, result);
}

static const char *spec_text(const json_t *spec, const char *key)
{
	const char *text = json_string_value(json_object_get(spec, key));

	return text && strlen(text) < IP_STRLEN ? text : "";
}

static int protocol_of(const char *name, bool six)
{
	return !strcmp(name, "tcp")   ? IPPROTO_TCP
	       : !strcmp(name, "udp") ? IPPROTO_UDP
	       : six		      ? IPPROTO_ICMPV6
				      : IPPROTO_ICMP;
}

static char *question_of(const char *nic, const json_t *spec, GError **error)
{
	const char *src = spec_text(spec, "src"), *dst = spec_text(spec, "dst"),
		   *proto = spec_text(spec, "proto");
	json_int_t from = json_integer_value(json_object_get(spec, "src_port"));
	json_int_t to = json_integer_value(json_object_get(spec, "dst_port"));
	struct ip ip, other;
	bool icmp = !strcmp(proto, "icmp");

	if (!ip_parse(src, &ip) || !ip_parse(dst, &other)) {
		weft_fail(error, BAD_REQUEST, "spec: \"src\" and \"dst\" must be IP addresses");
		return NULL;
	}
	return g_strdup_printf(
		"/v1/explain?interface=%s&source=%s&destination=%s&protocol=%d&source_port=%d&destination_port=%d",
		nic, src, dst, protocol_of(proto, ip.family == 6),
		icmp ? 0 : (int)CLAMP(from ?: 40000, 0, UINT16_MAX),
		icmp ? 0 : (int)CLAMP(to ?: 80, 0, UINT16_MAX));
}

bool op_explain(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	const struct appliance *appliance;
	g_autofree char *path = NULL;
	struct uuid port;
	const char *nic;

	if (!op_port_id(body, &port, error))
		return false;
	appliance = appliance_with_port(agent->desired, &port, &nic);
	if (!appliance)
		return weft_fail(
			error, CONFLICT, "the port is no NIC of an appliance of this host");
	path = question_of(nic, json_object_get(body, "spec"), error);
	if (!path)
		return false;
	appliances_ask(agent->appliances, &appliance->id, path, explained,
		asked_new(agent, request, appliance));
	return true;
}
