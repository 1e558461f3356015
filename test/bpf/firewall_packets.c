/* SPDX-License-Identifier: Apache-2.0 */
#include "firewall_packets.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

const char *const guest_macs[N_GUESTS] = { MAC1, MAC2, "02:00:00:00:00:0a", "02:00:00:00:00:0b" };
static const char *const addresses4[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1",
	"192.168.0.9" };
static const char *const addresses6[] = { "fd00::1", "fd00::2", "fd00:0:0:1::1", "fd01::1" };
static const u16 ports[] = { 1, 2, 22, 53, 80, 443, 1024, 65535 };
static const u32 seqs[] = { 1000, 1001, 1001, 2000, 1001 + (64 << 10), 3000000000u };
static const u32 acks[] = { 1001, 1001, 1001, 2001, 3000000001u };

bool chance(int percent)
{
	return g_random_int_range(0, 100) < percent;
}

u16 random_port(void)
{
	return PICK(ports);
}

u8 random_proto(u8 family)
{
	const u8 protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
		family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, IPPROTO_GRE, IPPROTO_SCTP };

	return PICK(protos);
}

static const u8 first_flags[] = { TCP_SYN, TCP_SYN, TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK,
	TCP_FIN | TCP_ACK, TCP_RST, 0 };
/* of a connection: most often what is sent in earnest */
static const u8 next_flags[] = { TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK, TCP_SYN,
	TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, TCP_RST | TCP_ACK,
	TCP_FIN, TCP_SYN | TCP_FIN, TCP_SYN | TCP_RST, 0 };

struct packet random_packet(void)
{
	struct packet p = { .from = g_random_int_range(0, N_GUESTS), .family = chance(60) ? 4 : 6 };
	const u8 types4[] = { 8, 8, 0, 0, 13 }, types6[] = { 128, 128, 129, 129, 200 };
	const char *low = p.family == 4 ? PICK(addresses4) : PICK(addresses6),
		   *high = p.family == 4 ? PICK(addresses4) : PICK(addresses6);

	p.to = (p.from + g_random_int_range(1, N_GUESTS)) % N_GUESTS;
	p.proto = random_proto(p.family);
	assert_true(ip_parse(low, &p.src) && ip_parse(high, &p.dst));
	switch (p.proto) {
	case IPPROTO_TCP:
		p.flags = PICK(first_flags);
		p.seq = PICK(seqs);
		p.ack = PICK(acks);
		p.sport = random_port();
		p.dport = random_port();
		break;
	case IPPROTO_UDP:
		p.sport = random_port();
		p.dport = random_port();
		break;
	case IPPROTO_ICMP:
		p.type = PICK(types4);
		break;
	case IPPROTO_ICMPV6:
		p.type = PICK(types6);
		break;
	}
	return p;
}

static void turn(struct packet *p)
{
	struct packet was = *p;

	p->from = was.to;
	p->to = was.from;
	p->src = was.dst;
	p->dst = was.src;
	p->sport = was.dport;
	p->dport = was.sport;
}

struct packet answer_to(struct packet p)
{
	const u8 flags = p.flags;

	p.fragment = WHOLE;
	if (p.proto == IPPROTO_TCP) {
		p.flags = flags != TCP_SYN || chance(15) ? PICK(next_flags) : TCP_SYN | TCP_ACK;
		p.seq = chance(70) ? 1001u - !!(p.flags & TCP_SYN) : PICK(seqs);
		p.ack = chance(80) ? 1001 : PICK(acks);
		if (flags != TCP_SYN && chance(30))
			return p;
	}
	turn(&p);
	if (p.type == 8 || p.type == 128)
		p.type = p.type == 8 ? 0 : 129;
	return p;
}

struct packet fragment_behind(struct packet first)
{
	static const u16 offsets[] = { 1, 2, 3, 4, 1000 };
	struct packet p = first;

	p.fragment = LATER_FRAGMENT;
	p.offset = PICK(offsets);
	if (chance(10))
		p.id |= 1u << 15; /* nobody's */
	return p;
}

void cut(struct packet *p, int i)
{
	p->fragment = chance(15) ? FIRST_FRAGMENT : WHOLE;
	p->id = (u32)i & 0x7fff;
}

static struct frame fragment_frame(const struct packet *p, struct frame payload)
{
	const bool more = p->fragment == FIRST_FRAGMENT;
	const u16 offset = more ? 0 : p->offset;
	const u8 header[8] = { p->proto, 0, (u8)(offset >> 5), (u8)(offset << 3 | more),
		(u8)(p->id >> 24), (u8)(p->id >> 16), (u8)(p->id >> 8), (u8)p->id };
	const char *dst = guest_macs[p->to], *src = guest_macs[p->from];
	char from[IP_STRLEN], to[IP_STRLEN];
	struct frame frame;

	ip_format(&p->src, from);
	ip_format(&p->dst, to);
	if (!more)
		payload = frame_fill(24);
	if (p->family == 6)
		return frame_eth(dst, src, 0x86dd,
			frame_ip(from, to, IPPROTO_FRAGMENT, frame_push(payload, header, 8)));
	frame = frame_eth(dst, src, 0x0800, frame_ip(from, to, p->proto, payload));
	frame.b[18] = (u8)(p->id >> 8);
	frame.b[19] = (u8)p->id;
	frame.b[20] = (u8)((more ? 0x20 : 0) | offset >> 8);
	frame.b[21] = (u8)offset;
	return frame;
}

struct frame packet_frame(const struct packet *p)
{
	const char *dst = guest_macs[p->to], *src = guest_macs[p->from];
	char from[IP_STRLEN], to[IP_STRLEN];
	struct frame payload = frame_fill(16);

	if (p->proto == IPPROTO_TCP)
		payload = frame_tcp(p->sport, p->dport, p->flags, p->seq, p->ack, payload);
	else if (p->proto == IPPROTO_UDP)
		payload = frame_udp(p->sport, p->dport, payload);
	else if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		payload = frame_icmp(p->type, p->code, 0x00050001, payload);
	else
		memset(payload.b, 0, payload.len);
	if (p->fragment != WHOLE)
		return fragment_frame(p, payload);
	return frame_eth(dst, src, p->family == 4 ? 0x0800 : 0x86dd,
		frame_ip(ip_format(&p->src, from), ip_format(&p->dst, to), p->proto, payload));
}
