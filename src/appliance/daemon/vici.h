/* SPDX-License-Identifier: Apache-2.0 */
/*
 * charon's control protocol (VICI, as strongSwan's documentation of it says): packets of a length,
 * a type, perhaps a name, and a message of nested elements. No I/O.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

#define VICI_PACKET_MAX (512 * 1024)
#define VICI_TEXT_MAX 512 /* of a name or value; the rest is cut off */
#define VICI_DEPTH_MAX 8

enum vici_type {
	VICI_REQUEST = 0,
	VICI_RESPONSE = 1,
	VICI_UNKNOWN = 2,
	VICI_REGISTER = 3,
	VICI_CONFIRM = 5,
	VICI_EVENT_UNKNOWN = 6,
	VICI_EVENT = 7,
};

enum vici_element {
	VICI_END, /* of the message */
	VICI_SECTION_START,
	VICI_SECTION_END,
	VICI_VALUE,
	VICI_LIST_START,
	VICI_LIST_ITEM,
	VICI_LIST_END,
	VICI_WRONG, /* no message */
};

struct vici_reader {
	const u8 *at, *end;
	enum vici_type type;
	char event[VICI_TEXT_MAX]; /* of an event */
	char name[VICI_TEXT_MAX], value[VICI_TEXT_MAX];
	unsigned depth; /* sections that are open */
};

/* How many bytes the first packet of @data takes; 0: not all of it is there; -1: none will be. */
gssize vici_packet(const u8 *data, size_t len);
/* Begins to read a packet of that length; false: it is none. */
bool vici_read(struct vici_reader *reader, const u8 *packet, size_t len);
/* The next element; its name and value are in the reader. */
enum vici_element vici_next(struct vici_reader *reader);

/* A packet of @type; then its values; then its length is set. */
GByteArray *vici_new(enum vici_type type, const char *name);
void vici_add(GByteArray *packet, const char *key, const char *value);
void vici_finish(GByteArray *packet);
