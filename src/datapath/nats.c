/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections whose sender is translated age here, as flow entries do (flows.c), but by timers of
 * their own: the outside must find the way back as long as RFC 5382 section 5, RFC 4787 section 4.3
 * and RFC 5508 section 3.2 say. The entry of the way in has the state; both go with it.
 *
 *   idle for                     TCP       UDP      ICMP     others
 *   not answered                 240 s     120 s    60 s     120 s
 *   answered                     7440 s    300 s    60 s     300 s
 *   closed or reset              240 s
 *   under pressure               a tenth of it, if not answered or closed
 *
 * A closed connection gives its port sooner to one that comes to it in turn (bpf/nat.h).
 * Pressure is a table 7/8 full, or a project with more than half of what it may have.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

#define BATCH 2048
#define BATCHES_PER_CALL 16
#define LONG_LIVED 7440 /* an answered TCP connection */

struct nat_walk {
	u32 cursor, seen, entries, max;
	bool in_round;
	struct nat_key keys[BATCH], dead[2 * BATCH];
	struct nat values[BATCH];
};

void nats_open(struct dp *dp)
{
	dp->nat_walk = g_new0(struct nat_walk, 1);
	dp->nat_walk->max = bpf_map__max_entries(dp->edge->maps.nats);
}

void nats_close(struct dp *dp)
{
	g_clear_pointer(&dp->nat_walk, g_free);
}

u32 nats_idle_limit(u8 proto, u8 flags)
{
	const u8 closed = NAT_FIN_OUT | NAT_FIN_IN;

	switch (proto) {
	case IPPROTO_TCP:
		if (!(flags & NAT_REPLIED) || flags & NAT_RESET || (flags & closed) == closed)
			return 240;
		return LONG_LIVED;
	case IPPROTO_ICMP:
		return 60;
	default:
		return flags & NAT_REPLIED ? 300 : 120;
	}
}

/* The key of the way out of a connection, from the entry of its way in. */
struct nat_key nats_way_out(const struct nat_key *in, const struct nat *nat)
{
	u32 port = nat->port;
	u8 proto = (u8)in->kind;
	struct nat_key key = { .scope = { nat->router[0], nat->router[1] },
		.kind = FLOW_KIND(proto, NAT_OUT),
		.src = nat->addr,
		.dst = in->src };

	key.ports = proto == IPPROTO_ICMP ? port : port | in->ports << 16;
	return key;
}

/* The key of the way in, from the entry of the way out. */
struct nat_key nats_way_in(u32 vni, const struct nat_key *out, const struct nat *nat)
{
	u32 port = nat->port;
	u8 proto = (u8)out->kind;
	struct nat_key key = { .scope = { vni, 0 },
		.kind = FLOW_KIND(proto, NAT_IN),
		.src = out->dst,
		.dst = nat->addr };

	key.ports = proto == IPPROTO_ICMP ? port << 16 : out->ports >> 16 | port << 16;
	return key;
}

/* A way out whose way in has gone, because the process ended between the two. */
static bool is_orphan(struct dp *dp, const struct nat_key *out, const struct nat *nat)
{
	struct router_key router = { .router = { out->scope[0], out->scope[1] } };
	struct gateway gateway;
	struct nat_key in;
	struct nat other;

	if (!table_get(dp, TABLE_GATEWAYS, &router, &gateway))
		return true;
	in = nats_way_in(gateway.vni, out, nat);
	return bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.nats), &in, &other) &&
	       errno == ENOENT;
}

static u64 count_of(struct bpf_map *map, const u32 owner[static 2])
{
	u64 n = 0;

	bpf_map_lookup_elem(bpf_map__fd(map), owner, &n);
	return n;
}

static void count_gone(struct dp *dp, const u32 owner[static 2])
{
	u64 n = count_of(dp->edge->maps.nats_gone, owner) + 1;

	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.nats_gone), owner, &n, BPF_ANY);
}

/* How many an owner may have; of one whose router has gone what the host says. */
static u32 limit_of(struct dp *dp, const u32 router[static 2])
{
	struct gateway gateway;

	if (!table_get(dp, TABLE_GATEWAYS, router, &gateway))
		return dp->host.translations_max;
	return MIN(dp->host.translations_max, gateway.translations_max);
}

bool nats_take(struct dp *dp, const u32 router[static 2], u32 ret_owner[static 2])
{
	int fd = bpf_map__fd(dp->edge->maps.nats_gone);
	struct gateway gateway;
	u64 gone;
	s64 n;

	if (!table_get(dp, TABLE_GATEWAYS, router, &gateway))
		return false;
	memcpy(ret_owner, gateway.owner, sizeof(gateway.owner));
	gone = count_of(dp->edge->maps.nats_gone, ret_owner);
	n = (s64)(count_of(dp->edge->maps.nats_made, ret_owner) - gone);
	gone--;
	return n < (s64)limit_of(dp, router) && !bpf_map_update_elem(fd, ret_owner, &gone, BPF_ANY);
}

void nats_release(struct dp *dp, const u32 owner[static 2])
{
	count_gone(dp, owner);
}

static bool is_pressed(struct dp *dp, const struct nat_walk *walk, const struct nat *nat)
{
	return walk->entries > walk->max - walk->max / 8 ||
	       count_of(dp->edge->maps.nats_made, nat->owner) -
			       count_of(dp->edge->maps.nats_gone, nat->owner) >
		       limit_of(dp, nat->router) / 2;
}

/* Whether the way in with this entry is to go. */
static bool is_dead(
	struct dp *dp, const struct nat_walk *walk, u8 proto, const struct nat *nat, u32 now)
{
	u32 limit = nats_idle_limit(proto, nat->flags);
	s32 idle = (s32)(now - nat->seen);

	if (idle > (s32)limit)
		return true;
	return idle > (s32)limit / 10 && limit < LONG_LIVED && is_pressed(dp, walk, nat);
}

static u32 bury(struct dp *dp, struct nat_walk *walk, u32 count, u32 now)
{
	u32 n = 0;

	for (u32 i = 0; i < count; i++) {
		const struct nat_key *key = &walk->keys[i];
		const struct nat *nat = &walk->values[i];

		if (key->kind >> 8 == NAT_OUT) {
			if ((s32)(now - nat->seen) > 60 && is_orphan(dp, key, nat))
				walk->dead[n++] = *key;
		} else if (is_dead(dp, walk, (u8)key->kind, nat, now)) {
			walk->dead[n++] = *key;
			walk->dead[n++] = nats_way_out(key, nat);
			count_gone(dp, nat->owner);
		}
	}
	return n;
}

/* One batch; false at the end of a round. */
static bool walk_batch(struct dp *dp, struct nat_walk *walk, u32 now)
{
	int fd = bpf_map__fd(dp->edge->maps.nats);
	u32 count = BATCH, n;
	int rc = bpf_map_lookup_batch(fd, walk->in_round ? &walk->cursor : NULL, &walk->cursor,
		walk->keys, walk->values, &count, NULL);

	if (rc && errno != ENOENT) {
		walk->in_round = false;
		return false;
	}
	n = bury(dp, walk, count, now);
	for (u32 i = 0; i < n; i++) /* one by one: some have gone already */
		bpf_map_delete_elem(fd, &walk->dead[i]);
	walk->seen += count > n ? count - n : 0;
	walk->in_round = !rc;
	if (!rc)
		return true;
	walk->entries = walk->seen;
	walk->seen = 0;
	return false;
}

void nats_expire(struct dp *dp, u32 now)
{
	for (int i = 0; i < BATCHES_PER_CALL && walk_batch(dp, dp->nat_walk, now); i++)
		;
}

u32 nats_entries(const struct dp *dp)
{
	return dp->nat_walk->entries;
}
