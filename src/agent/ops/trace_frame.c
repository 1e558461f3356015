/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame that a trace's spec describes, with what is not said taken from the port and its
 * network.
 */
#include <netinet/in.h>
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/checksum.h"
#include "agent/frame/frame.h"
#include "agent/ops/ops.h"

struct spec {
	struct frame_flow flow;
	u8 protocol;
	bool is_arp;
	u8 tcp_flags;
	struct ip next_hop; /* family 0: the destination, or its router */
	struct uuid to;	    /* whose port the frame is for; zero: an edge's */
};

static const struct ip *first_ip(const struct port *port, u8 family)
{
	for (guint i = 0; i < port->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i);

		if (fixed->ip.family == family)
			return &fixed->ip;
	}
	return NULL;
}

static bool take_ips(const struct port *port, const json_t *json, struct spec *spec, GError **error)
{
	const char *dst = json_string_value(json_object_get(json, "dst"));
	const char *src = json_string_value(json_object_get(json, "src"));
	const struct ip *own;

	if (!dst || !ip_parse(dst, &spec->flow.dst))
		return weft_fail(error, BAD_REQUEST, "spec: \"dst\" must be an IP address");
	if (src)
		return (ip_parse(src, &spec->flow.src) &&
			       spec->flow.src.family == spec->flow.dst.family) ||
		       weft_fail(error, BAD_REQUEST,
			       "spec: \"src\" must be an IP address of the family of \"dst\"");
	own = first_ip(port, spec->flow.dst.family);
	if (!own)
		return weft_fail(error, BAD_REQUEST,
			"spec: the port has no IPv%u address: give \"src\"", spec->flow.dst.family);
	spec->flow.src = *own;
	return true;
}

static bool take_mac(const json_t *json, const char *member, struct mac *ret, GError **error)
{
	const json_t *value = json_object_get(json, member);

	return !value || (json_is_string(value) && mac_parse(json_string_value(value), ret)) ||
	       weft_fail(error, BAD_REQUEST, "spec: \"%s\" must be a MAC address", member);
}

/* Who has the gateway's address of the port's subnet; NULL: nobody. */
static const struct claim *gateway_claim(
	const struct desired *desired, const struct port *port, u8 family)
{
	for (guint i = 0; i < port->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i);
		const struct subnet *subnet =
			g_hash_table_lookup(desired->subnets, &fixed->subnet_id);
		struct address address;

		if (!subnet || subnet->record.gateway.family != family)
			continue;
		address = address_of_ip(&subnet->record.gateway);
		return network_claims(port->network, &address);
	}
	return NULL;
}

/* The port of a machine that routes for the port, and its MAC. */
static bool find_router_elsewhere(
	const struct desired *desired, const struct port *port, struct spec *spec)
{
	u8 family = spec->flow.dst.family;
	const struct interface *router = port_router_elsewhere(desired, port, family);
	const struct claim *claim = router ? NULL : gateway_claim(desired, port, family);

	if (router) {
		spec->to = router->id;
		spec->flow.dst_mac = router->record.mac;
	} else if (claim) {
		spec->to = claim->endpoint->id;
		spec->flow.dst_mac = claim->endpoint->mac;
	}
	return router || claim;
}

/* Who has "dst" on the port's network, else the router that leads there. */
static bool find_dst_mac(const struct desired *desired, const struct port *port, struct spec *spec)
{
	struct address address =
		address_of_ip(spec->next_hop.family ? &spec->next_hop : &spec->flow.dst);
	const struct claim *claims = network_claims(port->network, &address);
	const struct claim *claim = claims_holder(claims) ?: claims;
	const struct interface *router = network_interface(port->network, &address);
	const struct load_balancer *balancer = network_vip(port->network, &address);

	if (balancer) {
		spec->flow.dst_mac = balancer->record.mac;
		return true;
	}
	if (!router && !claim)
		router = port_router(port, spec->flow.dst.family);
	if (router) {
		spec->flow.dst_mac = router->record.mac;
	} else if (claim) {
		spec->to = claim->endpoint->id;
		spec->flow.dst_mac = claim->mac;
	}
	return router || claim || find_router_elsewhere(desired, port, spec);
}

static bool take_macs(const struct desired *desired, const struct port *port, const json_t *json,
	struct spec *spec, GError **error)
{
	const char *next_hop = json_string_value(json_object_get(json, "next_hop"));

	if (next_hop && !ip_parse(next_hop, &spec->next_hop))
		return weft_fail(error, BAD_REQUEST, "spec: \"next_hop\" must be an IP address");
	spec->flow.src_mac = port->record.mac;
	memset(spec->flow.dst_mac.b, 0xff, sizeof(spec->flow.dst_mac.b));
	if (!spec->is_arp && !json_object_get(json, "dst_mac") &&
		!find_dst_mac(desired, port, spec))
		return weft_fail(error, BAD_REQUEST,
			"spec: nobody on the network has \"dst\", and no router is on it: give \"dst_mac\"");
	return take_mac(json, "src_mac", &spec->flow.src_mac, error) &&
	       take_mac(json, "dst_mac", &spec->flow.dst_mac, error);
}

static bool take_l4_port(
	const json_t *json, const char *member, u16 fallback, u16 *ret, GError **error)
{
	const json_t *value = json_object_get(json, member);

	*ret = fallback;
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > UINT16_MAX)
		return weft_fail(error, BAD_REQUEST,
			"spec: \"%s\" must be a number from 0 to 65535", member);
	*ret = (u16)json_integer_value(value);
	return true;
}

/* A UDP frame turned into one of another protocol with a header of @len bytes. */
static void change_protocol(
	struct frame *frame, u8 family, u8 protocol, const u8 *header, size_t len)
{
	size_t ip_at = FRAME_ETHERNET_BYTES, l4_at = ip_at + (family == 4 ? 20 : 40);

	memcpy(frame->data + l4_at, header, len);
	frame->len = l4_at + len;
	if (family == 6) {
		put_u16(frame->data + ip_at + 4, (u16)len);
		frame->data[ip_at + 6] = protocol;
		return;
	}
	put_u16(frame->data + ip_at + 2, (u16)(20 + len));
	frame->data[ip_at + 9] = protocol;
	put_u16(frame->data + ip_at + 10, 0);
	put_u16(frame->data + ip_at + 10, checksum_fold(checksum_add(0, frame->data + ip_at, 20)));
}

/* The checksum of such a header, whose place in it is @at. */
static void add_checksum(struct frame *frame, u8 family, u8 protocol, size_t len, size_t at)
{
	size_t l4_at = frame->len - len, n_address = family == 4 ? 8 : 32;
	u32 pseudo = protocol == IPPROTO_ICMP ? 0 : protocol + (u32)len;

	for (size_t i = 0; i < n_address && protocol != IPPROTO_ICMP; i += 2)
		pseudo += (u32)frame->data[l4_at - n_address + i] << 8 |
			  frame->data[l4_at - n_address + i + 1];
	put_u16(frame->data + l4_at + at,
		checksum_fold(checksum_add(pseudo, frame->data + l4_at, len)));
}

#define TCP_SYN 0x02
#define TCP_ACK 0x10

static void build_tcp(struct frame *frame, const struct spec *spec)
{
	const struct frame_flow *flow = &spec->flow;
	u8 header[20] = { [12] = 5 << 4, [13] = spec->tcp_flags, [14] = 0xff, [15] = 0xff };

	put_u16(header, flow->src_port);
	put_u16(header + 2, flow->dst_port);
	change_protocol(frame, flow->dst.family, IPPROTO_TCP, header, sizeof(header));
	add_checksum(frame, flow->dst.family, IPPROTO_TCP, sizeof(header), 16);
}

static void build_icmp(struct frame *frame, const struct frame_flow *flow)
{
	const u8 protocol = flow->dst.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	u8 header[8] = { flow->dst.family == 4 ? 8 : 128 /* echo request */, [5] = 1, [7] = 1 };

	change_protocol(frame, flow->dst.family, protocol, header, sizeof(header));
	add_checksum(frame, flow->dst.family, protocol, sizeof(header), 2);
}

/* Of a protocol that the edge knows the ports of at most: they come first in all that have some. */
static void build_other(struct frame *frame, const struct spec *spec)
{
	const u8 protocol = spec->protocol;
	u8 header[16] = { 0 };

	if (protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE) {
		put_u16(header, spec->flow.src_port);
		put_u16(header + 2, spec->flow.dst_port);
	}
	if (protocol == IPPROTO_AH) { /* 16 bytes, and nothing in it: the edge looks behind it */
		header[0] = IPPROTO_NONE;
		header[1] = sizeof(header) / 4 - 2;
	}
	change_protocol(frame, spec->flow.dst.family, protocol, header, sizeof(header));
}

static bool build_arp(struct frame *frame, const struct frame_flow *flow, GError **error)
{
	struct writer w = writer_of(frame->data, sizeof(frame->data));
	static const u8 head[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1 }, none[6];

	if (flow->dst.family != 4)
		return weft_fail(error, BAD_REQUEST, "spec: arp asks for an IPv4 address");
	write_bytes(&w, flow->dst_mac.b, 6);
	write_bytes(&w, flow->src_mac.b, 6);
	write_bytes(&w, head, sizeof(head));
	write_bytes(&w, flow->src_mac.b, 6);
	write_bytes(&w, flow->src.b, 4);
	write_bytes(&w, none, sizeof(none));
	write_bytes(&w, flow->dst.b, 4);
	frame->len = w.len;
	return true;
}

static bool build(const struct spec *spec, struct frame *frame, GError **error)
{
	if (spec->is_arp)
		return build_arp(frame, &spec->flow, error);
	if (!frame_build_udp(frame, &spec->flow, (const u8 *)"weft trace", 10))
		return weft_fail(error, BAD_REQUEST, "spec: no frame can be made of it");
	if (spec->protocol == IPPROTO_TCP)
		build_tcp(frame, spec);
	else if (spec->protocol == IPPROTO_ICMP || spec->protocol == IPPROTO_ICMPV6)
		build_icmp(frame, &spec->flow);
	else if (spec->protocol != IPPROTO_UDP)
		build_other(frame, spec);
	return true;
}

static bool is_extension(u64 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_FRAGMENT || protocol == IPPROTO_DSTOPTS;
}

/* A name, or the number of any protocol that a packet may be of. */
static bool take_protocol(const json_t *json, struct spec *spec, GError **error)
{
	static const struct {
		const char *name;
		u8 number;
	} known[] = { { "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP } };
	const char *text = json_string_value(json_object_get(json, "proto"));
	const json_t *flags = json_object_get(json, "tcp_flags");
	guint64 number = 0;

	spec->is_arp = text && !strcmp(text, "arp");
	for (size_t i = 0; text && i < G_N_ELEMENTS(known); i++)
		if (!strcmp(known[i].name, text))
			number = known[i].number;
	if (!spec->is_arp && !number &&
		(!text || !g_ascii_string_to_unsigned(text, 10, 1, UINT8_MAX, &number, NULL) ||
			is_extension(number)))
		return weft_fail(error, BAD_REQUEST,
			"spec: \"proto\" must be icmp, tcp, udp, arp, or the number of a protocol, as \"132\", which no extension header of IPv6 is");
	spec->protocol = (u8)number;
	spec->tcp_flags = json_is_true(json_object_get(json, "established")) ? TCP_ACK : TCP_SYN;
	if (!flags)
		return true;
	if (!json_is_integer(flags) || json_integer_value(flags) < 0 ||
		json_integer_value(flags) > UINT8_MAX)
		return weft_fail(
			error, BAD_REQUEST, "spec: \"tcp_flags\" must be a number from 0 to 255");
	spec->tcp_flags = (u8)json_integer_value(flags);
	return true;
}

bool trace_frame(const struct desired *desired, const struct port *port, const json_t *json,
	GByteArray **ret, struct uuid *ret_to, GError **error)
{
	struct spec spec = { 0 };
	struct frame frame = { .len = 0 };

	if (!take_protocol(json, &spec, error) || !take_ips(port, json, &spec, error) ||
		!take_macs(desired, port, json, &spec, error) ||
		!take_l4_port(json, "src_port", 40000, &spec.flow.src_port, error) ||
		!take_l4_port(json, "dst_port", 80, &spec.flow.dst_port, error) ||
		!build(&spec, &frame, error))
		return false;
	*ret = g_byte_array_append(g_byte_array_new(), frame.data, (guint)frame.len);
	*ret_to = spec.to;
	return true;
}
