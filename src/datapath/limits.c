/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of what is no port (bpf/outer_limit.h): a pair for each floating IP and gateway that has
 * any, by a number that the agent's successor finds again by its name. So what they have counted
 * goes on, and none is left behind.
 */
#include <errno.h>
#include <string.h>

#include "datapath/firewall.h"
#include "edge.skel.h"

static struct name name_from(const u8 id[16])
{
	struct name name;

	memcpy(name.b, id, sizeof(name.b));
	return name;
}

static bool put_both(struct dp *dp, u32 number, const struct dp_limits *limits, GError **error)
{
	return qos_limit_put(dp, RATE_LIMIT_OUTER(number, EDGE_EGRESS), &limits->egress, error) &&
	       qos_limit_put(dp, RATE_LIMIT_OUTER(number, EDGE_INGRESS), &limits->ingress, error);
}

bool limits_clear(struct dp *dp, u32 number, GError **error)
{
	return put_both(dp, number, &(struct dp_limits){ 0 }, error);
}

static u32 place_of(u32 number, enum edge_direction direction)
{
	return RATE_LIMIT_OUTER(number, direction) - RATE_LIMIT_OUTER(0, 0);
}

void limit_counts_zero(struct dp *dp, u32 number)
{
	static const struct limit_count zero;

	for (u32 direction = EDGE_EGRESS; direction <= EDGE_INGRESS; direction++) {
		u32 place = place_of(number, direction);

		bpf_map_update_elem(
			bpf_map__fd(dp->edge->maps.limit_counts), &place, &zero, BPF_ANY);
	}
}

bool dp_limits_put(
	struct dp *dp, const u8 id[16], const struct dp_limits *limits, bool held, GError **error)
{
	struct name name = name_from(id);
	u32 number;

	if (held ? !name_number(dp, NAME_LIMITS, &name, &number)
		 : !name_take(dp, NAME_LIMITS, &name, &number, error))
		return held ? weft_fail(error, INTERNAL, "Limits that were put are not there.")
			    : false;
	if (put_both(dp, number, limits, error))
		return true;
	if (!held)
		name_release(dp, NAME_LIMITS, &name);
	return false;
}

void dp_limits_release(struct dp *dp, const u8 id[16])
{
	struct name name = name_from(id);

	name_release(dp, NAME_LIMITS, &name);
}

bool limits_number(struct dp *dp, const u8 id[16], u16 *ret, GError **error)
{
	static const u8 none[16];
	struct name name = name_from(id);
	u32 number = 0;

	if (memcmp(id, none, sizeof(none)) && !name_number(dp, NAME_LIMITS, &name, &number))
		return weft_fail(error, INVALID_INPUT, "Limits are put before what has them.");
	*ret = (u16)number;
	return true;
}

static bool read_count(struct dp *dp, u32 place, struct dp_limit_count *ret, GError **error)
{
	struct limit_count count;

	if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.limit_counts), &place, &count))
		return weft_fail_errno(error, errno, "Can't read what has passed a limit");
	*ret = (struct dp_limit_count){ count.packets, count.bytes, count.dropped };
	return true;
}

bool dp_limit_counts(struct dp *dp, const u8 id[16], struct dp_limit_counts *ret, GError **error)
{
	struct name name = name_from(id);
	u32 number;

	if (!name_number(dp, NAME_LIMITS, &name, &number))
		return weft_fail(error, NOT_FOUND, "There are no such limits on this host.");
	return read_count(dp, place_of(number, EDGE_EGRESS), &ret->egress, error) &&
	       read_count(dp, place_of(number, EDGE_INGRESS), &ret->ingress, error);
}
