/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MAC addresses, IP addresses and prefixes as values: parse, print, compare, count. No allocation,
 * no I/O. An IPv4 address is kept in the first four bytes of `b`; all bytes are in network order.
 */
#pragma once

#include <glib.h>

#include "base/types.h"

struct mac {
	u8 b[6];
};

struct ip {
	u8 family; /* 4, 6, or 0: none */
	u8 b[16];  /* network order; the rest is zero */
};

struct prefix {
	struct ip ip; /* host bits as given; see prefix_network() */
	u8 len;	      /* bits, 0…32 or 0…128 */
};

#define MAC_STRLEN 18 /* "aa:bb:cc:dd:ee:ff" and NUL */
#define IP_STRLEN 46  /* INET6_ADDRSTRLEN */
#define PREFIX_STRLEN 50

/* Strict parsers: the whole string or false (and *ret untouched). Accept what RFC 4291, RFC 5952
 * and dotted quads write; no leading zeroes in IPv4, no zone ids. A MAC is six hex pairs with ':'
 * or '-'. */
bool mac_parse(const char *text, struct mac *ret);
bool ip_parse(const char *text, struct ip *ret);
bool prefix_parse(const char *text, struct prefix *ret); /* "ADDR/LEN"; a bare ADDR is refused */

/* Canonical text: lower case, RFC 5952. The buffer is the caller's and is returned. */
const char *mac_format(const struct mac *mac, char buf[static MAC_STRLEN]);
const char *ip_format(const struct ip *ip, char buf[static IP_STRLEN]);
const char *prefix_format(const struct prefix *prefix, char buf[static PREFIX_STRLEN]);

bool mac_is_multicast(const struct mac *mac); /* broadcast included */
bool mac_is_zero(const struct mac *mac);
bool ip_is_multicast(const struct ip *ip);
bool ip_is_link_local(const struct ip *ip);

static inline unsigned ip_bits(const struct ip *ip)
{
	return ip->family == 4 ? 32 : 128;
}

static inline unsigned ip_bytes(const struct ip *ip)
{
	return ip->family == 4 ? 4 : 16;
}

/* Total order: family first, then the address as a number. <0, 0, >0. */
int ip_compare(const struct ip *a, const struct ip *b);
/* GHashFunc and GEqualFunc of struct ip; the hash serves as a part of a larger key's too. */
guint ip_hash(gconstpointer ip);
gboolean ip_equal(gconstpointer a, gconstpointer b);
int mac_compare(const struct mac *a, const struct mac *b);

/* @ip plus @n, wrapping at the end of the family's space. */
struct ip ip_add(struct ip ip, u64 n);

/* @high - @low, saturated at UINT64_MAX; 0 when @high < @low. Same family. */
u64 ip_distance(const struct ip *low, const struct ip *high);

/* First (host bits zero) and last (host bits one) address of a prefix. */
struct ip prefix_network(const struct prefix *prefix);
struct ip prefix_last(const struct prefix *prefix);
bool prefix_contains(const struct prefix *prefix, const struct ip *ip);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);

/* Interface identifier from a MAC, modified EUI-64 (RFC 4291 appendix A), joined to a /64 prefix.
 */
struct ip ip_from_eui64(const struct prefix *prefix, const struct mac *mac);
struct ip ip_link_local_from_mac(const struct mac *mac);
