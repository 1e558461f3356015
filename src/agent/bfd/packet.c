/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bfd/packet.h"

#include "agent/frame/bytes.h"

#define VERSION 1
#define FLAG_POLL 0x20
#define FLAG_FINAL 0x10
#define FLAG_AUTHENTICATION 0x04
#define FLAG_DEMAND 0x02
#define FLAG_MULTIPOINT 0x01

void bfd_packet_write(const struct bfd_packet *packet, u8 ret[static BFD_PACKET_BYTES])
{
	struct writer w = writer_of(ret, BFD_PACKET_BYTES);

	write_u8(&w, (u8)(VERSION << 5 | (packet->diagnostic & 0x1f)));
	write_u8(
		&w, (u8)(packet->state << 6 | (packet->poll ? FLAG_POLL : 0) |
			    (packet->final ? FLAG_FINAL : 0) | (packet->demand ? FLAG_DEMAND : 0)));
	write_u8(&w, packet->detect_multiplier);
	write_u8(&w, BFD_PACKET_BYTES);
	write_u32(&w, packet->my_discriminator);
	write_u32(&w, packet->your_discriminator);
	write_u32(&w, packet->desired_min_tx_us);
	write_u32(&w, packet->required_min_rx_us);
	write_u32(&w, packet->required_min_echo_rx_us);
}

const char *bfd_packet_read(const u8 *bytes, size_t len, struct bfd_packet *ret)
{
	struct reader r = reader_of(bytes, len);
	u8 first = read_u8(&r), flags = read_u8(&r), multiplier = read_u8(&r);
	u8 length = read_u8(&r);

	*ret = (struct bfd_packet){
		.diagnostic = first & 0x1f,
		.state = flags >> 6,
		.poll = flags & FLAG_POLL,
		.final = flags & FLAG_FINAL,
		.demand = flags & FLAG_DEMAND,
		.detect_multiplier = multiplier,
		.my_discriminator = read_u32(&r),
		.your_discriminator = read_u32(&r),
		.desired_min_tx_us = read_u32(&r),
		.required_min_rx_us = read_u32(&r),
		.required_min_echo_rx_us = read_u32(&r),
	};
	if (r.failed || length < BFD_PACKET_BYTES || length > len)
		return "its length is wrong";
	if (first >> 5 != VERSION)
		return "it is of another version";
	if (!multiplier)
		return "its detection multiplier is 0";
	if (flags & FLAG_MULTIPOINT)
		return "it is multipoint";
	if (!ret->my_discriminator)
		return "it has no discriminator";
	if (flags & FLAG_AUTHENTICATION)
		return "it is authenticated, and no authentication is in use";
	if (!ret->your_discriminator && ret->state != BFD_DOWN && ret->state != BFD_ADMIN_DOWN)
		return "it names no session and is not down";
	return NULL;
}
