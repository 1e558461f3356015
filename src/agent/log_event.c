/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/log_event.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "agent/desired/appliance.h"
#include "agent/desired/firewall.h"
#include "agent/desired/network_log.h"
#include "agent/desired/rule_names.h"
#include "agent/desired/tier.h"
#include "base/json_writer.h"

#define PROTOCOL_STRLEN 16

static const char *protocol_name(u8 proto, char buf[static PROTOCOL_STRLEN])
{
	static const char *const names[256] = {
		[IPPROTO_ICMP] = "icmp",
		[IPPROTO_TCP] = "tcp",
		[IPPROTO_UDP] = "udp",
		[IPPROTO_ICMPV6] = "ipv6-icmp",
		[IPPROTO_SCTP] = "sctp",
		[IPPROTO_DCCP] = "dccp",
		[IPPROTO_UDPLITE] = "udplite",
		[IPPROTO_GRE] = "gre",
		[IPPROTO_ESP] = "esp",
		[IPPROTO_AH] = "ah",
	};

	if (names[proto])
		return names[proto];
	snprintf(buf, PROTOCOL_STRLEN, "%u", proto);
	return buf;
}

static bool is_icmp(const struct dp_log_event *event)
{
	return event->proto == (event->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static bool has_ports(const struct dp_log_event *event)
{
	return event->has_ports &&
	       (event->proto == IPPROTO_TCP || event->proto == IPPROTO_UDP ||
		       event->proto == IPPROTO_SCTP || event->proto == IPPROTO_DCCP ||
		       event->proto == IPPROTO_UDPLITE);
}

static void member_time(struct json_writer *w, s64 time_us)
{
	g_autoptr(GDateTime) seconds = g_date_time_new_from_unix_utc(time_us / G_USEC_PER_SEC);
	g_autofree char *text = g_date_time_format(seconds, "%Y-%m-%dT%H:%M:%S");
	g_autofree char *full = g_strdup_printf("%s.%06dZ", text, (int)(time_us % G_USEC_PER_SEC));

	jw_member_string(w, "time", full);
}

static void write_port(struct json_writer *w, const struct port *port)
{
	char network[UUID_STRLEN];

	if (!port || !port->known)
		return;
	jw_member_string(w, "port_name", port->record.name ?: "");
	jw_member_string(w, "project_id", port->record.project_id ?: "");
	jw_member_string(w, "network_id", uuid_format(&port->record.network_id, network));
	jw_member_string(w, "device", port->applied_name);
}

static void write_group(struct json_writer *w, const struct security_group *group)
{
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(&group->id, id));
	jw_member_string(w, "name", group->name ?: "");
	jw_end_object(w);
}

static const struct group_rule *rule_of(
	const struct desired *desired, const struct dp_log_event *event)
{
	struct uuid id;

	if (!event->has_rule)
		return NULL;
	memcpy(id.b, event->rule, sizeof(id.b));
	return g_hash_table_lookup(desired->firewall->rules, &id);
}

/* "key": {"id", "name"} */
static void write_named(
	struct json_writer *w, const char *key, const struct uuid *id, const char *name)
{
	char text[UUID_STRLEN];

	jw_key(w, key);
	jw_begin_object(w);
	jw_member_string(w, "id", uuid_format(id, text));
	jw_member_string(w, "name", name ?: "");
	jw_end_object(w);
}

static const char *direction_of(const struct dp_log_event *event)
{
	return event->direction == DP_EGRESS ? "egress" : "ingress";
}

/* The router's port that has decided, or NULL: no such one is here any more. */
static const struct router_firewall *guard_of(
	const struct desired *desired, const struct dp_log_event *event)
{
	struct uuid id;

	if (!event->is_guard)
		return NULL;
	memcpy(id.b, event->guard, sizeof(id.b));
	return g_hash_table_lookup(desired->router_firewalls, &id)
		       ?: appliance_firewall(desired, &id);
}

static void write_guard_rule(struct json_writer *w, const struct router_firewall *firewall,
	const struct dp_log_event *event)
{
	const bool egress = event->direction == DP_EGRESS;
	const struct record_firewall_policy *policy =
		egress ? &firewall->record.egress_policy : &firewall->record.ingress_policy;
	const struct record_router_firewall_rule *rule;
	struct uuid id;
	char text[UUID_STRLEN];

	memcpy(id.b, event->rule, sizeof(id.b));
	rule = event->has_rule
		       ? guard_rule_find(
				 egress ? firewall->record.egress : firewall->record.ingress, &id)
		       : NULL;
	jw_member_string(w, "rule_id", event->has_rule ? uuid_format(&id, text) : NULL);
	if (rule)
		jw_member_string(w, "rule_name", rule->name ?: "");
	if (!uuid_is_zero(&policy->id))
		write_named(w, "firewall_policy", &policy->id, policy->name);
}

/* The router's port and its group, and the guest's port at which it was asked. */
static void write_guard(struct json_writer *w, const struct desired *desired,
	const struct port *guest, const struct dp_log_event *event)
{
	const struct router_firewall *firewall = guard_of(desired, event);
	struct uuid id;
	char text[UUID_STRLEN];

	memcpy(id.b, event->guard, sizeof(id.b));
	jw_member_string(w, "port_id", uuid_format(&id, text));
	memcpy(id.b, event->port, sizeof(id.b));
	if (!uuid_is_zero(&id)) /* asked where it came in from outside, to a VIP */
		jw_member_string(w, "guest_port_id", uuid_format(&id, text));
	if (guest && guest->known)
		jw_member_string(w, "guest_port_name", guest->record.name ?: "");
	if (!firewall)
		return;
	jw_member_string(w, "router_id", uuid_format(&firewall->record.router_id, text));
	if (!uuid_is_zero(&firewall->appliance))
		jw_member_string(w, "appliance_id", uuid_format(&firewall->appliance, text));
	jw_member_string(w, "project_id", firewall->record.project_id ?: "");
	write_named(w, "firewall_group", &firewall->record.group_id, firewall->record.name);
	write_guard_rule(w, firewall, event);
}

/* A rule of the provider's. */
static void write_tier(struct json_writer *w, const struct desired *desired, const struct uuid *id)
{
	const struct tiers *tiers = desired->firewall->tiers;
	const struct tier_rule *rule = g_hash_table_lookup(tiers->rules, id);
	const struct tier_policy *policy =
		rule ? g_hash_table_lookup(tiers->policies, &rule->record.policy_id) : NULL;
	const struct tier *tier = policy ? tier_of(tiers, policy) : NULL;

	if (!tier)
		return;
	write_named(w, "security_policy", &policy->id, policy->record.name);
	write_named(w, "security_tier", &tier->id, tier->record.name);
}

/* The rule and its group; or all groups of the port, if none of their rules matches. */
static void write_deciders(struct json_writer *w, const struct desired *desired,
	const struct port *port, const struct dp_log_event *event)
{
	const struct group_rule *rule = rule_of(desired, event);
	struct uuid id;
	char text[UUID_STRLEN];

	memcpy(id.b, event->rule, sizeof(id.b));
	jw_member_string(w, "rule_id", event->has_rule ? uuid_format(&id, text) : NULL);
	if (event->has_rule && !rule)
		write_tier(w, desired, &id);
	jw_key(w, "security_groups");
	jw_begin_array(w);
	if (rule)
		write_group(w, rule->group);
	else if (!event->has_rule && port && port->policy)
		for (guint i = 0; i < port->policy->groups->len; i++)
			write_group(w, port->policy->groups->pdata[i]);
	jw_end_array(w);
}

/* The logs that ask for such an event of the port, or of the router's; @event NULL: for any. */
static void write_logs(struct json_writer *w, const struct desired *desired,
	const struct port *port, const struct router_firewall *firewall,
	const struct dp_log_event *event)
{
	const struct network_log *log;
	char id[UUID_STRLEN];
	GHashTableIter i;

	jw_key(w, "log_ids");
	jw_begin_array(w);
	g_hash_table_iter_init(&i, desired->logs);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&log))
		if ((!event || (event->dropped ? log->record.drops : log->record.accepts)) &&
			(firewall ? network_log_concerns_guard(log, firewall)
				  : port && network_log_concerns(log, port)))
			jw_string(w, uuid_format(&log->id, id));
	jw_end_array(w);
}

static void write_transport(struct json_writer *w, const struct dp_log_event *event)
{
	if (has_ports(event)) {
		jw_member_int(w, "src_port", event->sport);
		jw_member_int(w, "dst_port", event->dport);
	}
	if (event->proto == IPPROTO_TCP && event->has_ports)
		jw_member_int(w, "tcp_flags", event->tcp_flags);
	if (is_icmp(event) && event->has_ports) {
		jw_member_int(w, "icmp_type", event->icmp_type);
		jw_member_int(w, "icmp_code", event->icmp_code);
	}
}

static void write_packet(struct json_writer *w, const struct dp_log_event *event)
{
	char protocol[PROTOCOL_STRLEN], ip[IP_STRLEN], mac[MAC_STRLEN];
	g_autofree char *eth_type = g_strdup_printf("0x%04x", event->eth_type);

	jw_member_string(w, "ethertype",
		event->family == 4   ? "IPv4"
		: event->family == 6 ? "IPv6"
				     : eth_type);
	jw_member_string(w, "src_mac", mac_format(&event->src_mac, mac));
	jw_member_string(w, "dst_mac", mac_format(&event->dst_mac, mac));
	if (event->family) {
		jw_member_string(w, "protocol", protocol_name(event->proto, protocol));
		jw_member_string(w, "src_ip", ip_format(&event->src, ip));
		jw_member_string(w, "dst_ip", ip_format(&event->dst, ip));
		write_transport(w, event);
	}
	jw_member_int(w, "bytes", event->len);
}

void log_event_json(const struct desired *desired, const struct port *port,
	const struct dp_log_event *event, s64 time_us, GString *text)
{
	struct json_writer w = json_writer_on(text);
	struct uuid id;
	char id_text[UUID_STRLEN];

	memcpy(id.b, event->port, sizeof(id.b));
	jw_begin_object(&w);
	member_time(&w, time_us);
	jw_member_string(&w, "action", event->dropped ? "DROP" : "ACCEPT");
	if (event->dropped)
		jw_member_string(&w, "reason", event->dropped);
	jw_member_string(&w, "direction", direction_of(event));
	if (event->is_guard) {
		write_guard(&w, desired, port, event);
		write_packet(&w, event);
		write_logs(&w, desired, NULL, guard_of(desired, event), event);
	} else {
		jw_member_string(&w, "port_id", uuid_format(&id, id_text));
		write_port(&w, port);
		write_packet(&w, event);
		write_deciders(&w, desired, port, event);
		write_logs(&w, desired, port, NULL, event);
	}
	jw_end_object(&w);
}

static void begin_suppressed(struct json_writer *w, const struct uuid *port, u64 n, s64 time_us)
{
	char id[UUID_STRLEN];

	jw_begin_object(w);
	member_time(w, time_us);
	jw_member_string(w, "action", "SUPPRESSED");
	jw_member_int(w, "suppressed", (s64)n);
	jw_member_string(w, "port_id", uuid_format(port, id));
}

void log_suppressed_json(
	const struct desired *desired, const struct port *port, u64 n, s64 time_us, GString *text)
{
	struct json_writer w = json_writer_on(text);

	begin_suppressed(&w, &port->id, n, time_us);
	write_port(&w, port);
	write_logs(&w, desired, port, NULL, NULL);
	jw_end_object(&w);
}

void log_guard_suppressed_json(const struct desired *desired,
	const struct router_firewall *firewall, u64 n, s64 time_us, GString *text)
{
	struct json_writer w = json_writer_on(text);

	begin_suppressed(&w, &firewall->id, n, time_us);
	jw_member_string(&w, "project_id", firewall->record.project_id ?: "");
	write_named(&w, "firewall_group", &firewall->record.group_id, firewall->record.name);
	write_logs(&w, desired, NULL, firewall, NULL);
	jw_end_object(&w);
}

static void add_packet(GString *text, const struct dp_log_event *event)
{
	char protocol[PROTOCOL_STRLEN], src[IP_STRLEN], dst[IP_STRLEN];

	if (!event->family) {
		g_string_append_printf(text, "a frame of type 0x%04x", event->eth_type);
		return;
	}
	g_string_append_printf(text, "%s from %s", protocol_name(event->proto, protocol),
		ip_format(&event->src, src));
	if (has_ports(event))
		g_string_append_printf(text, " port %u", event->sport);
	g_string_append_printf(text, " to %s", ip_format(&event->dst, dst));
	if (has_ports(event))
		g_string_append_printf(text, " port %u", event->dport);
	if (is_icmp(event) && event->has_ports)
		g_string_append_printf(
			text, ", type %u, code %u", event->icmp_type, event->icmp_code);
}

static void add_rule(GString *text, const struct desired *desired, const struct dp_log_event *event)
{
	g_autofree char *name = NULL;
	struct uuid id;
	char text_id[UUID_STRLEN];

	if (!event->has_rule)
		return;
	memcpy(id.b, event->rule, sizeof(id.b));
	name = rule_name_of(desired, &id);
	if (name)
		g_string_append_printf(text, ", by %s", name);
	else
		g_string_append_printf(text, ", by the rule %s", uuid_format(&id, text_id));
}

static void add_place(
	GString *text, const struct desired *desired, const struct dp_log_event *event)
{
	const struct router_firewall *firewall = guard_of(desired, event);
	struct uuid id;
	char text_id[UUID_STRLEN];

	if (!event->is_guard)
		return;
	memcpy(id.b, event->guard, sizeof(id.b));
	g_string_append_printf(text, " %s at the router's port %s", direction_of(event),
		uuid_format(&id, text_id));
	if (firewall && firewall->record.name)
		g_string_append_printf(
			text, " (of the firewall group %s), asked", firewall->record.name);
}

char *log_event_sentence(
	const struct desired *desired, const struct port *port, const struct dp_log_event *event)
{
	GString *text = g_string_new(event->dropped ? "DROP" : "ACCEPT");
	const struct router_firewall *firewall;
	struct uuid id;
	char text_id[UUID_STRLEN];

	memcpy(id.b, event->port, sizeof(id.b));
	add_place(text, desired, event);
	firewall = guard_of(desired, event);
	if (firewall && !uuid_is_zero(&firewall->appliance))
		g_string_append_printf(
			text, " in the appliance %s", uuid_format(&firewall->appliance, text_id));
	else if (uuid_is_zero(&id))
		g_string_append(text, " where it came in from outside");
	else
		g_string_append_printf(text, "%s%s at port %s", event->is_guard ? "" : " ",
			event->is_guard ? "" : direction_of(event), uuid_format(&id, text_id));
	if (port && port->record.name)
		g_string_append_printf(text, " (%s)", port->record.name);
	g_string_append(text, ": ");
	add_packet(text, event);
	add_rule(text, desired, event);
	if (event->dropped)
		g_string_append_printf(text, " (%s)", event->dropped);
	return g_string_free(text, FALSE);
}
