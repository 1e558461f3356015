/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report/probe_frame.h"

#include <glib.h>
#include <netinet/in.h>
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/checksum.h"

#define ETHERTYPE_4 0x0800
#define ETHERTYPE_6 0x86dd
#define IP4_BYTES 20
#define IP6_BYTES 40
#define TCP_BYTES 20
#define ECHO 8
#define ECHO_REPLY 0
#define UNREACHABLE 3
#define ECHO6 128
#define ECHO_REPLY6 129
#define UNREACHABLE6 1

/* Ethernet and IP headers before @len bytes of @proto; the sum of the pseudo-header. */
static u32 put_headers(struct frame *frame, const struct frame_flow *flow, u8 proto, u16 len)
{
	bool v4 = flow->dst.family == 4;
	u8 *ip = frame->data + FRAME_ETHERNET_BYTES;
	size_t bytes = v4 ? 4 : 16;

	memcpy(frame->data, flow->dst_mac.b, 6);
	memcpy(frame->data + 6, flow->src_mac.b, 6);
	put_u16(frame->data + 12, v4 ? ETHERTYPE_4 : ETHERTYPE_6);
	memset(ip, 0, v4 ? IP4_BYTES : IP6_BYTES);
	if (v4) {
		ip[0] = 0x45;
		put_u16(ip + 2, (u16)(IP4_BYTES + len));
		put_u16(ip + 6, 0x4000);
		ip[8] = 64;
		ip[9] = proto;
		memcpy(ip + 12, flow->src.b, 4);
		memcpy(ip + 16, flow->dst.b, 4);
		put_u16(ip + 10, checksum_fold(checksum_add(0, ip, IP4_BYTES)));
	} else {
		ip[0] = 0x60;
		put_u16(ip + 4, len);
		ip[6] = proto;
		ip[7] = 64;
		memcpy(ip + 8, flow->src.b, 16);
		memcpy(ip + 24, flow->dst.b, 16);
	}
	frame->len = FRAME_ETHERNET_BYTES + (v4 ? IP4_BYTES : IP6_BYTES) + (size_t)len;
	return checksum_add(checksum_add((u32)proto + len, flow->dst.b, bytes), flow->src.b, bytes);
}

static u8 *transport(struct frame *frame, const struct frame_flow *flow)
{
	return frame->data + FRAME_ETHERNET_BYTES + (flow->dst.family == 4 ? IP4_BYTES : IP6_BYTES);
}

void probe_tcp(struct frame *ret, const struct frame_flow *flow, u8 flags, u32 seq, u32 ack,
	const char *payload)
{
	size_t len = MIN(payload ? strlen(payload) : 0, 1024);
	u32 pseudo = put_headers(ret, flow, IPPROTO_TCP, (u16)(TCP_BYTES + len));
	u8 *tcp = transport(ret, flow);

	memset(tcp, 0, TCP_BYTES);
	put_u16(tcp, flow->src_port);
	put_u16(tcp + 2, flow->dst_port);
	put_u32(tcp + 4, seq);
	put_u32(tcp + 8, ack);
	tcp[12] = TCP_BYTES / 4 << 4;
	tcp[13] = flags;
	put_u16(tcp + 14, 16384);
	if (len)
		memcpy(tcp + TCP_BYTES, payload, len);
	put_u16(tcp + 16, checksum_fold(checksum_add(pseudo, tcp, TCP_BYTES + len)));
}

void probe_ping(struct frame *ret, const struct frame_flow *flow, u16 id)
{
	bool v4 = flow->dst.family == 4;
	u32 pseudo = put_headers(ret, flow, v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, 8);
	u8 *icmp = transport(ret, flow);

	memset(icmp, 0, 8);
	icmp[0] = v4 ? ECHO : ECHO6;
	put_u16(icmp + 4, id);
	put_u16(icmp + 2, checksum_fold(checksum_add(v4 ? 0 : pseudo, icmp, 8)));
}

static struct probe_reply parse_tcp(const u8 *tcp, size_t len)
{
	struct probe_reply reply = { .type = PROBE_TCP };
	size_t header = len > TCP_BYTES - 1 ? (size_t)(tcp[12] >> 4) * 4 : 0;

	if (header < TCP_BYTES || header > len)
		return (struct probe_reply){ 0 };
	reply.probe = get_u16(tcp + 2);
	reply.seq = get_u32(tcp + 4);
	reply.ack = get_u32(tcp + 8);
	reply.flags = tcp[13];
	reply.payload = tcp + header;
	reply.len = len - header;
	return reply;
}

/* An error quotes the datagram: its source port is ours. */
static struct probe_reply parse_icmp(const u8 *icmp, size_t len, bool v4)
{
	struct probe_reply reply = { 0 };
	const u8 *quoted = icmp + 8;
	size_t header;

	if (len < 8)
		return reply;
	if (icmp[0] == (v4 ? ECHO_REPLY : ECHO_REPLY6)) {
		reply.type = PROBE_PONG;
		reply.probe = get_u16(icmp + 4);
		return reply;
	}
	if (icmp[0] != (v4 ? UNREACHABLE : UNREACHABLE6) || len < 9)
		return reply;
	header = v4 ? (size_t)(quoted[0] & 15) * 4 : IP6_BYTES;
	if (len < 8 + header + 4)
		return reply;
	reply.type = PROBE_UNREACHABLE;
	reply.probe = get_u16(quoted + header);
	return reply;
}

struct probe_reply probe_parse(const u8 *frame, size_t len)
{
	const u8 *ip = frame + FRAME_ETHERNET_BYTES;
	bool v4 = len > 14 && get_u16(frame + 12) == ETHERTYPE_4;
	size_t header, total;
	u8 proto;

	if (len < FRAME_ETHERNET_BYTES + (v4 ? IP4_BYTES : IP6_BYTES))
		return (struct probe_reply){ 0 };
	header = v4 ? (size_t)(ip[0] & 15) * 4 : IP6_BYTES;
	total = v4 ? get_u16(ip + 2) : IP6_BYTES + (size_t)get_u16(ip + 4);
	proto = v4 ? ip[9] : ip[6];
	total = MIN(total, len - FRAME_ETHERNET_BYTES);
	if (header < IP4_BYTES || total < header)
		return (struct probe_reply){ 0 };
	if (proto == IPPROTO_TCP)
		return parse_tcp(ip + header, total - header);
	if (proto == (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return parse_icmp(ip + header, total - header, v4);
	return (struct probe_reply){ 0 };
}
