/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/gre.h"

#include <arpa/inet.h>
#include <string.h>

#define CHECKSUM 0x8000
#define KEY 0x2000
#define SEQUENCE 0x1000
#define KNOWN (CHECKSUM | KEY | SEQUENCE)

static u16 get16(const u8 *data)
{
	return (u16)(data[0] << 8 | data[1]);
}

static u32 get32(const u8 *data)
{
	return (u32)get16(data) << 16 | get16(data + 2);
}

static void put16(u8 *data, u16 value)
{
	data[0] = (u8)(value >> 8);
	data[1] = (u8)value;
}

bool gre_parse_line(const char *line, struct gre_tunnel *ret, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	struct gre_tunnel tunnel = { 0 };
	guint64 key = 0;

	if (g_strv_length(words) != 4 || !*words[0] || strlen(words[0]) >= sizeof(tunnel.name) ||
		inet_pton(AF_INET, words[1], &tunnel.local) != 1 ||
		inet_pton(AF_INET, words[2], &tunnel.peer) != 1 ||
		(strcmp(words[3], "-") &&
			!g_ascii_string_to_unsigned(words[3], 10, 0, UINT32_MAX, &key, NULL)))
		return weft_fail(error, INVALID_INPUT, "\"%s\" must be NAME LOCAL PEER KEY", line);
	g_strlcpy(tunnel.name, words[0], sizeof(tunnel.name));
	tunnel.has_key = strcmp(words[3], "-") != 0;
	tunnel.key = (u32)key;
	*ret = tunnel;
	return true;
}

size_t gre_build(const struct gre_tunnel *tunnel, const u8 *packet, size_t len, u8 *ret)
{
	unsigned version = len ? packet[0] >> 4 : 0;

	if (version != 4 && version != 6)
		return 0;
	put16(ret, tunnel->has_key ? KEY : 0);
	put16(ret + 2, version == 4 ? GRE_IPV4 : GRE_IPV6);
	if (!tunnel->has_key)
		return 4;
	put16(ret + 4, (u16)(tunnel->key >> 16));
	put16(ret + 6, (u16)tunnel->key);
	return 8;
}

/* RFC 1071 */
static bool sums_up(const u8 *data, size_t len)
{
	u32 sum = 0;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += get16(data + i);
	if (len & 1)
		sum += (u32)data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

size_t gre_strip(const struct gre_tunnel *tunnel, const u8 *data, size_t len)
{
	size_t at = 4;
	u16 flags, protocol;

	if (len < at)
		return 0;
	flags = get16(data);
	protocol = get16(data + 2);
	if (flags & ~KNOWN || (protocol != GRE_IPV4 && protocol != GRE_IPV6) ||
		!(flags & KEY) != !tunnel->has_key)
		return 0;
	at += flags & CHECKSUM ? 4 : 0;
	if (flags & KEY) {
		if (len < at + 4 || get32(data + at) != tunnel->key)
			return 0;
		at += 4;
	}
	at += flags & SEQUENCE ? 4 : 0;
	if (len <= at || data[at] >> 4 != (protocol == GRE_IPV4 ? 4 : 6) ||
		(flags & CHECKSUM && !sums_up(data, len)))
		return 0;
	return at;
}
