/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/explain.h"

#include <netinet/in.h>
#include <string.h>

struct way {
	const struct document *document;
	struct explain_packet packet; /* as it is now */
	struct explain_route route;
	bool translated; /* by a floating IP or port forwarding */
	bool dropped;
	const char *reason;
	struct json_writer *w;
};

static void __attribute__((format(printf, 2, 3))) step(struct way *way, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	jw_string(way->w, text);
}

static bool drop(struct way *way, const char *reason)
{
	way->reason = reason;
	return false;
}

static const char *public_of(const struct way *way)
{
	return document_public(way->document)->name;
}

static enum document_role role_of(const struct way *way, const char *device)
{
	const struct document_interface *interface =
		document_interface_named(way->document, device);

	return interface ? interface->role : ROLE_PUBLIC; /* tunnels are behind the public NIC */
}

static bool is_management(const struct way *way, const char *device)
{
	return role_of(way, device) == ROLE_MANAGEMENT &&
	       document_has_role(way->document, ROLE_PUBLIC);
}

/* --- translation --- */

static bool forward_port(struct way *way)
{
	struct explain_packet *packet = &way->packet;
	char ip[IP_STRLEN];

	for (guint i = 0; i < way->document->port_forwardings->len; i++) {
		const struct document_port_forwarding *one = &g_array_index(
			way->document->port_forwardings, struct document_port_forwarding, i);

		if (one->protocol != packet->protocol ||
			ip_compare(&one->external, &packet->destination) ||
			packet->destination_port < one->external_first ||
			packet->destination_port > one->external_last)
			continue;
		packet->destination = one->internal;
		packet->destination_port =
			(u16)(packet->destination_port - one->external_first + one->internal_first);
		step(way, "forwarded to %s port %u", ip_format(&packet->destination, ip),
			packet->destination_port);
		return true;
	}
	return false;
}

static bool find_floating(struct way *way)
{
	char ip[IP_STRLEN];

	for (guint i = 0; i < way->document->floating_ips->len; i++) {
		const struct document_floating_ip *one =
			&g_array_index(way->document->floating_ips, struct document_floating_ip, i);

		if (ip_compare(&one->floating, &way->packet.destination))
			continue;
		way->packet.destination = one->fixed;
		step(way, "its destination is a floating IP, which stands for %s",
			ip_format(&one->fixed, ip));
		return true;
	}
	return false;
}

/* A floating IP first, then who has the subnet's. */
static const struct ip *outer_source(const struct way *way)
{
	const struct document *document = way->document;

	for (guint i = 0; i < document->floating_ips->len; i++) {
		const struct document_floating_ip *one =
			&g_array_index(document->floating_ips, struct document_floating_ip, i);

		if (!ip_compare(&one->fixed, &way->packet.source))
			return &one->floating;
	}
	for (guint i = 0; i < document->snat->len; i++) {
		const struct document_snat *one =
			&g_array_index(document->snat, struct document_snat, i);

		if (prefix_contains(&one->cidr, &way->packet.source))
			return &one->address;
	}
	return NULL;
}

static void translate_source(struct way *way)
{
	const struct ip *outer =
		strcmp(way->route.device, public_of(way)) ? NULL : outer_source(way);
	char ip[IP_STRLEN];

	if (!outer)
		return;
	way->packet.source = *outer;
	step(way, "its source address becomes %s", ip_format(outer, ip));
}

/* --- tunnels --- */

static bool any_contains(const GArray *prefixes, const struct ip *ip)
{
	for (guint i = 0; i < prefixes->len; i++)
		if (prefix_contains(&g_array_index(prefixes, struct prefix, i), ip))
			return true;
	return false;
}

/* The tunnel that it is sent into, or NULL. */
static const char *tunnel_of(const struct way *way)
{
	const struct document_ipsec *all = (const void *)way->document->ipsec->data;

	for (guint i = 0; i < way->document->ipsec->len; i++)
		if (any_contains(all[i].local_cidrs, &way->packet.source) &&
			any_contains(all[i].peer_cidrs, &way->packet.destination))
			return all[i].name;
	return document_interface_named(way->document, way->route.device) ? NULL
									  : way->route.device;
}

/* --- the firewall groups of NICs --- */

static bool stands_for(const struct way *way, const char *interface, const char *device)
{
	return !strcmp(interface, device) ||
	       (!strcmp(interface, public_of(way)) &&
		       !document_interface_named(way->document, device));
}

static bool names_match(const struct way *way, const GArray *names, const char *device)
{
	for (guint i = 0; names && i < names->len; i++)
		if (stands_for(way, g_array_index(names, struct document_device, i).name, device))
			return true;
	return !names;
}

static bool is_within(u16 port, u16 first, u16 last)
{
	return !first || (port >= first && port <= last);
}

static bool matches(const struct way *way, const struct document_guard_rule *rule)
{
	const struct explain_packet *packet = &way->packet;

	return rule->family == packet->destination.family &&
	       (!rule->source.ip.family || prefix_contains(&rule->source, &packet->source)) &&
	       (!rule->destination.ip.family ||
		       prefix_contains(&rule->destination, &packet->destination)) &&
	       (!rule->has_protocol || rule->protocol == packet->protocol) &&
	       is_within(packet->source_port, rule->source_first, rule->source_last) &&
	       is_within(
		       packet->destination_port, rule->destination_first, rule->destination_last) &&
	       names_match(way, rule->from, packet->interface) &&
	       names_match(way, rule->to, way->route.device);
}

static bool ask_rules(
	struct way *way, const char *interface, const char *direction, const GArray *rules)
{
	static const char *const actions[] = { "allow", "deny", "reject" };
	const struct document_guard_rule *found = NULL;

	for (guint i = 0; !found && i < rules->len; i++)
		if (matches(way, &g_array_index(rules, struct document_guard_rule, i)))
			found = &g_array_index(rules, struct document_guard_rule, i);
	jw_begin_object(way->w);
	jw_member_string(way->w, "direction", direction);
	jw_member_string(way->w, "interface", interface);
	jw_member_string(way->w, "action", found ? actions[found->action] : "none");
	jw_member_string(way->w, "rule_id", found && *found->id ? found->id : NULL);
	jw_end_object(way->w);
	return (found && found->action == GUARD_ALLOW) || drop(way, "denied-firewall");
}

static bool ask_guards(struct way *way)
{
	const struct document_guard *all = (const void *)way->document->guards->data;

	for (guint i = 0; i < way->document->guards->len; i++)
		if ((stands_for(way, all[i].interface, way->packet.interface) &&
			    !ask_rules(way, all[i].interface, "egress", all[i].egress)) ||
			(stands_for(way, all[i].interface, way->route.device) &&
				!ask_rules(way, all[i].interface, "ingress", all[i].ingress)))
			return false;
	return true;
}

/* "firewall" of the document: for any NIC. */
static bool rule_matches(
	const struct explain_packet *packet, const struct document_firewall_rule *rule)
{
	bool icmp = packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6;

	return (!rule->source.ip.family || prefix_contains(&rule->source, &packet->source)) &&
	       (!rule->destination.ip.family ||
		       prefix_contains(&rule->destination, &packet->destination)) &&
	       (!rule->protocol || rule->protocol == packet->protocol ||
		       (rule->protocol == IPPROTO_ICMP && icmp)) &&
	       is_within(packet->destination_port, rule->port_first, rule->port_last);
}

static bool ask_firewall(struct way *way)
{
	const struct document_firewall *firewall = &way->document->firewall;

	for (guint i = 0; firewall->enabled && i < firewall->rules->len; i++) {
		const struct document_firewall_rule *rule =
			&g_array_index(firewall->rules, struct document_firewall_rule, i);

		if (rule_matches(&way->packet, rule))
			return rule->allow || drop(way, "denied-firewall");
	}
	return !firewall->enabled || drop(way, "denied-firewall");
}

/* What comes from outside by the public NIC, if nothing is translated. */
static bool is_let_in(const struct way *way)
{
	const struct ip *destination = &way->packet.destination;
	bool to_guest = role_of(way, way->route.device) == ROLE_GUEST;

	return way->translated || strcmp(way->packet.interface, public_of(way)) != 0 ||
	       (destination->family == 6 && to_guest) ||
	       any_contains(way->document->routed, destination) ||
	       (to_guest && way->document->bgp.enabled &&
		       any_contains(way->document->bgp.networks, destination));
}

/* --- the way --- */

static bool find_route(struct way *way, explain_route_fn route)
{
	g_autofree char *why = NULL;

	if (route(&way->packet, &way->route, &why))
		return true;
	step(way, "no way to its destination: %s", why);
	return drop(way, "no-route");
}

static bool filter(struct way *way)
{
	if (is_management(way, way->packet.interface) || is_management(way, way->route.device))
		return drop(way, "management");
	if (!ask_guards(way) || !ask_firewall(way))
		return false;
	return is_let_in(way) || drop(way, "not-let-in");
}

static void write_verdict(struct way *way, const char *verdict)
{
	const struct explain_packet *packet = &way->packet;
	char ip[IP_STRLEN];

	jw_end_array(way->w);
	jw_member_string(way->w, "verdict", verdict);
	jw_member_string(way->w, "reason", way->reason);
	if (way->reason || way->route.is_local)
		return;
	jw_member_string(way->w, "interface", way->route.device);
	jw_member_string(way->w, "next_hop", ip_format(&way->route.next_hop, ip));
	jw_member_string(way->w, "source", ip_format(&packet->source, ip));
	jw_member_string(way->w, "destination", ip_format(&packet->destination, ip));
	jw_member_int(way->w, "source_port", packet->source_port);
	jw_member_int(way->w, "destination_port", packet->destination_port);
}

static const char *leave(struct way *way)
{
	const char *tunnel = tunnel_of(way);
	char ip[IP_STRLEN];

	if (tunnel) {
		step(way, "sent into the tunnel %s", tunnel);
		return "tunnel";
	}
	translate_source(way);
	step(way, "leaves by %s, to %s", way->route.device, ip_format(&way->route.next_hop, ip));
	return "forwarded";
}

void explain(const struct document *document, const struct explain_packet *packet,
	explain_route_fn route, struct json_writer *w)
{
	struct way way = { .document = document, .packet = *packet, .w = w };
	const char *verdict = "dropped";

	jw_begin_object(w);
	jw_key(w, "steps");
	jw_begin_array(w);
	way.translated = forward_port(&way) || find_floating(&way);
	if (find_route(&way, route)) {
		if (way.route.is_local) {
			step(&way, "it is for the appliance itself");
			verdict = "local";
		} else if (filter(&way)) {
			verdict = leave(&way);
		}
	}
	write_verdict(&way, verdict);
	jw_end_object(w);
}
