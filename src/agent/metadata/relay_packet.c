/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <string.h>

#include "agent/frame/bytes.h"
#include "agent/frame/checksum.h"
#include "agent/metadata/relay.h"

#define IP4_HEADER_MIN 20
#define IP6_HEADER 40
#define TCP_HEADER_MIN 20

/* Where TCP begins, and the whole length; 0: it is no TCP, a fragment, or cut. */
static size_t find_tcp4(const u8 *packet, size_t len, size_t *ret_total)
{
	size_t head = (size_t)(packet[0] & 15) * 4, total = (size_t)packet[2] << 8 | packet[3];

	if (len < IP4_HEADER_MIN || head < IP4_HEADER_MIN || total > len ||
		total < head + TCP_HEADER_MIN || packet[9] != IPPROTO_TCP || packet[6] & 0x3f ||
		packet[7])
		return 0;
	*ret_total = total;
	return head;
}

static size_t find_tcp6(const u8 *packet, size_t len, size_t *ret_total)
{
	size_t head = IP6_HEADER, total = head + ((size_t)packet[4] << 8 | packet[5]);

	if (len < head || total > len || total < head + TCP_HEADER_MIN || packet[6] != IPPROTO_TCP)
		return 0;
	*ret_total = total;
	return head;
}

static size_t find_tcp(const u8 *packet, size_t len, size_t *ret_total)
{
	if (len < IP4_HEADER_MIN)
		return 0;
	if (packet[0] >> 4 == 4)
		return find_tcp4(packet, len, ret_total);
	return packet[0] >> 4 == 6 ? find_tcp6(packet, len, ret_total) : 0;
}

/* With the addresses in place: over the pseudo header of RFC 9293 or RFC 8200, and all of TCP. */
static u16 tcp_checksum(const u8 *packet, size_t head, size_t total)
{
	bool v4 = packet[0] >> 4 == 4;
	u32 sum = IPPROTO_TCP + (u32)(total - head);

	sum = v4 ? checksum_add(sum, packet + 12, 8) : checksum_add(sum, packet + 8, 32);
	return checksum_fold(checksum_add(sum, packet + head, total - head));
}

bool relay_rewrite(u8 *packet, size_t *len, const struct ip *src, const struct ip *dst)
{
	size_t total, head = find_tcp(packet, *len, &total), size = src->family == 4 ? 4 : 16;
	u8 *addresses = packet + (size == 4 ? 12 : 8);

	if (!head || src->family != packet[0] >> 4 || dst->family != src->family)
		return false;
	memcpy(addresses, src->b, size);
	memcpy(addresses + size, dst->b, size);
	if (size == 4) {
		put_u16(packet + 10, 0);
		put_u16(packet + 10, checksum_fold(checksum_add(0, packet, head)));
	}
	put_u16(packet + head + 16, 0);
	put_u16(packet + head + 16, tcp_checksum(packet, head, total));
	*len = total;
	return true;
}

bool relay_addresses(const u8 *packet, size_t len, struct ip *ret_src, struct ip *ret_dst)
{
	size_t total, size;

	if (!find_tcp(packet, len, &total))
		return false;
	size = packet[0] >> 4 == 4 ? 4 : 16;
	*ret_src = (struct ip){ .family = packet[0] >> 4 };
	*ret_dst = (struct ip){ .family = packet[0] >> 4 };
	memcpy(ret_src->b, packet + (size == 4 ? 12 : 8), size);
	memcpy(ret_dst->b, packet + (size == 4 ? 16 : 24), size);
	return true;
}
