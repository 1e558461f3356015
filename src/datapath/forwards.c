/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port forwardings: an entry per direction for each prefix that a range of ports is made of, 30 at
 * most. The way out is known on every host that has the router, the way in and the address itself
 * where its gateway is.
 */
#include <arpa/inet.h>
#include <string.h>

#include "datapath/internal.h"

#define PORT_BITS 16

/* What is done with each entry. */
typedef bool (*entry_fn)(
	struct dp *dp, const struct forward_key *key, const struct forward *value, GError **error);

static bool put_entry(
	struct dp *dp, const struct forward_key *key, const struct forward *value, GError **error)
{
	enum table_change change;

	return table_put(dp, TABLE_FORWARDS, key, value, &change, error) &&
	       (change == TABLE_UNCHANGED || host_raise_epoch(dp, error));
}

bool forward_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_FORWARDS, key, error) && host_raise_epoch(dp, error);
}

/* Another one may have taken its place. */
static bool remove_entry(
	struct dp *dp, const struct forward_key *key, const struct forward *value, GError **error)
{
	struct forward known;

	return !table_get(dp, TABLE_FORWARDS, key, &known) ||
	       memcmp(&known, value, sizeof(known)) != 0 || forward_drop(dp, key, error);
}

/* The fewest prefixes that make up the range. */
static bool each_prefix(struct dp *dp, struct forward_key key, const struct forward *value,
	u32 first, u32 last, entry_fn entry, GError **error)
{
	while (first <= last) {
		unsigned free_bits = 0; /* as many as first's alignment and the rest allow */

		while (free_bits < PORT_BITS && !(first & ((2u << free_bits) - 1)) &&
			first + (2u << free_bits) - 1 <= last)
			free_bits++;
		key.prefix_bits = FORWARD_KEY_BITS - free_bits;
		key.port = htons((u16)first);
		if (!entry(dp, &key, value, error))
			return false;
		first += 1u << free_bits;
	}
	return true;
}

static be32 word_of(const struct ip *ip)
{
	be32 word;

	memcpy(&word, ip->b, sizeof(word));
	return word;
}

static bool each_entry(
	struct dp *dp, const struct dp_port_forwarding *forwarding, entry_fn entry, GError **error)
{
	u32 router[2] = { (u32)forwarding->router, (u32)(forwarding->router >> 32) };
	u16 more = (u16)(forwarding->external_last - forwarding->external_first);
	struct forward in = { .router = { router[0], router[1] },
		.addr = word_of(&forwarding->internal),
		.first = forwarding->external_first,
		.becomes = forwarding->internal_first,
		.many = forwarding->many };
	struct forward out = { .router = { router[0], router[1] },
		.addr = word_of(&forwarding->external),
		.first = forwarding->internal_first,
		.becomes = forwarding->external_first,
		.many = forwarding->many };
	struct forward_key in_key = { .scope = { forwarding->vni },
		.addr = out.addr,
		.kind = FLOW_KIND(forwarding->proto, NAT_IN) };
	struct forward_key out_key = { .scope = { router[0], router[1] },
		.addr = in.addr,
		.kind = FLOW_KIND(forwarding->proto, NAT_OUT) };

	return each_prefix(dp, out_key, &out, out.first, out.first + (out.many ? 0u : more), entry,
		       error) &&
	       (!forwarding->vni || each_prefix(dp, in_key, &in, in.first,
					    forwarding->external_last, entry, error));
}

bool dp_port_forwarding_put(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error)
{
	if (forwarding->external.family != 4 || forwarding->internal.family != 4)
		return weft_fail(error, INVALID_INPUT, "A port forwarding is one of IPv4.");
	return each_entry(dp, forwarding, put_entry, error);
}

bool dp_port_forwarding_remove(
	struct dp *dp, const struct dp_port_forwarding *forwarding, GError **error)
{
	return each_entry(dp, forwarding, remove_entry, error);
}

bool dp_forwarded_address_put(struct dp *dp, u64 router, u32 vni, const struct ip *ip,
	const struct mac *mac, const u8 limits[16], GError **error)
{
	struct external value = { .forwards = true };

	return limits_number(dp, limits, &value.limits, error) &&
	       external_write(dp, router, vni, ip, mac, &value, error) &&
	       dp_neighbour_put(dp, vni, ip, mac, error);
}

bool dp_forwarded_address_delete(struct dp *dp, u32 vni, const struct ip *ip, GError **error)
{
	struct neighbour_key key = { .vni = vni, .addr = addr_from_ip(ip) };
	struct external known;

	return !table_get(dp, TABLE_EXTERNALS, &key, &known) || !known.forwards ||
	       external_drop(dp, &key, error);
}
