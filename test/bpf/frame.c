/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

struct frame frame_bytes(const void *bytes, size_t len)
{
	struct frame frame = { .len = len };

	memcpy(frame.b, bytes, len);
	return frame;
}

struct frame frame_fill(size_t len)
{
	struct frame frame = { .len = len };

	for (size_t i = 0; i < len; i++)
		frame.b[i] = (u8)i;
	return frame;
}

struct frame frame_push(struct frame inner, const void *header, size_t len)
{
	memmove(&inner.b[len], inner.b, inner.len);
	memcpy(inner.b, header, len);
	inner.len += len;
	return inner;
}

static void put16(u8 *at, u32 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static void put_mac(u8 *at, const char *text)
{
	struct mac mac = { 0 };

	if (text)
		g_assert_true(mac_parse(text, &mac));
	memcpy(at, mac.b, 6);
}

static struct ip put_ip(u8 *at, const char *text)
{
	struct ip ip = { 0 };

	g_assert_true(ip_parse(text, &ip));
	memcpy(at, ip.b, ip_bytes(&ip));
	return ip;
}

struct frame frame_eth(const char *dst, const char *src, u16 type, struct frame payload)
{
	u8 eth[14];

	put_mac(eth, dst);
	put_mac(&eth[6], src);
	put16(&eth[12], type);
	return frame_push(payload, eth, sizeof(eth));
}

struct frame frame_arp(u16 operation, const char *sender_mac, const char *sender_ip,
	const char *target_mac, const char *target_ip)
{
	u8 arp[28] = { 0, 1, 8, 0, 6, 4 };

	put16(&arp[6], operation);
	put_mac(&arp[8], sender_mac);
	put_ip(&arp[14], sender_ip);
	put_mac(&arp[18], target_mac);
	put_ip(&arp[24], target_ip);
	return frame_bytes(arp, sizeof(arp));
}

static u32 sum16(u32 sum, const u8 *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? at[i] : (u32)at[i] << 8;
	return sum;
}

static u16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* Where the checksum of a transport header is; 0: we fill in none. */
static size_t checksum_offset(u8 proto)
{
	switch (proto) {
	case IPPROTO_UDP:
		return 6;
	case IPPROTO_TCP:
		return 16;
	case IPPROTO_ICMPV6:
		return 2;
	default:
		return 0;
	}
}

static void fill_checksum(struct frame *l4, u8 proto, const u8 *addresses, size_t len)
{
	size_t at = checksum_offset(proto);
	u32 sum;

	if (!at || l4->len < at + 2)
		return;
	sum = sum16((u32)l4->len + proto, addresses, len);
	put16(&l4->b[at], 0);
	put16(&l4->b[at], fold(sum16(sum, l4->b, l4->len)));
}

struct frame frame_ip(const char *src, const char *dst, u8 proto, struct frame payload)
{
	u8 header[40] = { 0 };
	struct ip ip;

	g_assert_true(ip_parse(src, &ip));
	if (ip.family == 4) {
		header[0] = 0x45;
		put16(&header[2], (u32)payload.len + 20);
		header[8] = 64;
		header[9] = proto;
		put_ip(&header[12], src);
		put_ip(&header[16], dst);
		put16(&header[10], fold(sum16(0, header, 20)));
		fill_checksum(&payload, proto, &header[12], 8);
		return frame_push(payload, header, 20);
	}
	header[0] = 0x60;
	put16(&header[4], (u32)payload.len);
	header[6] = proto;
	header[7] = proto == IPPROTO_ICMPV6 ? 255 : 64;
	put_ip(&header[8], src);
	put_ip(&header[24], dst);
	fill_checksum(&payload, proto, &header[8], 32);
	return frame_push(payload, header, 40);
}

struct frame frame_udp(u16 sport, u16 dport, struct frame payload)
{
	u8 udp[8] = { 0 };

	put16(udp, sport);
	put16(&udp[2], dport);
	put16(&udp[4], (u32)payload.len + 8);
	return frame_push(payload, udp, sizeof(udp));
}

struct frame frame_tcp_syn(u16 sport, u16 dport)
{
	u8 tcp[20] = { [12] = 0x50, [13] = 0x02 };

	put16(tcp, sport);
	put16(&tcp[2], dport);
	return frame_bytes(tcp, sizeof(tcp));
}

struct frame frame_tcp(u16 sport, u16 dport, u8 flags, u32 seq, u32 ack, struct frame payload)
{
	u8 tcp[20] = { [12] = 0x50, [13] = flags, [14] = 0xff };

	put16(tcp, sport);
	put16(&tcp[2], dport);
	put16(&tcp[4], seq >> 16);
	put16(&tcp[6], seq);
	put16(&tcp[8], ack >> 16);
	put16(&tcp[10], ack);
	return frame_push(payload, tcp, sizeof(tcp));
}

struct frame frame_icmp(u8 type, u8 code, u32 rest, struct frame payload)
{
	u8 icmp[8] = { type, code };
	struct frame frame;

	put16(&icmp[4], rest >> 16);
	put16(&icmp[6], rest);
	frame = frame_push(payload, icmp, sizeof(icmp));
	/* right for ICMPv4; frame_ip() puts ICMPv6's in its place */
	put16(&frame.b[2], fold(sum16(0, frame.b, frame.len)));
	return frame;
}

struct frame frame_nd(u8 type, u32 flags, const char *target, u8 option, const char *option_mac)
{
	struct frame frame = { .len = option_mac ? 32 : 24 };

	frame.b[0] = type;
	put16(&frame.b[4], flags >> 16);
	put16(&frame.b[6], flags);
	put_ip(&frame.b[8], target);
	if (option_mac) {
		frame.b[24] = option;
		frame.b[25] = 1;
		put_mac(&frame.b[26], option_mac);
	}
	return frame;
}

static void put_vni(u8 *at, u32 vni)
{
	at[0] = (u8)(vni >> 16);
	put16(&at[1], vni);
}

struct frame frame_vxlan(u32 vni, struct frame inner)
{
	u8 vxlan[8] = { 0x08 };

	put_vni(&vxlan[4], vni);
	return frame_push(inner, vxlan, sizeof(vxlan));
}

struct frame frame_geneve(u32 vni, const void *options, size_t options_len, struct frame inner)
{
	u8 geneve[8] = { (u8)(options_len / 4), 0, 0x65, 0x58 };

	put_vni(&geneve[4], vni);
	if (options_len)
		inner = frame_push(inner, options, options_len);
	return frame_push(inner, geneve, sizeof(geneve));
}

struct frame frame_fragment(struct frame whole, u16 offset, bool more, size_t len)
{
	const size_t ip_at = 14, payload_at = 34;
	struct frame frame = frame_push(
		frame_bytes(whole.b + payload_at + offset * 8, len), whole.b, payload_at);
	u8 *header = frame.b + ip_at;

	put16(&header[2], (u32)(20 + len));
	header[4] = 0x12; /* the same identification in all */
	header[6] = more ? 0x20 : 0;
	header[7] = (u8)offset;
	put16(&header[10], 0);
	put16(&header[10], fold(sum16(0, header, 20)));
	return frame;
}

struct frame frame_hop(struct frame frame)
{
	u8 *ip = &frame.b[14];

	if (frame.b[12] == 0x86) {
		ip[7]--;
		return frame;
	}
	ip[8]--;
	put16(&ip[10], 0);
	put16(&ip[10], fold(sum16(0, ip, 20)));
	return frame;
}
