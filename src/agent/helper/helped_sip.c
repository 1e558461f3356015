/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIP by UDP. What a guest says of itself reads as what it is outside, and what is said to it the
 * other way round. Media are expected between the two sides of the signalling alone: from the peer
 * to where the guest wants them, and from the guest to where the peer wants them, as the address
 * that the guest has in the signalling. A guest that registers can be called as long as it is.
 */
#include <netinet/in.h>

#include "agent/helper/internal.h"
#include "agent/helper/sip.h"

#define REGISTERED_MAX_S 7200

struct sip_packet {
	struct helpers *helpers;
	const struct helped_packet *helped;
};

/* A stream to the guest, and its RTCP, if it can have the port next to it. */
static bool guest_media(u16 port, u16 *ret_port, void *data)
{
	const struct sip_packet *sip = data;
	u16 control;

	if (port < PORT_NAMED_MIN || port == UINT16_MAX) {
		sip->helpers->counts[HELPED_REFUSED]++;
		return false;
	}
	if (sip->helped->floats) /* the ports stay */
		return false;
	if (!helped_expect_in(sip->helpers, sip->helped, IPPROTO_UDP, port, port, ret_port))
		return false;
	helped_expect_in(sip->helpers, sip->helped, IPPROTO_UDP, (u16)(port + 1),
		(u16)(*ret_port + 1), &control);
	return true;
}

/* A stream to the peer: it leaves as the signalling does. */
static bool peer_media(u16 port, u16 *ret_port, void *data)
{
	const struct sip_packet *sip = data;

	(void)ret_port;
	if (sip->helped->floats)
		return false;
	if (port < PORT_NAMED_MIN || port == UINT16_MAX) {
		sip->helpers->counts[HELPED_REFUSED]++;
		return false;
	}
	helped_expect_out(sip->helpers, sip->helped, IPPROTO_UDP, port);
	helped_expect_out(sip->helpers, sip->helped, IPPROTO_UDP, (u16)(port + 1));
	return false;
}

GByteArray *helped_sip(struct helpers *helpers, const struct helped_packet *helped)
{
	const bool out = helped->from == SIDE_GUEST;
	struct sip_packet sip = { helpers, helped };
	const char *text = (const char *)helped->packet->frame + helped->packet->payload;
	size_t len = packet_payload_len(helped->packet);
	const struct sip_change change = { .from = out ? helped->guest : helped->outside,
		.to = out ? helped->outside : helped->guest,
		.from_port = out ? helped->guest_port : helped->outside_port,
		.to_port = out ? helped->outside_port : helped->guest_port,
		.arriving = !out,
		.peer = helped->peer,
		.media = out ? guest_media : peer_media,
		.data = &sip };
	unsigned registers = out && !helped->floats ? sip_registers(text, len) : 0;
	GString *message = sip_translate(text, len, &change);
	size_t message_len;

	if (registers)
		helped_expect_signalling(helpers, helped, MIN(registers, REGISTERED_MAX_S));
	if (!message)
		return NULL;
	message_len = message->len;
	return g_byte_array_new_take((u8 *)g_string_free(message, FALSE), message_len);
}
