/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/announce.h"

#include "agent/frame/bytes.h"

#define NEIGHBOUR_SOLICITATION 135
#define NEIGHBOUR_ADVERTISEMENT 136
#define NA_ROUTER_OVERRIDE 0xa0
#define OPTION_SOURCE_MAC 1
#define OPTION_TARGET_MAC 2
#define MACS_BYTES 12

static void request4(
	const struct mac *mac, const struct ip *sender, const struct ip *target, struct frame *ret)
{
	static const u8 ethernet_ipv4_request[] = { 0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1 };
	static const u8 everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, nobody[6];
	struct writer w = writer_of(ret->data, sizeof(ret->data));

	write_bytes(&w, everybody, 6);
	write_bytes(&w, mac->b, 6);
	write_bytes(&w, ethernet_ipv4_request, sizeof(ethernet_ipv4_request));
	write_bytes(&w, mac->b, 6);
	write_bytes(&w, sender->b, 4);
	write_bytes(&w, nobody, 6);
	write_bytes(&w, target->b, 4);
	ret->len = w.len;
}

static void announce4(const struct mac *router, const struct ip *ip, struct frame *ret)
{
	request4(router, ip, ip, ret);
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

/* To the target's solicited-node group (RFC 4291 section 2.7.1). */
static void ask6(const struct mac *asker, const struct ip *ip, struct frame *ret)
{
	struct frame_flow flow = { .src_mac = *asker,
		.dst_mac = { { 0x33, 0x33, 0xff, ip->b[13], ip->b[14], ip->b[15] } },
		.src = ip_link_local_from_mac(asker),
		.dst = { .family = 6,
			.b = { 0xff, 0x02, [11] = 1, 0xff, ip->b[13], ip->b[14], ip->b[15] } } };
	u8 room[32];
	struct writer w = writer_of(room, sizeof(room));

	write_u8(&w, NEIGHBOUR_SOLICITATION);
	write_zeroes(&w, 7);
	write_bytes(&w, ip->b, 16);
	write_u8(&w, OPTION_SOURCE_MAC);
	write_u8(&w, 1);
	write_bytes(&w, asker->b, 6);
	frame_build_icmp6(ret, &flow, room, w.len);
}

void ask_neighbour(const struct mac *asker, const struct ip *ip, struct frame *ret)
{
	static const struct ip nobody = { .family = 4 };

	ask_neighbour_as(asker, &nobody, ip, ret);
}

void ask_neighbour_as(
	const struct mac *asker, const struct ip *sender, const struct ip *ip, struct frame *ret)
{
	if (ip->family == 4)
		request4(asker, sender, ip, ret);
	else
		ask6(asker, ip, ret);
}

void tag_frame(struct frame *frame, u16 vlan)
{
	const u8 tag[] = { 0x81, 0x00, (u8)(vlan >> 8), (u8)vlan };

	memmove(frame->data + MACS_BYTES + sizeof(tag), frame->data + MACS_BYTES,
		frame->len - MACS_BYTES);
	memcpy(frame->data + MACS_BYTES, tag, sizeof(tag));
	frame->len += sizeof(tag);
}
