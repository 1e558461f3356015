/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 prefixes that are others outside: an entry per direction, with what the address' sum wants
 * to be made up by (bpf/prefix.h). */
#include <string.h>

#include "datapath/internal.h"

/* One's complement sum of a prefix' words, as they lie in memory (RFC 1071 section 2). */
static u16 sum_of(const struct prefix *prefix)
{
	struct ip network = prefix_network(prefix);
	u32 sum = 0;
	u16 word;

	for (size_t i = 0; i < sizeof(network.b); i += sizeof(word)) {
		memcpy(&word, network.b + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)((sum & 0xffff) + (sum >> 16));
}

static u16 difference(u16 a, u16 b)
{
	u32 sum = (u32)a + (u16)~b;

	return (u16)((sum & 0xffff) + (sum >> 16));
}

static bool put_entry(struct dp *dp, u64 router, enum nat_direction direction,
	const struct prefix *from, const struct prefix *to, GError **error)
{
	struct ip network = prefix_network(from), becomes = prefix_network(to);
	struct prefix_key key = { .prefix_bits = PREFIX_KEY_FIXED_BITS + from->len,
		.router = { (u32)router, (u32)(router >> 32) },
		.direction = direction,
		.addr = addr_from_ip(&network) };
	struct prefix_change value = { .adjust = difference(sum_of(from), sum_of(to)),
		.in_subnet = from->len <= PREFIX_LONG };
	enum table_change change;
	u8 mask[PREFIX_BITS_MAX / 8] = { 0 };

	for (unsigned bit = 0; bit < from->len; bit++)
		mask[bit / 8] |= (u8)(0x80 >> bit % 8);
	memcpy(value.mask, mask, sizeof(value.mask));
	memcpy(value.prefix, becomes.b, sizeof(value.prefix));
	return table_put(dp, TABLE_PREFIXES, &key, &value, &change, error) &&
	       (change == TABLE_UNCHANGED || host_raise_epoch(dp, error));
}

bool dp_prefix_translation_put(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error)
{
	const struct prefix *inside = &translation->inside, *outside = &translation->outside;

	if (inside->ip.family != 6 || outside->ip.family != 6 || inside->len != outside->len ||
		inside->len > PREFIX_BITS_MAX)
		return weft_fail(error, INVALID_INPUT,
			"Prefixes inside and outside are of IPv6, of one length, and of 64 bits at most.");
	return put_entry(dp, translation->router, NAT_OUT, inside, outside, error) &&
	       put_entry(dp, translation->router, NAT_IN, outside, inside, error);
}

bool prefix_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_PREFIXES, key, error) && host_raise_epoch(dp, error);
}

static bool delete_entry(struct dp *dp, u64 router, enum nat_direction direction,
	const struct prefix *from, GError **error)
{
	struct ip network = prefix_network(from);
	struct prefix_key key = { .prefix_bits = PREFIX_KEY_FIXED_BITS + from->len,
		.router = { (u32)router, (u32)(router >> 32) },
		.direction = direction,
		.addr = addr_from_ip(&network) };

	return prefix_drop(dp, &key, error);
}

bool dp_prefix_translation_delete(
	struct dp *dp, const struct dp_prefix_translation *translation, GError **error)
{
	return delete_entry(dp, translation->router, NAT_OUT, &translation->inside, error) &&
	       delete_entry(dp, translation->router, NAT_IN, &translation->outside, error);
}
