/* SPDX-License-Identifier: Apache-2.0 */
/* Session descriptions. A stream is at the address of its own c=, else at that of the session. */
#include "agent/helper/sip_body.h"

#include <string.h>

struct stream {
	be32 address; /* 0: none, or none of IPv4 */
};

/* Of c=IN IP4 a.b.c.d[/ttl]; 0: anything else. */
static be32 connection_address(const struct sip_text *line)
{
	static const char begin[] = "c=IN IP4 ";
	size_t at = strlen(begin);
	be32 address;
	u8 b[4];

	if (line->len <= at || memcmp(line->text, begin, at))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		long value;

		if (i && (at >= line->len || line->text[at++] != '.'))
			return 0;
		value = sip_number(line->text, line->len, &at, 255);
		if (value < 0)
			return 0;
		b[i] = (u8)value;
	}
	memcpy(&address, b, sizeof(address));
	return address;
}

static bool begins(const struct sip_text *line, const char *with)
{
	return line->len > strlen(with) && !memcmp(line->text, with, strlen(with));
}

/* Where each of the streams is; how many. */
static unsigned find_streams(const char *text, size_t len, struct stream ret[static SIP_MEDIA_MAX])
{
	struct sip_text line;
	be32 session = 0;
	unsigned n = 0;
	size_t at = 0;

	while (sip_line(text, len, &at, &line)) {
		be32 address = connection_address(&line);

		if (begins(&line, "m=") && n < SIP_MEDIA_MAX)
			ret[n++].address = session;
		else if (begins(&line, "m="))
			break;
		else if (address && n)
			ret[n - 1].address = address;
		else if (address)
			session = address;
	}
	return n;
}

/* Where the port of m=audio 49170[/2] RTP/AVP … stands; -1: nowhere, or it is refused (0). */
static long stream_port(const struct sip_text *line, size_t *ret_at, size_t *ret_end)
{
	const char *space = memchr(line->text, ' ', line->len);
	size_t at = space ? (size_t)(space - line->text) + 1 : line->len;
	long port;

	*ret_at = at;
	port = sip_number(line->text, line->len, &at, 65535);
	*ret_end = at;
	return port > 0 ? port : -1;
}

/* The line of a stream at @stream; *ret_port and *ret_becomes: of its media, for what follows. */
static void write_stream(const struct sip_text *line, const struct stream *stream,
	const struct sip_change *change, long *ret_port, u16 *ret_becomes, GString *out)
{
	size_t at, end;
	long port = stream_port(line, &at, &end);
	u16 becomes = (u16)port;

	*ret_port = -1;
	if (port < 0 || stream->address != (change->arriving ? change->peer : change->from) ||
		!change->media || !change->media((u16)port, &becomes, change->data) ||
		change->arriving) {
		g_string_append_len(out, line->text, (gssize)line->len);
		return;
	}
	*ret_port = port;
	*ret_becomes = becomes;
	g_string_append_len(out, line->text, (gssize)at);
	g_string_append_printf(out, "%u", becomes);
	g_string_append_len(out, line->text + end, (gssize)(line->len - end));
}

/* a=rtcp:PORT of a stream (RFC 3605): the next one to that of its media. */
static void write_rtcp(const struct sip_text *line, long port, u16 becomes,
	const struct sip_change *change, GString *out)
{
	static const char begin[] = "a=rtcp:";
	size_t at = strlen(begin);
	struct sip_text rest;

	if (port < 0 || sip_number(line->text, line->len, &at, 65535) != port + 1) {
		sip_write_addresses(line, change, false, false, out);
		return;
	}
	g_string_append_printf(out, "%s%u", begin, becomes + 1u);
	rest = (struct sip_text){ line->text + at, line->len - at };
	sip_write_addresses(&rest, change, false, false, out);
}

GString *sip_translate_body(const char *text, size_t len, const struct sip_change *change)
{
	struct stream streams[SIP_MEDIA_MAX];
	unsigned n = find_streams(text, len, streams), i = 0;
	GString *out = g_string_sized_new(len + 32);
	struct sip_text line;
	long port = -1;
	u16 becomes = 0;
	size_t at = 0;

	while (sip_line(text, len, &at, &line))
		if (begins(&line, "m=") && i < n)
			write_stream(&line, &streams[i++], change, &port, &becomes, out);
		else if (begins(&line, "a=rtcp:"))
			write_rtcp(&line, port, becomes, change, out);
		else if (begins(&line, "c=") || begins(&line, "o="))
			sip_write_addresses(&line, change, false, false, out);
		else
			g_string_append_len(out, line.text, (gssize)line.len);
	return out;
}
