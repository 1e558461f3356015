/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIP. What a guest says of itself reads as what it is outside, and what is said to it the
 * other way round. Media are expected between the two sides of the signalling alone: from the peer
 * to where the guest wants them, and from the guest to where the peer wants them, as the address
 * that the guest has in the signalling. A guest that registers by UDP can be called as long as it
 * is; by TCP it is by the connection that it has (RFC 5626).
 *
 * TCP carries one message behind the other, in any segments. Those that lie in one whole are
 * translated; the beginning of one is kept back until the rest comes, and so is sent on with that.
 * Who sends it once more before has no more of it under way, so then it passes as it is, and so
 * does all that is no SIP.
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

/* What the message reads as on the other side; NULL: the same. */
static GString *translate(
	struct helpers *helpers, const struct helped_packet *helped, const char *text, size_t len)
{
	const bool out = helped->from == SIDE_GUEST;
	struct sip_packet sip = { helpers, helped };
	const struct sip_change change = { .from = out ? helped->guest : helped->outside,
		.to = out ? helped->outside : helped->guest,
		.from_port = out ? helped->guest_port : helped->outside_port,
		.to_port = out ? helped->outside_port : helped->guest_port,
		.arriving = !out,
		.peer = helped->peer,
		.media = out ? guest_media : peer_media,
		.data = &sip };

	return sip_translate(text, len, &change);
}

GByteArray *helped_sip(struct helpers *helpers, const struct helped_packet *helped)
{
	const char *text = (const char *)helped->packet->frame + helped->packet->payload;
	size_t len = packet_payload_len(helped->packet), message_len;
	unsigned registers =
		helped->from == SIDE_GUEST && !helped->floats ? sip_registers(text, len) : 0;
	GString *message = translate(helpers, helped, text, len);

	if (registers)
		helped_expect_signalling(helpers, helped, MIN(registers, REGISTERED_MAX_S));
	if (!message)
		return NULL;
	message_len = message->len;
	return g_byte_array_new_take((u8 *)g_string_free(message, FALSE), message_len);
}

/* Between messages there may be empty lines, which keep the connection (RFC 5626 section 4.4.1). */
static size_t empty_lines(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (text[n] == '\r' || text[n] == '\n'))
		n++;
	return n;
}

/* False: it can't be followed, so it stays as it is. */
static bool note(const struct helped_packet *helped, u32 seq, size_t was, size_t is)
{
	struct adjust *adjust = &helped->connection->sides[helped->from].adjust;
	s32 delta = (s32)is - (s32)was;

	if (!adjust_fits(adjust, seq, delta))
		return false;
	adjust_note(adjust, seq, delta, (u32)is);
	return true;
}

struct stream {
	const char *text;
	size_t len;
	u32 seq;       /* of the text */
	bool newest;   /* nothing behind it has come yet */
	bool given_up; /* what has been kept back for so long is sent again */
	GByteArray *joined;
};

/* What the segment carries, behind what was kept back of the one before. */
static struct stream stream_of(struct helpers *helpers, const struct helped_packet *helped)
{
	const struct packet *packet = helped->packet;
	typeof(helped->connection->sides[0]) *side = &helped->connection->sides[helped->from];
	struct stream stream = { .text = (const char *)packet->frame + packet->payload,
		.len = packet_payload_len(packet),
		.seq = packet->seq };

	if (!stream.len)
		return stream;
	stream.newest = !side->in_step || (s32)(packet->seq + (u32)stream.len - side->line) >= 0;
	if (stream.newest) {
		side->line = packet->seq + (u32)stream.len;
		side->in_step = true;
	}
	if (!side->held)
		return stream;
	if (packet->seq == side->held_seq + side->held->len) {
		stream.seq = side->held_seq;
		stream.joined =
			connections_release(helpers->connections, helped->connection, helped->from);
		g_byte_array_append(stream.joined, (const u8 *)stream.text, (guint)stream.len);
		stream.text = (const char *)stream.joined->data;
		stream.len = stream.joined->len;
		return stream;
	}
	if (packet->seq != side->held_seq)
		return stream;
	stream.given_up = stream.len <= side->held->len &&
			  g_get_monotonic_time() - side->held_us >= HELD_S * G_USEC_PER_SEC;
	if (stream.given_up || stream.len > side->held->len)
		g_byte_array_unref(connections_release(
			helpers->connections, helped->connection, helped->from));
	return stream;
}

/* The message of @n bytes at @at goes to @out; true: as another. */
static bool append_message(struct helpers *helpers, const struct helped_packet *helped,
	const struct stream *stream, size_t at, size_t n, GByteArray *out)
{
	const char *text = stream->text + at;
	GString *message = translate(helpers, helped, text, n);
	bool changed = message && note(helped, stream->seq + (u32)at, n, message->len);

	if (changed)
		g_byte_array_append(out, (const u8 *)message->str, (guint)message->len);
	else
		g_byte_array_append(out, (const u8 *)text, (guint)n);
	if (message)
		g_string_free(message, TRUE);
	return changed;
}

/* Whether the beginning of a message is kept back, or has been already. */
static bool keep(struct helpers *helpers, const struct helped_packet *helped,
	const struct stream *stream, size_t at, size_t n)
{
	const typeof(helped->connection->sides[0]) *side = &helped->connection->sides[helped->from];
	const char *rest = stream->text + at;
	u32 seq = stream->seq + (u32)at;

	if (stream->given_up || helped->packet->flags & (PACKET_FIN | PACKET_RST) ||
		!sip_begins(rest, n))
		return false;
	if (side->held && (side->held_seq != seq || n <= side->held->len))
		return side->held_seq == seq;
	return stream->newest && connections_hold(helpers->connections, helped->connection,
					 helped->from, seq, (const u8 *)rest, n);
}

GByteArray *helped_sip_stream(
	struct helpers *helpers, const struct helped_packet *helped, u32 *ret_seq)
{
	struct stream stream = stream_of(helpers, helped);
	g_autoptr(GByteArray) joined = stream.joined;
	g_autoptr(GByteArray) out = g_byte_array_sized_new((guint)stream.len);
	bool changed = joined != NULL;
	size_t at = 0, n;

	while (at < stream.len) {
		n = empty_lines(stream.text + at, stream.len - at);
		g_byte_array_append(out, (const u8 *)stream.text + at, (guint)n);
		at += n;
		n = sip_length(stream.text + at, stream.len - at);
		if (!n)
			break;
		changed |= append_message(helpers, helped, &stream, at, n, out);
		at += n;
	}
	n = stream.len - at;
	if (n && keep(helpers, helped, &stream, at, n))
		changed = true;
	else
		g_byte_array_append(out, (const u8 *)stream.text + at, (guint)n);
	*ret_seq = stream.seq;
	return changed ? g_steal_pointer(&out) : NULL;
}
