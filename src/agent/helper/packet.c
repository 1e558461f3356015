/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/helper/packet.h"

#include <netinet/in.h>
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/checksum.h"

#define IP4_BYTES 20
#define TCP_BYTES 20
#define UDP_BYTES 8
#define IP_MAX 65535
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_SACK_PERMITTED 4

static bool parse_tcp(struct packet *p)
{
	const u8 *tcp = p->frame + p->l4;
	size_t header;

	if (p->len - p->l4 < TCP_BYTES)
		return false;
	header = (size_t)(tcp[12] >> 4) * 4;
	p->seq = get_u32(tcp + 4);
	p->ack = get_u32(tcp + 8);
	p->flags = tcp[13];
	p->payload = p->l4 + header;
	return header >= TCP_BYTES && p->payload <= p->len;
}

static bool parse_udp(struct packet *p)
{
	size_t len = p->len - p->l4;

	if (len < UDP_BYTES || get_u16(p->frame + p->l4 + 4) < UDP_BYTES ||
		get_u16(p->frame + p->l4 + 4) > len)
		return false;
	p->len = p->l4 + get_u16(p->frame + p->l4 + 4);
	p->payload = p->l4 + UDP_BYTES;
	return true;
}

bool packet_parse(const u8 *frame, size_t len, struct packet *ret)
{
	const u8 *ip = frame + PACKET_ETHERNET_BYTES;
	size_t header, total;

	*ret = (struct packet){ .frame = frame };
	if (len < PACKET_ETHERNET_BYTES + IP4_BYTES || get_u16(frame + 12) != 0x0800 ||
		ip[0] >> 4 != 4)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	total = get_u16(ip + 2);
	if (header < IP4_BYTES || total < header + UDP_BYTES ||
		total > len - PACKET_ETHERNET_BYTES || get_u16(ip + 6) & 0x3fff)
		return false;
	ret->len = PACKET_ETHERNET_BYTES + total;
	ret->l4 = PACKET_ETHERNET_BYTES + header;
	ret->proto = ip[9];
	memcpy(&ret->src, ip + 12, 4);
	memcpy(&ret->dst, ip + 16, 4);
	ret->sport = get_u16(frame + ret->l4);
	ret->dport = get_u16(frame + ret->l4 + 2);
	if (ret->proto == IPPROTO_TCP)
		return parse_tcp(ret);
	return ret->proto == IPPROTO_UDP && parse_udp(ret);
}

/* Where the TCP option is; 0: there is none. */
static size_t find_option(const u8 *frame, size_t at, size_t end, u8 kind)
{
	while (at < end && frame[at] != OPTION_END) {
		size_t len = frame[at] == OPTION_NOP ? 1 : at + 1 < end ? frame[at + 1] : 0;

		if (!len || (frame[at] != OPTION_NOP && len < 2) || len > end - at)
			return 0;
		if (frame[at] == kind)
			return at;
		at += len;
	}
	return 0;
}

static void finish_ip(u8 *frame, const struct packet *p, size_t total, u16 number)
{
	u8 *ip = frame + PACKET_ETHERNET_BYTES;

	put_u16(ip + 2, (u16)total);
	put_u16(ip + 4, (u16)(get_u16(ip + 4) + number));
	put_u16(ip + 10, 0);
	put_u16(ip + 10, checksum_fold(checksum_add(0, ip, p->l4 - PACKET_ETHERNET_BYTES)));
}

static void finish_l4(u8 *frame, const struct packet *p, size_t end)
{
	u8 *l4 = frame + p->l4, *check = l4 + (p->proto == IPPROTO_TCP ? 16 : 6);
	u32 pseudo = p->proto + (u32)(end - p->l4);
	u16 value;

	put_u16(check, 0);
	pseudo = checksum_add(pseudo, frame + PACKET_ETHERNET_BYTES + 12, 8);
	value = checksum_fold(checksum_add(pseudo, l4, end - p->l4));
	put_u16(check, !value && p->proto == IPPROTO_UDP ? 0xffff : value);
}

/* Of TCP; @sent bytes of the payload have gone before. */
static void finish_tcp(u8 *frame, const struct packet *p, const struct packet_change *change,
	size_t sent, bool last)
{
	u8 *tcp = frame + p->l4;
	size_t sack = p->flags & PACKET_SYN ? find_option(frame, p->l4 + TCP_BYTES, p->payload,
						      OPTION_SACK_PERMITTED)
					    : 0;

	put_u32(tcp + 4, change->seq + (u32)sent);
	put_u32(tcp + 8, change->ack);
	if (!last)
		tcp[13] &= (u8) ~(PACKET_FIN | PACKET_PSH);
	if (sack)
		memset(frame + sack, OPTION_NOP, MIN(frame[sack + 1], p->payload - sack));
}

bool packet_emit(
	const struct packet *p, const struct packet_change *change, packet_out_fn out, void *data)
{
	size_t chunk = change->chunk && p->proto == IPPROTO_TCP ? change->chunk : IP_MAX, sent = 0;
	g_autofree u8 *frame = NULL;
	u16 number = 0;

	if (p->payload - PACKET_ETHERNET_BYTES + MIN(change->len, chunk) > IP_MAX)
		return false;
	frame = g_malloc(p->payload + MIN(change->len, chunk));
	do {
		size_t len = MIN(change->len - sent, chunk), end = p->payload + len;

		memcpy(frame, p->frame, p->payload);
		if (len)
			memcpy(frame + p->payload, change->payload + sent, len);
		if (p->proto == IPPROTO_TCP)
			finish_tcp(frame, p, change, sent, sent + len == change->len);
		else
			put_u16(frame + p->l4 + 4, (u16)(end - p->l4));
		finish_ip(frame, p, end - PACKET_ETHERNET_BYTES, number++);
		finish_l4(frame, p, end);
		out(frame, end, data);
		sent += len;
	} while (sent < change->len);
	return true;
}
