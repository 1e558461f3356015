/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/frame/frame.h"

#include <netinet/in.h>

#include "agent/frame/bytes.h"
#include "agent/frame/checksum.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define UDP_BYTES 8
#define ND_HOP_LIMIT 255
#define UDP_HOP_LIMIT 64
#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_FRAGMENT_MASK 0x3fff /* more fragments, and the offset */

/* Sum of 16-bit words (RFC 1071), unfolded; an odd last byte counts as the high one. */
static struct mac read_mac(struct reader *r)
{
	const u8 *b = read_bytes(r, 6);
	struct mac mac = { 0 };

	if (b)
		memcpy(mac.b, b, 6);
	return mac;
}

static struct ip read_ip(struct reader *r, u8 family)
{
	struct ip ip = { .family = family };
	const u8 *b = read_bytes(r, ip_bytes(&ip));

	if (b)
		memcpy(ip.b, b, ip_bytes(&ip));
	return ip;
}

/* A packet on its way through the parser: what is left is the payload of the layer just read. */
struct parse {
	struct reader r;
	u8 protocol, hop_limit;
};

static enum frame_error parse_ipv4(struct parse *p, struct frame_flow *flow)
{
	const u8 *start = p->r.p;
	u8 version_words = read_u8(&p->r);
	size_t header = (size_t)(version_words & 15) * 4;

	read_u8(&p->r);
	size_t total = read_u16(&p->r);
	read_u16(&p->r);
	u16 fragment = read_u16(&p->r);
	p->hop_limit = read_u8(&p->r);
	p->protocol = read_u8(&p->r);
	read_u16(&p->r);
	flow->src = read_ip(&p->r, 4);
	flow->dst = read_ip(&p->r, 4);
	if (p->r.failed)
		return FRAME_TRUNCATED;
	if (version_words >> 4 != 4 || header < IPV4_BYTES || total < header)
		return FRAME_LENGTH;
	if ((size_t)(p->r.end - start) < total)
		return FRAME_TRUNCATED;
	if (checksum_fold(checksum_add(0, start, header)) != 0)
		return FRAME_CHECKSUM;
	if (fragment & IPV4_FRAGMENT_MASK)
		return FRAME_FRAGMENT;
	p->r = reader_of(start + header, total - header);
	return FRAME_OK;
}

static enum frame_error parse_ipv6(struct parse *p, struct frame_flow *flow)
{
	u32 version = read_u32(&p->r) >> 28;
	size_t payload = read_u16(&p->r);

	p->protocol = read_u8(&p->r);
	p->hop_limit = read_u8(&p->r);
	flow->src = read_ip(&p->r, 6);
	flow->dst = read_ip(&p->r, 6);
	if (p->r.failed)
		return FRAME_TRUNCATED;
	if (version != 6)
		return FRAME_LENGTH;
	if (reader_left(&p->r) < payload)
		return FRAME_TRUNCATED;
	p->r = reader_of(p->r.p, payload);
	return FRAME_OK;
}

static enum frame_error parse_ip(struct parse *p, struct frame_flow *flow)
{
	flow->dst_mac = read_mac(&p->r);
	flow->src_mac = read_mac(&p->r);
	u16 ethertype = read_u16(&p->r);

	if (p->r.failed)
		return FRAME_TRUNCATED;
	switch (ethertype) {
	case ETHERTYPE_IPV4:
		return parse_ipv4(p, flow);
	case ETHERTYPE_IPV6:
		return parse_ipv6(p, flow);
	default:
		return FRAME_PROTOCOL;
	}
}

static enum frame_error expect_protocol(const struct parse *p, u8 protocol)
{
	if (p->protocol == protocol)
		return FRAME_OK;
	switch (p->protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_FRAGMENT:
	case IPPROTO_DSTOPTS:
		return FRAME_FRAGMENT;
	default:
		return FRAME_PROTOCOL;
	}
}

enum frame_error frame_parse_udp(const u8 *frame, size_t len, struct frame_flow *ret_flow,
	const u8 **ret_payload, size_t *ret_len)
{
	struct parse p = { .r = reader_of(frame, len) };
	struct frame_flow flow = { 0 };
	enum frame_error error = parse_ip(&p, &flow);

	if (error == FRAME_OK)
		error = expect_protocol(&p, IPPROTO_UDP);
	if (error != FRAME_OK)
		return error;
	flow.src_port = read_u16(&p.r);
	flow.dst_port = read_u16(&p.r);
	size_t datagram = read_u16(&p.r);
	read_u16(&p.r);
	if (p.r.failed)
		return FRAME_TRUNCATED;
	if (datagram < UDP_BYTES || datagram - UDP_BYTES > reader_left(&p.r))
		return FRAME_LENGTH;
	*ret_flow = flow;
	*ret_payload = p.r.p;
	*ret_len = datagram - UDP_BYTES;
	return FRAME_OK;
}

enum frame_error frame_parse_icmp6(const u8 *frame, size_t len, struct frame_flow *ret_flow,
	u8 *ret_hop_limit, const u8 **ret_message, size_t *ret_len)
{
	struct parse p = { .r = reader_of(frame, len) };
	struct frame_flow flow = { 0 };
	enum frame_error error = parse_ip(&p, &flow);

	if (error == FRAME_OK)
		error = flow.src.family == 6 ? expect_protocol(&p, IPPROTO_ICMPV6) : FRAME_PROTOCOL;
	if (error != FRAME_OK)
		return error;
	*ret_flow = flow;
	*ret_hop_limit = p.hop_limit;
	*ret_message = p.r.p;
	*ret_len = reader_left(&p.r);
	return FRAME_OK;
}

struct frame_flow frame_flow_reverse(const struct frame_flow *flow)
{
	return (struct frame_flow){
		.src_mac = flow->dst_mac,
		.dst_mac = flow->src_mac,
		.src = flow->dst,
		.dst = flow->src,
		.src_port = flow->dst_port,
		.dst_port = flow->src_port,
	};
}

static void write_ip_header(
	struct writer *w, const struct frame_flow *flow, size_t payload, u8 protocol, u8 hop_limit)
{
	u8 *start = w->data + w->len;

	if (flow->src.family == 6) {
		write_u32(w, 6u << 28);
		write_u16(w, (u16)payload);
		write_u8(w, protocol);
		write_u8(w, hop_limit);
	} else {
		write_u16(w, 0x4500);
		write_u16(w, (u16)(IPV4_BYTES + payload));
		write_u16(w, 0);
		write_u16(w, IPV4_DONT_FRAGMENT);
		write_u8(w, hop_limit);
		write_u8(w, protocol);
		write_u16(w, 0);
	}
	write_bytes(w, flow->src.b, ip_bytes(&flow->src));
	write_bytes(w, flow->dst.b, ip_bytes(&flow->dst));
	if (flow->src.family == 4)
		put_u16(start + 10, checksum_fold(checksum_add(0, start, IPV4_BYTES)));
}

/* Over pseudo-header and @bytes (RFC 768, RFC 8200 section 8.1). */
static u16 checksum(const struct frame_flow *flow, u8 protocol, const u8 *bytes, size_t len)
{
	u32 acc = checksum_add(protocol + (u32)len, flow->src.b, ip_bytes(&flow->src));

	return checksum_fold(
		checksum_add(checksum_add(acc, flow->dst.b, ip_bytes(&flow->dst)), bytes, len));
}

static struct writer begin(struct frame *frame, const struct frame_flow *flow)
{
	struct writer w = writer_of(frame->data, sizeof(frame->data));

	frame->len = 0;
	w.failed = flow->src.family != flow->dst.family || flow->src.family == 0;
	write_bytes(&w, flow->dst_mac.b, 6);
	write_bytes(&w, flow->src_mac.b, 6);
	write_u16(&w, flow->src.family == 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);
	return w;
}

bool frame_build_udp(
	struct frame *ret, const struct frame_flow *flow, const u8 *payload, size_t len)
{
	struct writer w = begin(ret, flow);

	if (w.failed || len > frame_udp_payload_max(flow->src.family, FRAME_MAX))
		return false;
	write_ip_header(&w, flow, UDP_BYTES + len, IPPROTO_UDP, UDP_HOP_LIMIT);
	u8 *udp = w.data + w.len;
	write_u16(&w, flow->src_port);
	write_u16(&w, flow->dst_port);
	write_u16(&w, (u16)(UDP_BYTES + len));
	write_u16(&w, 0);
	write_bytes(&w, payload, len);
	u16 value = checksum(flow, IPPROTO_UDP, udp, UDP_BYTES + len);
	put_u16(udp + 6, value ? value : 0xffff); /* zero would mean: none */
	ret->len = w.len;
	return true;
}

bool frame_build_icmp6(
	struct frame *ret, const struct frame_flow *flow, const u8 *message, size_t len)
{
	struct writer w = begin(ret, flow);

	if (w.failed || len < 4 || len > FRAME_MAX - FRAME_ETHERNET_BYTES - IPV6_BYTES ||
		flow->src.family != 6)
		return false;
	write_ip_header(&w, flow, len, IPPROTO_ICMPV6, ND_HOP_LIMIT);
	u8 *icmp = w.data + w.len;
	write_bytes(&w, message, len);
	put_u16(icmp + 2, 0);
	put_u16(icmp + 2, checksum(flow, IPPROTO_ICMPV6, icmp, len));
	ret->len = w.len;
	return true;
}

size_t frame_udp_payload_max(u8 family, u32 mtu_bytes)
{
	size_t headers = (family == 4 ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;
	size_t packet = MIN(mtu_bytes, FRAME_MAX - FRAME_ETHERNET_BYTES);

	return packet > headers ? packet - headers : 0;
}
