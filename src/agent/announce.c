/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/announce.h"

#include "agent/frame/bytes.h"

#define NEIGHBOUR_ADVERTISEMENT 136
#define NA_ROUTER_OVERRIDE 0xa0
#define OPTION_TARGET_MAC 2

static void announce4(const struct mac *router, const struct ip *ip, struct frame *ret)
{
	static const u8 ethernet_ipv4_request[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1 };
	static const u8 everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, nobody[6];
	struct writer w = writer_of(ret->data, sizeof(ret->data));

	write_bytes(&w, everybody, 6);
	write_bytes(&w, router->b, 6);
	write_bytes(&w, ethernet_ipv4_request, sizeof(ethernet_ipv4_request));
	write_bytes(&w, router->b, 6);
	write_bytes(&w, ip->b, 4);
	write_bytes(&w, nobody, 6);
	write_bytes(&w, ip->b, 4);
	ret->len = w.len;
}

static void announce6(const struct mac *router, const struct ip *ip, struct frame *ret)
{
	static const struct ip all_nodes = { .family = 6, .b = { 0xff, 0x02, [15] = 1 } };
	static const struct mac all_nodes_mac = { { 0x33, 0x33, 0, 0, 0, 1 } };
	struct frame_flow flow = {
		.src_mac = *router, .dst_mac = all_nodes_mac, .src = *ip, .dst = all_nodes
	};
	u8 room[32];
	struct writer w = writer_of(room, sizeof(room));

	write_u8(&w, NEIGHBOUR_ADVERTISEMENT);
	write_zeroes(&w, 3);
	write_u8(&w, NA_ROUTER_OVERRIDE);
	write_zeroes(&w, 3);
	write_bytes(&w, ip->b, 16);
	write_u8(&w, OPTION_TARGET_MAC);
	write_u8(&w, 1);
	write_bytes(&w, router->b, 6);
	frame_build_icmp6(ret, &flow, room, w.len);
}

void announce(const struct mac *router, const struct ip *ip, struct frame *ret)
{
	(ip->family == 4 ? announce4 : announce6)(router, ip, ret);
}
