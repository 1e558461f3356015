/* SPDX-License-Identifier: Apache-2.0 */
/*
 * FTP. The side that a data connection comes to names its address: the client by PORT or EPRT
 * (active), the server in its answer to PASV or EPSV (passive).
 *
 *                 behind a floating IP    sharing an address
 *   guest names   its address is changed  address and port are changed, the peer is expected
 *   peer names    nothing                 a forwarded guest is expected to leave as it is known
 */
#include <netinet/in.h>
#include <string.h>

#include "agent/helper/ftp.h"
#include "agent/helper/internal.h"

static bool is_refused(struct helpers *helpers, const struct ftp_name *name, be32 own, be32 known)
{
	if (name->port >= PORT_NAMED_MIN &&
		(name->form == FTP_EPSV || name->addr == own || name->addr == known))
		return false;
	helpers->counts[HELPED_REFUSED]++;
	return true;
}

/* What the guest names is to be another address; its text. */
static size_t translate(struct helpers *helpers, const struct helped_packet *helped,
	const struct ftp_name *name, char text[static FTP_TEXT_MAX])
{
	u16 port = name->port;

	if (is_refused(helpers, name, helped->guest, helped->outside))
		return 0;
	if (!helped->floats && !helped_expect_in(helpers, helped, IPPROTO_TCP, port, port, &port))
		return 0;
	if (helped->floats && (name->form == FTP_EPSV || name->addr == helped->outside))
		return 0;
	return ftp_write(name, helped->outside, port, text);
}

static GByteArray *replace(
	const struct packet *packet, const struct ftp_name *name, const char *text, size_t text_len)
{
	const u8 *payload = packet->frame + packet->payload;
	size_t len = packet_payload_len(packet), behind = name->at + name->len;
	GByteArray *bytes = g_byte_array_sized_new((guint)(len + text_len));

	g_byte_array_append(bytes, payload, (guint)name->at);
	g_byte_array_append(bytes, (const u8 *)text, (guint)text_len);
	return g_byte_array_append(bytes, payload + behind, (guint)(len - behind));
}

/* A segment that is sent once more must be the same once more. */
static GByteArray *again_or_new(
	struct helpers *helpers, const struct helped_packet *helped, const struct ftp_name *name)
{
	typeof(helped->connection->sides[0]) *side = &helped->connection->sides[helped->from];
	char text[FTP_TEXT_MAX];
	size_t len;

	_Static_assert(FTP_TEXT_MAX <= REPLACED_MAX, "it is kept");
	if (!side->last.len || side->last.seq != helped->packet->seq) {
		len = translate(helpers, helped, name, text);
		if (!len)
			return NULL;
		side->last.seq = helped->packet->seq;
		side->last.len = len;
		memcpy(side->last.text, text, len);
	}
	return replace(helped->packet, name, side->last.text, side->last.len);
}

GByteArray *helped_ftp(struct helpers *helpers, const struct helped_packet *helped)
{
	const struct packet *packet = helped->packet;
	const char *text = (const char *)packet->frame + packet->payload;
	struct ftp_name name;

	if (!helped->connection || !connection_in_step(helped->connection, helped->from, packet) ||
		!ftp_find(text, packet_payload_len(packet), helped->about->to_server, &name))
		return NULL;
	if (helped->from == SIDE_GUEST)
		return again_or_new(helpers, helped, &name);
	/* where the guest is the client, it connects as to anybody */
	if (helped->about->to_server && !helped->floats &&
		!is_refused(helpers, &name, helped->peer, helped->peer))
		helped_expect_out(helpers, helped, IPPROTO_TCP, name.port);
	return NULL;
}
