/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/vici.h"

#include <string.h>

#define LENGTH_BYTES 4

static size_t get(const u8 *data, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | data[i];
	return n;
}

gssize vici_packet(const u8 *data, size_t len)
{
	size_t n;

	if (len < LENGTH_BYTES)
		return 0;
	n = get(data, LENGTH_BYTES);
	if (!n || n > VICI_PACKET_MAX)
		return -1;
	return len - LENGTH_BYTES < n ? 0 : (gssize)(LENGTH_BYTES + n);
}

/* A text of a length of @bytes bytes before it; what would end a line, or is no ASCII, is a '?'. */
static bool take_text(struct vici_reader *reader, size_t bytes, char *ret)
{
	size_t len, kept;

	if ((size_t)(reader->end - reader->at) < bytes)
		return false;
	len = get(reader->at, bytes);
	reader->at += bytes;
	if ((size_t)(reader->end - reader->at) < len)
		return false;
	kept = MIN(len, VICI_TEXT_MAX - 1);
	for (size_t i = 0; i < kept; i++)
		ret[i] = g_ascii_isprint((char)reader->at[i]) ? (char)reader->at[i] : '?';
	ret[kept] = '\0';
	reader->at += len;
	return true;
}

bool vici_read(struct vici_reader *reader, const u8 *packet, size_t len)
{
	memset(reader, 0, sizeof(*reader));
	if (len < LENGTH_BYTES + 1)
		return false;
	reader->at = packet + LENGTH_BYTES;
	reader->end = packet + len;
	reader->type = (enum vici_type) * reader->at++;
	return (reader->type != VICI_EVENT && reader->type != VICI_REQUEST &&
		       reader->type != VICI_REGISTER) ||
	       take_text(reader, 1, reader->event);
}

enum vici_element vici_next(struct vici_reader *reader)
{
	enum vici_element element;
	bool ok = true;

	if (reader->at == reader->end)
		return reader->depth ? VICI_WRONG : VICI_END;
	element = (enum vici_element) * reader->at++;
	switch (element) {
	case VICI_SECTION_START:
		ok = reader->depth++ < VICI_DEPTH_MAX && take_text(reader, 1, reader->name);
		break;
	case VICI_SECTION_END:
		ok = reader->depth-- > 0;
		break;
	case VICI_VALUE:
		ok = take_text(reader, 1, reader->name) && take_text(reader, 2, reader->value);
		break;
	case VICI_LIST_START:
		ok = take_text(reader, 1, reader->name);
		break;
	case VICI_LIST_ITEM:
		ok = take_text(reader, 2, reader->value);
		break;
	case VICI_LIST_END:
		break;
	default:
		ok = false;
	}
	return ok ? element : VICI_WRONG;
}

static void append(GByteArray *packet, size_t n, unsigned bytes)
{
	while (bytes--) {
		u8 byte = (u8)(n >> 8 * bytes);

		g_byte_array_append(packet, &byte, 1);
	}
}

static void append_text(GByteArray *packet, const char *text, unsigned bytes)
{
	append(packet, strlen(text), bytes);
	g_byte_array_append(packet, (const guint8 *)text, (guint)strlen(text));
}

GByteArray *vici_new(enum vici_type type, const char *name)
{
	GByteArray *packet = g_byte_array_new();

	append(packet, 0, LENGTH_BYTES);
	append(packet, type, 1);
	append_text(packet, name, 1);
	return packet;
}

void vici_add(GByteArray *packet, const char *key, const char *value)
{
	append(packet, VICI_VALUE, 1);
	append_text(packet, key, 1);
	append_text(packet, value, 2);
}

void vici_finish(GByteArray *packet)
{
	size_t n = packet->len - LENGTH_BYTES;

	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		packet->data[i] = (u8)(n >> 8 * (LENGTH_BYTES - 1 - i));
}
