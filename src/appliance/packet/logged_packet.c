/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/packet/logged_packet.h"

#include <netinet/in.h>
#include <string.h>

static u16 at16(const u8 *data)
{
	return (u16)(data[0] << 8 | data[1]);
}

/* @data: behind the IP header. */
static void parse_transport(const u8 *data, size_t len, struct logged_packet *ret)
{
	static const u8 with_ports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP,
		IPPROTO_UDPLITE };

	if (ret->proto == (ret->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && len >= 2) {
		ret->icmp_type = data[0];
		ret->icmp_code = data[1];
		ret->has_ports = true;
	} else if (memchr(with_ports, ret->proto, sizeof(with_ports)) && len >= 4) {
		ret->sport = at16(data);
		ret->dport = at16(data + 2);
		ret->has_ports = true;
	}
	if (ret->proto == IPPROTO_TCP && len >= 14)
		ret->tcp_flags = data[13];
}

static void set_ip(struct ip *ip, u8 family, const u8 *bytes)
{
	*ip = (struct ip){ .family = family };
	memcpy(ip->b, bytes, family == 4 ? 4 : 16);
}

static void parse4(const u8 *data, size_t len, struct logged_packet *ret)
{
	size_t header = (size_t)(data[0] & 0xf) * 4;

	if (len < 20 || header < 20 || header > len)
		return;
	ret->family = 4;
	ret->proto = data[9];
	ret->bytes = at16(data + 2) + (u32)ETHERNET_BYTES;
	set_ip(&ret->src, 4, data + 12);
	set_ip(&ret->dst, 4, data + 16);
	if (!(at16(data + 6) & 0x1fff))
		parse_transport(data + header, len - header, ret);
}

static bool is_extension(u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS ||
	       proto == IPPROTO_FRAGMENT;
}

static void parse6(const u8 *data, size_t len, struct logged_packet *ret)
{
	size_t at = 40;
	bool later = false;

	if (len < at)
		return;
	ret->family = 6;
	ret->proto = data[6];
	ret->bytes = at16(data + 4) + (u32)at + (u32)ETHERNET_BYTES;
	set_ip(&ret->src, 6, data + 8);
	set_ip(&ret->dst, 6, data + 24);
	while (is_extension(ret->proto) && at + 8 <= len) {
		bool fragment = ret->proto == IPPROTO_FRAGMENT;

		later = later || (fragment && at16(data + at + 2) & 0xfff8);
		ret->proto = data[at];
		at += fragment ? 8 : ((size_t)data[at + 1] + 1) * 8;
	}
	if (!later && at < len)
		parse_transport(data + at, len - at, ret);
}

void logged_packet_parse(const u8 *data, size_t len, struct logged_packet *ret)
{
	if (len && data[0] >> 4 == 4)
		parse4(data, len, ret);
	else if (len && data[0] >> 4 == 6)
		parse6(data, len, ret);
}
