/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/packet.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <string.h>

#include "model/firewall/security_group_match.h"

#define DHCP_SERVER_PORT 67
#define DHCP_CLIENT_PORT 68
#define FRAME_MAX_BYTES 9216

/* RFC 2131 section 2; the options follow. */
struct bootp {
	u8 op, htype, hlen, hops;
	be32 xid;
	be16 secs, flags;
	be32 ciaddr, yiaddr, siaddr, giaddr;
	u8 chaddr[16], sname[64], file[128];
	u8 cookie[4];
};
_Static_assert(sizeof(struct bootp) == 240, "RFC 2131 section 2 and the cookie");

/* Sum of 16-bit words, of RFC 1071. */
static u32 sum_words(const void *data, size_t len, u32 sum)
{
	const u8 *bytes = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (u32)(bytes[i] << 8 | bytes[i + 1]);
	if (len & 1)
		sum += (u32)(bytes[len - 1] << 8);
	return sum;
}

static be16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((u16)~sum);
}

GByteArray *packet_dhcp_discover(const struct mac *mac)
{
	static const u8 options[] = {
		53,
		1,
		1, /* message type: DHCPDISCOVER */
		55,
		3,
		1,
		3,
		6, /* wanted: subnet mask, routers, name servers */
		255,
	};
	struct ethhdr ethernet = { .h_dest = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.h_proto = htons(ETH_P_IP) };
	struct bootp bootp = { .op = 1,
		.htype = 1,
		.hlen = 6,
		.xid = htonl(0x77656674),
		.cookie = { 99, 130, 83, 99 } };
	u16 udp_len = sizeof(struct udphdr) + sizeof(bootp) + sizeof(options);
	struct iphdr ip = { .version = 4,
		.ihl = 5,
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.daddr = INADDR_BROADCAST };
	struct udphdr udp = { .source = htons(DHCP_CLIENT_PORT),
		.dest = htons(DHCP_SERVER_PORT),
		.len = htons(udp_len) };
	GByteArray *frame = g_byte_array_new();

	memcpy(ethernet.h_source, mac->b, sizeof(mac->b));
	memcpy(bootp.chaddr, mac->b, sizeof(mac->b));
	ip.tot_len = htons((u16)(sizeof(ip) + udp_len));
	ip.check = fold(sum_words(&ip, sizeof(ip), 0));
	u32 sum = sum_words(&ip.saddr, 8, (u32)IPPROTO_UDP + udp_len); /* the pseudo header */

	udp.check = fold(sum_words(options, sizeof(options),
		sum_words(&bootp, sizeof(bootp), sum_words(&udp, sizeof(udp), sum))));
	g_byte_array_append(frame, (const u8 *)&ethernet, sizeof(ethernet));
	g_byte_array_append(frame, (const u8 *)&ip, sizeof(ip));
	g_byte_array_append(frame, (const u8 *)&udp, sizeof(udp));
	g_byte_array_append(frame, (const u8 *)&bootp, sizeof(bootp));
	g_byte_array_append(frame, options, sizeof(options));
	return frame;
}

const char *packet_protocol(const char *text, bool *ret_has_ports, GError **error)
{
	static char number[4];
	int protocol = protocol_number(text);

	if (protocol <= 0 || protocol_is_extension(protocol)) {
		weft_fail(error, INVALID_INPUT,
			"'%s' is no protocol that a packet is of: give icmp, tcp, udp, sctp, gre, esp or another that rules know, or a number from 1 to 255",
			text);
		return NULL;
	}
	*ret_has_ports = protocol_has_ports(protocol);
	switch (protocol) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return "icmp";
	default:
		g_snprintf(number, sizeof(number), "%d", protocol);
		return number;
	}
}

bool packet_tcp_flags(const char *letters, u8 *ret, GError **error)
{
	static const char known[] = "FSRPAU"; /* from the lowest bit on */
	u8 flags = 0;

	for (const char *letter = letters; *letter; letter++) {
		const char *found = strchr(known, g_ascii_toupper(*letter));

		if (!found)
			return weft_fail(error, INVALID_INPUT,
				"'%s' are no flags of TCP: give some of %s, as SA", letters, known);
		flags |= (u8)(1 << (found - known));
	}
	*ret = flags;
	return true;
}

GByteArray *packet_from_hex(const char *text, GError **error)
{
	g_autoptr(GByteArray) frame = g_byte_array_new();

	for (const char *at = text; *at;) {
		if (strchr(" \t\r\n:-", *at)) {
			at++;
			continue;
		}
		int high = g_ascii_xdigit_value(at[0]),
		    low = high < 0 ? -1 : g_ascii_xdigit_value(at[1]);

		if (low < 0) {
			weft_fail(error, INVALID_INPUT,
				"'%.8s' in the frame is no byte; wanted are pairs of hexadecimal digits",
				at);
			return NULL;
		}
		g_byte_array_append(frame, &(u8){ (u8)(high << 4 | low) }, 1);
		at += 2;
	}
	if (frame->len < ETH_HLEN || frame->len > FRAME_MAX_BYTES) {
		weft_fail(error, INVALID_INPUT, "a frame has %d to %d bytes, this has %u", ETH_HLEN,
			FRAME_MAX_BYTES, frame->len);
		return NULL;
	}
	return g_steal_pointer(&frame);
}

char *packet_to_hex(const GByteArray *frame)
{
	GString *text = g_string_sized_new(frame->len * 2);

	for (guint i = 0; i < frame->len; i++)
		g_string_append_printf(text, "%02x", frame->data[i]);
	return g_string_free(text, FALSE);
}
