/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet as it comes out of the underlay for a port here: what the host of the sender would make
 * of it, so that a trace can tell what becomes of it at the receiver's.
 */
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/frame.h"
#include "agent/ops/ops.h"

#define VXLAN_PORT 4789
#define GENEVE_PORT 6081
#define TUNNEL_HEADER 8

/* Who has @src on the port's network, or on one that routers join with it. */
static const struct endpoint *find_sender(
	const struct desired *desired, const struct port *port, const struct ip *src)
{
	struct address address = address_of_ip(src);
	const struct network *network;
	const struct claim *claim = network_claims(port->network, &address);
	GHashTableIter iter;

	if (claim)
		return (claims_holder(claim) ?: claim)->endpoint;
	g_hash_table_iter_init(&iter, desired->networks);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&network)) {
		claim = uuid_equal(&network->part, &port->network->part)
				? network_claims(network, &address)
				: NULL;
		if (claim)
			return (claims_holder(claim) ?: claim)->endpoint;
	}
	return NULL;
}

/* The port on the network that spec says is the last one on the way: of a machine that routes. */
static const struct endpoint *find_last(
	const struct desired *desired, const struct port *port, const json_t *spec)
{
	const char *text = json_string_value(json_object_get(spec, "from_port"));
	const struct endpoint *last = NULL;
	struct uuid id;

	if (text && uuid_parse(text, &id))
		last = desired_endpoint(desired, &id);
	return last && last->member->network == port->network ? last : NULL;
}

/* Behind a router it is the router that sends. */
static bool inner_frame(const struct desired *desired, const struct port *port,
	const struct endpoint *sender, const json_t *spec, GByteArray **ret, GError **error)
{
	const struct interface *router = NULL;
	char src[MAC_STRLEN], dst[MAC_STRLEN];
	struct uuid to;
	struct ip ip;
	json_t *full;
	bool ok;

	ip_parse(json_string_value(json_object_get(spec, "src")), &ip);
	if (sender->member->network != port->network)
		router = port_router(port, ip.family);
	mac_format(router ? &router->record.mac : &sender->mac, src);
	mac_format(&port->record.mac, dst);
	full = json_copy((json_t *)spec);
	json_object_set_new(full, "src_mac", json_string(src));
	json_object_set_new(full, "dst_mac", json_string(dst));
	ok = trace_frame(desired, port, full, ret, &to, error);
	json_decref(full);
	return ok;
}

static bool wrap(const struct ip *from, const struct ip *to, enum dp_encap encap, u32 vni,
	const GByteArray *inner, GByteArray **ret, GError **error)
{
	bool vxlan = encap == DP_ENCAP_VXLAN;
	u8 payload[FRAME_MAX] = { vxlan ? 0x08 : 0, 0, vxlan ? 0 : 0x65, vxlan ? 0 : 0x58,
		(u8)(vni >> 16), (u8)(vni >> 8), (u8)vni };
	struct frame_flow flow = { .src = *from,
		.dst = *to,
		.src_port = 0xc000,
		.dst_port = vxlan ? VXLAN_PORT : GENEVE_PORT };
	struct frame frame;

	if (inner->len > sizeof(payload) - TUNNEL_HEADER)
		return weft_fail(error, BAD_REQUEST, "spec: the packet is too long to be wrapped");
	memcpy(payload + TUNNEL_HEADER, inner->data, inner->len);
	if (!frame_build_udp(&frame, &flow, payload, TUNNEL_HEADER + inner->len))
		return weft_fail(error, BAD_REQUEST, "spec: the packet can't be wrapped");
	*ret = g_byte_array_append(g_byte_array_new(), frame.data, (guint)frame.len);
	return true;
}

static bool find_uplink(const struct agent *agent, u32 *ret, GError **error)
{
	for (const char *const *name = agent->reconcile.uplinks; *name; name++) {
		const struct link *link = plugs_find_link(agent->plugs, *name);

		if (link) {
			*ret = link->ifindex;
			return true;
		}
	}
	return weft_fail(error, DEVICE_NOT_FOUND, "no uplink of this host is there");
}

bool trace_arrival(struct agent *agent, const struct port *port, const json_t *spec,
	GByteArray **ret, u32 *ret_ifindex, GError **error)
{
	struct record_tunnel own = reconcile_own_tunnel(&agent->reconcile);
	const char *src = json_string_value(json_object_get(spec, "src"));
	g_autoptr(GByteArray) inner = NULL;
	const struct endpoint *sender = NULL;
	const struct member *member = NULL;
	struct ip ip, vtep;
	enum dp_encap encap;

	if (src && ip_parse(src, &ip))
		sender = find_last(agent->desired, port, spec)
				 ?: find_sender(agent->desired, port, &ip);
	if (sender)
		member = g_hash_table_lookup(port->network->members, &sender->member->host);
	if (!member || uuid_equal(&member->host, &agent->desired->self) ||
		!tunnel_choose(&own, &member->tunnel, &vtep, &encap))
		return weft_fail(error, BAD_REQUEST,
			"spec: \"src\" must be an address that reaches the port from another host");
	return inner_frame(agent->desired, port, sender, spec, &inner, error) &&
	       wrap(&vtep, vtep.family == 4 ? &own.ip4 : &own.ip6, encap, port->network->vni, inner,
		       ret, error) &&
	       find_uplink(agent, ret_ifindex, error);
}
