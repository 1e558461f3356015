/* SPDX-License-Identifier: Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool mac_parse(const char *text, struct mac *ret)
{
	struct mac mac;

	for (int i = 0; i < 6; i++, text += 3) {
		int high = g_ascii_xdigit_value(text[0]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

		if (low < 0)
			return false;
		mac.b[i] = (u8)(high << 4 | low);
		if (i < 5 ? text[2] != ':' && text[2] != '-' : text[2] != '\0')
			return false;
	}
	*ret = mac;
	return true;
}

bool ip_parse(const char *text, struct ip *ret)
{
	struct ip ip = { 0 };

	if (inet_pton(AF_INET, text, ip.b) == 1)
		ip.family = 4;
	else if (inet_pton(AF_INET6, text, ip.b) == 1)
		ip.family = 6;
	else
		return false;
	*ret = ip;
	return true;
}

bool prefix_parse(const char *text, struct prefix *ret)
{
	const char *slash = strchr(text, '/');
	char addr[IP_STRLEN];
	struct prefix prefix;
	guint64 len;

	if (!slash || (size_t)(slash - text) >= sizeof(addr))
		return false;
	memcpy(addr, text, (size_t)(slash - text));
	addr[slash - text] = '\0';
	if (!ip_parse(addr, &prefix.ip))
		return false;
	if (!g_ascii_string_to_unsigned(slash + 1, 10, 0, ip_bits(&prefix.ip), &len, NULL))
		return false;
	prefix.len = (u8)len;
	*ret = prefix;
	return true;
}

const char *mac_format(const struct mac *mac, char buf[static MAC_STRLEN])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < sizeof mac->b; i++) {
		buf[3 * i] = digits[mac->b[i] >> 4];
		buf[3 * i + 1] = digits[mac->b[i] & 15];
		buf[3 * i + 2] = i == sizeof mac->b - 1 ? '\0' : ':';
	}
	return buf;
}

const char *ip_format(const struct ip *ip, char buf[static IP_STRLEN])
{
	if (!ip->family || !inet_ntop(ip->family == 4 ? AF_INET : AF_INET6, ip->b, buf, IP_STRLEN))
		buf[0] = '\0';
	return buf;
}

const char *prefix_format(const struct prefix *prefix, char buf[static PREFIX_STRLEN])
{
	char ip[IP_STRLEN];

	snprintf(buf, PREFIX_STRLEN, "%s/%u", ip_format(&prefix->ip, ip), prefix->len);
	return buf;
}

bool mac_is_multicast(const struct mac *mac)
{
	return mac->b[0] & 1;
}

bool mac_is_zero(const struct mac *mac)
{
	static const struct mac zero;

	return !memcmp(mac, &zero, sizeof(zero));
}

bool ip_is_multicast(const struct ip *ip)
{
	return ip->family == 4 ? (ip->b[0] & 0xf0) == 0xe0 : ip->b[0] == 0xff;
}

bool ip_is_link_local(const struct ip *ip)
{
	if (ip->family == 4)
		return ip->b[0] == 169 && ip->b[1] == 254;
	return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

int ip_compare(const struct ip *a, const struct ip *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

guint ip_hash(gconstpointer data)
{
	const struct ip *ip = data;
	guint hash = ip->family;

	for (size_t i = 0; i < sizeof(ip->b); i++)
		hash = hash * 31 + ip->b[i];
	return hash;
}

gboolean ip_equal(gconstpointer a, gconstpointer b)
{
	return !ip_compare(a, b);
}

int mac_compare(const struct mac *a, const struct mac *b)
{
	return memcmp(a, b, sizeof(*a));
}

struct ip ip_add(struct ip ip, u64 n)
{
	for (int i = (int)ip_bytes(&ip) - 1; i >= 0 && n; i--) {
		n += ip.b[i];
		ip.b[i] = (u8)n;
		n >>= 8;
	}
	return ip;
}

u64 ip_distance(const struct ip *low, const struct ip *high)
{
	u8 diff[16];
	int borrow = 0;
	u64 value = 0;

	if (ip_compare(low, high) >= 0)
		return 0;
	for (int i = (int)ip_bytes(low) - 1; i >= 0; i--) {
		int d = high->b[i] - low->b[i] - borrow;

		borrow = d < 0;
		diff[i] = (u8)d;
	}
	for (unsigned i = 0; i < ip_bytes(low); i++) {
		if (value >> 56)
			return UINT64_MAX;
		value = value << 8 | diff[i];
	}
	return value;
}

/* Sets (@ones) or clears all bits behind the first @len. */
static struct ip with_host_bits(struct ip ip, unsigned len, u8 ones)
{
	for (unsigned i = 0; i < ip_bytes(&ip); i++) {
		unsigned mask = len >= (i + 1) * 8 ? 0xff
				: len <= i * 8	   ? 0
						   : 0xff00U >> (len - i * 8);

		ip.b[i] = (u8)((ip.b[i] & mask) | (ones & ~mask));
	}
	return ip;
}

struct ip prefix_network(const struct prefix *prefix)
{
	return with_host_bits(prefix->ip, prefix->len, 0);
}

struct ip prefix_last(const struct prefix *prefix)
{
	return with_host_bits(prefix->ip, prefix->len, 0xff);
}

bool prefix_contains(const struct prefix *prefix, const struct ip *ip)
{
	struct ip a = prefix_network(prefix), b;

	if (ip->family != prefix->ip.family)
		return false;
	b = with_host_bits(*ip, prefix->len, 0);
	return !ip_compare(&a, &b);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
	return a->len <= b->len ? prefix_contains(a, &b->ip) : prefix_contains(b, &a->ip);
}

struct ip ip_from_eui64(const struct prefix *prefix, const struct mac *mac)
{
	struct ip ip = prefix_network(prefix);

	memcpy(&ip.b[8], mac->b, 3);
	memcpy(&ip.b[13], &mac->b[3], 3);
	ip.b[8] ^= 2;
	ip.b[11] = 0xff;
	ip.b[12] = 0xfe;
	return ip;
}

struct ip ip_link_local_from_mac(const struct mac *mac)
{
	static const struct prefix link_local = { .ip = { .family = 6, .b = { 0xfe, 0x80 } },
		.len = 64 };

	return ip_from_eui64(&link_local, mac);
}
