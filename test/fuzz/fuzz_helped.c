/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile guest or server sends by a connection that has a conntrack helper: the input as a
 * frame, as commands and answers of FTP, and as messages of SIP. What is written in the place of an
 * address is found there again, and a frame that was put together is one that can be taken apart.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/helper/ftp.h"
#include "agent/helper/packet.h"
#include "agent/helper/sip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESS 0x09710acb
#define PORT 40000

static void check_frame(const u8 *frame, size_t len, void *data)
{
	const struct packet *from = data;
	struct packet packet;

	g_assert_true(packet_parse(frame, len, &packet));
	g_assert_cmpuint(packet.len, ==, len);
	g_assert_cmpuint(packet.payload, ==, from->payload);
	g_assert_cmpuint(packet.sport, ==, from->sport);
}

static void packets(const uint8_t *data, size_t size)
{
	static const u8 other[3000];
	struct packet packet;
	struct packet_change change = { .payload = other, .len = sizeof(other), .chunk = 1000 };

	if (!packet_parse(data, size, &packet))
		return;
	g_assert_cmpuint(packet.len, <=, size);
	g_assert_cmpuint(packet.payload, <=, packet.len);
	packet_emit(&packet, &change, check_frame, &packet);
	change.payload = data + packet.payload;
	change.len = packet_payload_len(&packet);
	packet_emit(&packet, &change, check_frame, &packet);
}

static void ftp(const uint8_t *data, size_t size, bool from_client)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	char other[FTP_TEXT_MAX];
	struct ftp_name name, again;
	size_t len;

	if (!ftp_find((const char *)data, size, from_client, &name))
		return;
	g_assert_cmpuint(name.at + name.len, <=, size);
	len = ftp_write(&name, ADDRESS, PORT, other);
	g_assert_cmpuint(len, <, sizeof(other));
	g_byte_array_append(text, data, (guint)name.at);
	g_byte_array_append(text, (const u8 *)other, (guint)len);
	g_byte_array_append(text, data + name.at + name.len, (guint)(size - name.at - name.len));
	g_assert_true(ftp_find((const char *)text->data, text->len, from_client, &again));
	g_assert_cmpuint(again.at, ==, name.at);
	g_assert_cmpuint(again.len, ==, len);
	g_assert_cmpuint(again.port, ==, PORT);
	g_assert_true(again.form == FTP_EPSV || again.addr == ADDRESS);
}

static bool media(u16 port, u16 *ret_port, void *data)
{
	unsigned *n = data;

	g_assert_cmpuint(++*n, <=, SIP_MEDIA_MAX);
	g_assert_cmpuint(port, >, 0);
	*ret_port = PORT;
	return port % 2;
}

/* Never longer than what can stand in the place of each address and port. */
static void sip(const uint8_t *data, size_t size, bool arriving)
{
	unsigned n = 0;
	const struct sip_change change = { .from = 0x0500000a,
		.to = ADDRESS,
		.from_port = 5060,
		.to_port = PORT,
		.arriving = arriving,
		.peer = 0x0763c6,
		.media = media,
		.data = &n };
	GString *text = sip_translate((const char *)data, size, &change);

	sip_registers((const char *)data, size);
	if (sip_length((const char *)data, size) > size)
		abort();
	sip_begins((const char *)data, size);
	if (!text)
		return;
	g_assert_cmpuint(text->len, <=, 4 * size + 64);
	g_assert_cmpuint(strlen(text->str), ==, text->len);
	g_string_free(text, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	packets(data, size);
	ftp(data, size, true);
	ftp(data, size, false);
	sip(data, size, true);
	sip(data, size, false);
	return 0;
}
