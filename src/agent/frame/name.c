/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/frame/name.h"

#include <glib.h>

#define LABEL_MAX 63
#define WIRE_MAX 255
#define POINTER 0xc0

void write_name(struct writer *w, const char *name)
{
	size_t start = w->len;

	if (strcmp(name, ".") == 0)
		name = "";
	while (*name) {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > LABEL_MAX)
			w->failed = true;
		write_u8(w, (u8)len);
		write_bytes(w, name, len);
		if (w->failed)
			return;
		name += len + (name[len] == '.');
	}
	write_u8(w, 0);
	if (w->len - start > WIRE_MAX)
		w->failed = true;
}

static bool is_plain(u8 c)
{
	return c > ' ' && c < 0x7f && c != '.' && c != '\\';
}

/* Appends a label and a dot at @at; returns where the text then ends, 0 when it does not fit. */
static size_t append_label(char text[static NAME_SIZE], size_t at, const u8 *label, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (at + 6 > NAME_SIZE)
			return 0;
		if (is_plain(label[i]))
			text[at++] = g_ascii_tolower((char)label[i]);
		else
			at += (size_t)g_snprintf(text + at, 5, "\\%03u", label[i]);
	}
	text[at++] = '.';
	return at;
}

/* Where the pointer whose first byte is @first leads: always backwards, so that it ends. */
static bool follow(struct reader *r, const struct reader *message, u8 first, const u8 *before)
{
	size_t offset = (size_t)(first & ~POINTER) << 8 | read_u8(r);

	if (r->failed || !message || message->p + offset >= before)
		return false;
	*r = (struct reader){ .p = message->p + offset, .end = before };
	return true;
}

void read_name(struct reader *r, const struct reader *message, char ret[static NAME_SIZE])
{
	struct reader at = *r;
	size_t text = 0, wire = 0;
	bool jumped = false;

	for (;;) {
		const u8 *before = at.p;
		u8 len = read_u8(&at);

		if (at.failed || len == 0)
			break;
		if ((len & POINTER) == POINTER) {
			struct reader target = at;

			at.failed = !follow(&target, message, len, before);
			if (!jumped)
				r->p = before + 2;
			jumped = true;
			if (at.failed)
				break;
			at = target;
			continue;
		}
		const u8 *label = len <= LABEL_MAX ? read_bytes(&at, len) : NULL;
		wire += 1u + len;
		text = label && wire < WIRE_MAX ? append_label(ret, text, label, len) : 0;
		if (!text) {
			at.failed = true;
			break;
		}
	}
	ret[text ? text - 1 : 0] = '\0';
	if (at.failed)
		r->failed = true;
	else if (!jumped)
		r->p = at.p;
}

void skip_name(struct reader *r)
{
	for (;;) {
		u8 len = read_u8(r);

		if (r->failed || len == 0)
			return;
		if ((len & POINTER) == POINTER) {
			read_u8(r);
			return;
		}
		if (len > LABEL_MAX)
			r->failed = true;
		read_bytes(r, len);
	}
}
