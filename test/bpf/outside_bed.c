/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "outside_bed.h"

u16 outside_vlan;

u32 wire(struct bed *bed)
{
	return dp_wire_vni(bed->ifindex[BED_WIRE], outside_vlan);
}

static void add_route(struct bed *bed, const char *destination, enum dp_route_kind kind, u32 vni,
	const char *hardware, const char *via)
{
	struct dp_route route = { .router = ROUTER,
		.kind = kind,
		.n_hops = kind == DP_ROUTE_CONNECTED || kind == DP_ROUTE_VIA,
		.hops = { { .vni = vni, .mac = mac(hardware) } } };

	assert_true(prefix_parse(destination, &route.prefix));
	if (via)
		route.hops[0].via = ip(via);
	assert_true(dp_route_put(bed->dp, &route, NULL));
}

static void add_interface(
	struct bed *bed, u32 vni, const char *hardware, const char *v4, const char *v6)
{
	struct dp_interface interface = {
		.vni = vni, .mac = mac(hardware), .router = ROUTER, .ip4 = ip(v4), .ip6 = ip(v6)
	};

	assert_true(dp_interface_put(bed->dp, &interface, NULL));
}

static void put_owned(struct bed *bed, bool here, bool snat, u16 first, u16 n, struct owner owner)
{
	struct dp_gateway gateway = { .router = ROUTER,
		.vni = wire(bed),
		.mtu_bytes = 1400,
		.here = here,
		.mac = mac(GATEWAY_MAC),
		.encap = DP_ENCAP_VXLAN,
		.ip4 = ip(GATEWAY_IP),
		.ip6 = ip(GATEWAY_IP6),
		.snat = snat,
		.port_first = first,
		.n_ports = n,
		.owner = owner.number,
		.is_limited = owner.is_limited,
		.translations_max = owner.max };
	g_autoptr(GError) error = NULL;

	if (!here)
		gateway.vtep = ip("192.0.2.2");
	if (!dp_gateway_put(bed->dp, &gateway, &error))
		fail_msg("%s", error->message);
}

static void put(struct bed *bed, bool here, bool snat, u16 first, u16 n)
{
	put_owned(bed, here, snat, first, n, (struct owner){ 0 });
}

void own_gateway(struct bed *bed, struct owner owner)
{
	put_owned(bed, true, true, DP_SNAT_PORT_FIRST, DP_SNAT_PORTS_ALL, owner);
}

void put_gateway(struct bed *bed, bool here, bool snat)
{
	put(bed, here, snat, DP_SNAT_PORT_FIRST, here ? DP_SNAT_PORTS_ALL : 0);
}

void share_gateway(struct bed *bed, bool here, u16 first, u16 others, u16 n)
{
	struct dp_snat_owner owner = { others, n, mac(OTHER_MAC) };
	struct mac own = mac(WIRE_MAC);

	assert_true(dp_set_wire_mac(bed->dp, &own, NULL));
	put(bed, here, true, first, n);
	assert_true(dp_snat_owners_put(bed->dp, ROUTER, &owner, 1, NULL));
}

void put_floating_ip(struct bed *bed, const char *fixed)
{
	struct dp_floating_ip floating_ip = { .router = ROUTER,
		.vni = wire(bed),
		.floating = ip(FLOATING_IP),
		.fixed = ip(fixed),
		.mac = mac(FLOATING_MAC) };
	g_autoptr(GError) error = NULL;

	if (!dp_floating_ip_put(bed->dp, &floating_ip, &error))
		fail_msg("%s", error->message);
}

static void populate(struct bed *bed)
{
	add_interface(bed, VNI, INSIDE_MAC, "10.0.0.100", "fd00::100");
	add_route(bed, "10.0.0.0/24", DP_ROUTE_CONNECTED, VNI, INSIDE_MAC, NULL);
	add_route(bed, "fd00::/64", DP_ROUTE_CONNECTED, VNI, INSIDE_MAC, NULL);
	put_gateway(bed, true, true);
	add_interface(bed, wire(bed), GATEWAY_MAC, GATEWAY_IP, GATEWAY_IP6);
	add_route(bed, "203.0.113.0/24", DP_ROUTE_CONNECTED, wire(bed), GATEWAY_MAC, NULL);
	add_route(bed, "0.0.0.0/0", DP_ROUTE_VIA, wire(bed), GATEWAY_MAC, NEXT_IP);
	add_route(bed, "::/0", DP_ROUTE_VIA, wire(bed), GATEWAY_MAC, NEXT_IP6);
	put_floating_ip(bed, IP1);
}

static int setup_on(void **state, u16 number)
{
	static const char *const devices[] = { "u0", NULL };
	struct bed *bed;

	outside_vlan = number;
	bed_setup(state);
	bed = *state;
	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	assert_true(dp_set_wires(bed->dp, devices, NULL));
	populate(bed);
	return 0;
}

int outside_setup(void **state)
{
	return setup_on(state, 0);
}

int outside_setup_vlan(void **state)
{
	return setup_on(state, 300);
}

/* The frame with the VLAN tag that it has on the wire. */
struct frame tagged(struct frame frame)
{
	struct frame out = frame;

	if (!outside_vlan)
		return frame;
	out.b[12] = 0x81;
	out.b[13] = 0;
	out.b[14] = (u8)(outside_vlan >> 8);
	out.b[15] = (u8)outside_vlan;
	memcpy(out.b + 16, frame.b + 12, frame.len - 12);
	out.len += 4;
	return out;
}

void wire_sends(struct bed *bed, struct frame frame)
{
	bed_send(bed, BED_WIRE, tagged(frame));
}

void wire_gets(struct bed *bed, struct frame frame)
{
	bed_expect(bed, BED_WIRE, tagged(frame));
}

/* The wire says who its router is, as an answer to an ARP probe would. */
void introduce(struct bed *bed)
{
	wire_sends(bed, frame_eth(UNDERLAY_MAC, NEXT_MAC, ARP,
				frame_arp(2, NEXT_MAC, NEXT_IP, UNDERLAY_MAC, "0.0.0.0")));
}

struct frame udp_frame(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u16 sport, u16 dport)
{
	return frame_eth(dst_mac, src_mac, strchr(src, ':') ? IP6 : IP4,
		frame_ip(src, dst, IPPROTO_UDP, frame_udp(sport, dport, frame_fill(64))));
}

struct frame echo_frame(
	const char *dst_mac, const char *src_mac, const char *src, const char *dst, u8 type, u16 id)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_ICMP,
			frame_icmp(type, 0, (u32)id << 16 | 1, frame_fill(56))));
}

struct frame tcp_frame(const char *dst_mac, const char *src_mac, const char *src, const char *dst,
	u16 sport, u16 dport)
{
	return frame_eth(dst_mac, src_mac, IP4,
		frame_ip(src, dst, IPPROTO_TCP,
			frame_tcp(sport, dport, 0x18, 7, 9, frame_fill(50))));
}

struct frame wire_receives(struct bed *bed)
{
	struct frame frame = bed_receive(bed, BED_WIRE);

	if (!outside_vlan)
		return frame;
	assert_int_equal(frame.b[12] << 8 | frame.b[13], 0x8100);
	assert_int_equal((frame.b[14] & 0xf) << 8 | frame.b[15], outside_vlan);
	memmove(frame.b + 12, frame.b + 16, frame.len - 16);
	frame.len -= 4;
	return frame;
}

u16 port_at(const struct frame *frame, size_t at)
{
	return (u16)(frame->b[at] << 8 | frame->b[at + 1]);
}

u16 leaves_as(struct bed *bed, struct frame sent)
{
	struct frame got;

	bed_send(bed, BED_GUEST2, sent);
	got = wire_receives(bed);
	assert_memory_equal(got.b, "\x02\0\0\0\xee\x01\x06\0\0\0\0\x01", 12);
	assert_memory_equal(got.b + 26, "\xcb\x00\x71\x0a", 4);
	return port_at(&got, sent.b[23] == IPPROTO_ICMP ? 38 : 34);
}

struct frame opening(u16 sport)
{
	struct frame syn = tcp_frame(INSIDE_MAC, MAC2, IP2, FAR_IP, sport, 80);

	syn.b[47] = 0x02;
	return syn;
}
