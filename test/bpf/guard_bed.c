/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "guard_bed.h"

const u8 *guard_group;
u32 guard_flags;

static void add_side(struct bed *bed, enum bed_place place, u32 vni, unsigned net,
	const char *guest, const char *router)
{
	struct dp_port port = { .ifindex = bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = vni,
		.flags = DP_PORT_GUARDED,
		.mac = mac(guest),
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)net } };
	struct dp_interface interface = { .vni = vni, .mac = mac(router), .router = ROUTER };
	struct dp_endpoint endpoint = { .vni = vni, .mac = port.mac, .ifindex = port.ifindex };
	struct dp_route route = { .router = ROUTER,
		.kind = DP_ROUTE_CONNECTED,
		.n_hops = 1,
		.hops = { { .vni = vni, .mac = interface.mac } } };
	g_autofree char *cidr = g_strdup_printf("10.%u.0.0/24", net);

	assert_true(prefix_parse(cidr, &route.prefix));
	assert_true(dp_port_put(bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	assert_true(dp_interface_put(bed->dp, &interface, NULL));
	assert_true(dp_route_put(bed->dp, &route, NULL));
	for (unsigned i = 1; i <= HOSTS; i++) {
		g_autofree char *text = g_strdup_printf("10.%u.0.%u", net, i);
		struct ip address = ip(text);

		assert_true(dp_neighbour_put(bed->dp, vni, &address, &port.mac, NULL));
	}
}

int guard_setup(void **state)
{
	struct dp_network network = { .vni = VNI2, .mtu_bytes = 1300 };
	struct bed *bed;

	guard_group = NULL;
	guard_flags = 0;
	bed_setup(state);
	bed = *state;
	assert_true(dp_network_put(bed->dp, &network, NULL));
	add_side(bed, BED_GUEST1, VNI, 0, MAC1, ROUTER_MAC1);
	add_side(bed, BED_GUEST2, VNI2, 2, MAC2, ROUTER_MAC2);
	return 0;
}

void guard(struct bed *bed, u32 vni, const char *hardware, const struct dp_guard_rule *in,
	size_t n_in, const struct dp_guard_rule *out, size_t n_out)
{
	struct dp_guard wanted = { .vni = vni,
		.mac = mac(hardware),
		.port = { 0xee, (u8)vni },
		.flags = guard_flags,
		.ingress = { out, n_out },
		.egress = { in, n_in } };

	if (guard_group)
		memcpy(wanted.group, guard_group, sizeof(wanted.group));
	assert_true(dp_guard_put(bed->dp, &wanted, NULL));
}

struct frame packet(unsigned forth, u8 proto, unsigned from, unsigned to, u16 sport, u16 dport)
{
	g_autofree char *src = g_strdup_printf("10.%d.0.%u", forth ? 0 : 2, from);
	g_autofree char *dst = g_strdup_printf("10.%d.0.%u", forth ? 2 : 0, to);
	struct frame payload = frame_fill(20);

	return frame_eth(forth ? ROUTER_MAC1 : ROUTER_MAC2, forth ? MAC1 : MAC2, IP4,
		frame_ip(src, dst, proto,
			proto == IPPROTO_UDP   ? frame_udp(sport, dport, payload)
			: proto == IPPROTO_TCP ? frame_tcp_syn(sport, dport)
					       : payload));
}

struct frame arrived(struct frame frame, bool forth)
{
	struct mac dst = mac(forth ? MAC2 : MAC1), src = mac(forth ? ROUTER_MAC2 : ROUTER_MAC1);

	memcpy(frame.b, dst.b, 6);
	memcpy(frame.b + 6, src.b, 6);
	return frame_hop(frame);
}

void passes(struct bed *bed, bool forth, struct frame frame)
{
	bed_send(bed, forth ? BED_GUEST1 : BED_GUEST2, frame);
	bed_expect(bed, forth ? BED_GUEST2 : BED_GUEST1, arrived(frame, forth));
}
