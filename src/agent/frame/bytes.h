/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing packets byte by byte, in network order, never behind the end. A reader that
 * has run out stays `failed` and gives zeroes, a writer that is full stays `failed` and writes
 * nothing more: so a parser or a builder checks once, at its end.
 */
#pragma once

#include <string.h>

#include "base/types.h"

struct reader {
	const u8 *p, *end;
	bool failed;
};

static inline struct reader reader_of(const u8 *bytes, size_t len)
{
	return (struct reader){ .p = bytes, .end = bytes + len };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->p);
}

/* The next @n bytes, or NULL. */
static inline const u8 *read_bytes(struct reader *r, size_t n)
{
	const u8 *bytes = r->p;

	if (r->failed || reader_left(r) < n) {
		r->failed = true;
		return NULL;
	}
	r->p += n;
	return bytes;
}

static inline u8 read_u8(struct reader *r)
{
	const u8 *b = read_bytes(r, 1);

	return b ? b[0] : 0;
}

static inline u16 read_u16(struct reader *r)
{
	const u8 *b = read_bytes(r, 2);

	return b ? (u16)((u32)b[0] << 8 | b[1]) : 0;
}

static inline u32 read_u32(struct reader *r)
{
	const u8 *b = read_bytes(r, 4);

	return b ? (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3] : 0;
}

/* A reader of the next @n bytes alone; empty and failed when there are fewer. */
static inline struct reader read_part(struct reader *r, size_t n)
{
	const u8 *b = read_bytes(r, n);

	return b ? reader_of(b, n) : (struct reader){ .p = r->p, .end = r->p, .failed = true };
}

struct writer {
	u8 *data;
	size_t len, size;
	bool failed;
};

static inline struct writer writer_of(u8 *data, size_t size)
{
	return (struct writer){ .data = data, .size = size };
}

/* Room for @n bytes, to be filled by the caller, or NULL. */
static inline u8 *write_room(struct writer *w, size_t n)
{
	u8 *room = w->data + w->len;

	if (w->failed || w->size - w->len < n) {
		w->failed = true;
		return NULL;
	}
	w->len += n;
	return room;
}

static inline void write_bytes(struct writer *w, const void *bytes, size_t n)
{
	u8 *room = write_room(w, n);

	if (room && n)
		memcpy(room, bytes, n);
}

static inline void write_zeroes(struct writer *w, size_t n)
{
	u8 *room = write_room(w, n);

	if (room)
		memset(room, 0, n);
}

static inline void write_u8(struct writer *w, u8 value)
{
	write_bytes(w, &value, 1);
}

static inline void put_u16(u8 *at, u16 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static inline void put_u32(u8 *at, u32 value)
{
	put_u16(at, (u16)(value >> 16));
	put_u16(at + 2, (u16)value);
}

static inline u16 get_u16(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static inline u32 get_u32(const u8 *at)
{
	return (u32)get_u16(at) << 16 | get_u16(at + 2);
}

static inline void write_u16(struct writer *w, u16 value)
{
	u8 *room = write_room(w, 2);

	if (room)
		put_u16(room, value);
}

static inline void write_u32(struct writer *w, u32 value)
{
	write_u16(w, (u16)(value >> 16));
	write_u16(w, (u16)value);
}
