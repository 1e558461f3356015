/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Does a dash stand before byte @i of the text form? */
static bool dash_before(int i)
{
	return i == 4 || i == 6 || i == 8 || i == 10;
}

/* The digit's value and one; 0: none. Every reference is parsed when it is followed. */
static const u8 digit_values[256] = {
	['0'] = 1,
	['1'] = 2,
	['2'] = 3,
	['3'] = 4,
	['4'] = 5,
	['5'] = 6,
	['6'] = 7,
	['7'] = 8,
	['8'] = 9,
	['9'] = 10,
	['a'] = 11,
	['b'] = 12,
	['c'] = 13,
	['d'] = 14,
	['e'] = 15,
	['f'] = 16,
	['A'] = 11,
	['B'] = 12,
	['C'] = 13,
	['D'] = 14,
	['E'] = 15,
	['F'] = 16,
};

bool uuid_parse(const char *text, struct uuid *ret)
{
	struct uuid uuid;

	for (int i = 0; i < 16; i++, text += 2) {
		if (dash_before(i) && *text++ != '-')
			return false;
		unsigned high = digit_values[(u8)text[0]];
		unsigned low = high ? digit_values[(u8)text[1]] : 0;

		if (!low)
			return false;
		uuid.b[i] = (u8)((high - 1) << 4 | (low - 1));
	}
	if (*text)
		return false;
	*ret = uuid;
	return true;
}

const char *uuid_format(const struct uuid *uuid, char buf[static UUID_STRLEN])
{
	static const char digits[] = "0123456789abcdef";
	char *to = buf;

	for (int i = 0; i < 16; i++) {
		if (dash_before(i))
			*to++ = '-';
		*to++ = digits[uuid->b[i] >> 4];
		*to++ = digits[uuid->b[i] & 15];
	}
	*to = '\0';
	return buf;
}

/* The kernel is asked for 256 bytes (the most it gives in one uninterrupted piece) at a time. */
struct uuid uuid_random(void)
{
	static _Thread_local u8 pool[256];
	static _Thread_local size_t left;
	struct uuid uuid;

	if (left < sizeof(uuid)) {
		if (getrandom(pool, sizeof(pool), 0) != (ssize_t)sizeof(pool))
			g_error("no random numbers from the kernel: %s", g_strerror(errno));
		left = sizeof(pool);
	}
	left -= sizeof(uuid);
	memcpy(uuid.b, &pool[left], sizeof(uuid));
	memset(&pool[left], 0, sizeof(uuid));
	uuid.b[6] = (u8)((uuid.b[6] & 0x0f) | 0x40);
	uuid.b[8] = (u8)((uuid.b[8] & 0x3f) | 0x80);
	return uuid;
}

bool uuid_is_zero(const struct uuid *uuid)
{
	static const struct uuid zero;

	return !memcmp(uuid, &zero, sizeof(zero));
}

guint uuid_hash(gconstpointer uuid)
{
	guint words[4];

	memcpy(words, uuid, sizeof(words));
	return words[0] ^ words[1] ^ words[2] ^ words[3];
}

gboolean uuid_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct uuid));
}
