/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections whose sender is translated, how many of it a project has by all its
 * routers, and which of these nobody has answered yet. Those are in a ring for each project, in the
 * order in which they began, as the half open ones of a port are (embryo.h): when it is full, or
 * the project has all that it may have, or the table is full, a new one takes the place of the one
 * that has waited longest for an answer. So a flood of openings that nobody answers pushes out its
 * project's, and never what has been answered. Where the project is not known, the router stands
 * for it: that is the owner of a connection.
 *
 * The rings of all owners lie in one array; where two overlap, one loses places to the other, and
 * those in them stay until they are answered or too old (src/datapath/nats.c).
 */
#pragma once

#include "flow.h"
#include "room.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct nat_key);
	__type(value, struct nat);
} nats SEC(".maps");

struct nat_count {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct router_key);
	__type(value, u64);
};
struct nat_count nats_made SEC(".maps");
struct nat_count nats_gone SEC(".maps");

/* An owner's ring, and where the next of its places is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_NAT_EMBRYOS_MAX);
	__type(key, u32);
	__type(value, struct nat_key);
} nat_embryos SEC(".maps");
struct nat_count nat_lines SEC(".maps");

#define NAT_EMBRYO_TRIES 8 /* places that are looked at for one that nobody waits in */
#define E2BIG 7		   /* what an update of a full hash table says */

static __always_inline void nat_uncount(const u32 *owner)
{
	u64 *made = bpf_map_lookup_elem(&nats_made, owner); /* the stack is as good as full */

	if (made)
		__sync_fetch_and_add(made, -1);
}

/* One more connection by the gateway's address, if its owner may have it. */
static __noinline bool nat_count(const struct gateway *gateway)
{
	struct router_key key = { .router = { gateway->owner[0], gateway->owner[1] } };
	const struct host *host = host_get();
	u64 zero = 0, *made = bpf_map_lookup_elem(&nats_made, &key);
	const u64 *gone = bpf_map_lookup_elem(&nats_gone, &key);
	s64 n;

	if (!made) {
		bpf_map_update_elem(&nats_made, &key, &zero, BPF_NOEXIST);
		made = bpf_map_lookup_elem(&nats_made, &key);
	}
	if (!host || !made)
		return false;
	n = (s64)(*made - (gone ? *gone : 0));
	if (n >= (s64)host->translations_max || n >= (s64)gateway->translations_max)
		return false;
	__sync_fetch_and_add(made, 1);
	return true;
}

/* The verdict about what comes in for a connection that is over: it may be fresh yet, and would
 * lead the next one's packets to the wrong guest. */
static __always_inline void nat_forget_flow(const struct nat_key *in)
{
	struct flow_key4 key = { .scope = in->scope[0],
		.kind = FLOW_KIND((u8)in->kind, (u32)FLOW_FROM_UNDERLAY),
		.src = in->src,
		.dst = in->dst,
		.ports = in->ports };

	bpf_map_delete_elem(&flows4, &key);
}

/* Ends the connection whose way in is @in, with the state @old; false: another was faster. */
static __noinline bool nat_end(const struct nat_key *in, const struct nat *old)
{
	struct room *room = room_get();

	if (!room)
		return false;
	room->ended = (struct nat_key){ .scope = { old->router[0], old->router[1] },
		.kind = FLOW_KIND((u8)in->kind, (u32)NAT_OUT),
		.src = old->addr,
		.dst = in->src,
		.ports = old->port | in->ports << 16 };
	bpf_map_delete_elem(&nats, &room->ended);
	nat_forget_flow(in);
	if (bpf_map_delete_elem(&nats, in))
		return false;
	nat_uncount(old->owner);
	return true;
}

static __always_inline struct nat_key *nat_embryo_at(const u32 *owner, u64 line)
{
	u32 ring = (owner[0] ^ owner[1]) * 2654435761u >> 16;
	u32 index = (ring * EDGE_NAT_RING + (u32)line % EDGE_NAT_RING) % EDGE_NAT_EMBRYOS_MAX;

	return bpf_map_lookup_elem(&nat_embryos, &index);
}

/* Whether a connection of the owner waits for an answer in that place; with @end it does no more.
 * The key is used where it lies: the stack has no room for a copy. Global, so that a loop around
 * it is short to the verifier. */
__noinline int nat_embryo_waits(const struct router_key *key, u64 line, bool end)
{
	const u32 *owner;
	struct nat_key *in;
	const struct nat *state;

	if (!key)
		return false;
	owner = key->router;
	in = nat_embryo_at(owner, line);
	state = in ? bpf_map_lookup_elem(&nats, in) : NULL;
	if (!state || state->flags & NAT_REPLIED || state->owner[0] != owner[0] ||
		state->owner[1] != owner[1])
		return false;
	return !end || nat_end(in, state);
}

static __always_inline u64 *nat_line(const u32 *owner)
{
	struct router_key key = { .router = { owner[0], owner[1] } };
	u64 zero = 0, *line = bpf_map_lookup_elem(&nat_lines, &key);

	if (line)
		return line;
	bpf_map_update_elem(&nat_lines, &key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&nat_lines, &key);
}

/* Makes room for a connection of the owner: ends who has waited longest, in a full ring, or of the
 * last few. Global, as the next is: they are looked at once. */
__noinline bool nat_evict(const struct router_key *owner)
{
	u64 *line;

	if (!owner)
		return false;
	line = nat_line(owner->router);
	for (u32 i = 0; line && i < 2 * NAT_EMBRYO_TRIES; i++) {
		u64 back = i < NAT_EMBRYO_TRIES ? 0 : 2 * NAT_EMBRYO_TRIES;

		if (nat_embryo_waits(owner, *line + i - back, true))
			return true;
	}
	return false;
}

/* The next place of the owner's ring for the connection whose way in is @in. */
__noinline int nat_line_up(const struct router_key *owner, const struct nat_key *in)
{
	struct nat_key *place;
	bool waits = true;
	u64 *line, at = 0;

	if (!owner || !in)
		return 0;
	line = nat_line(owner->router);
	for (u32 i = 0; line && waits && i < NAT_EMBRYO_TRIES; i++) {
		at = __sync_fetch_and_add(line, 1);
		waits = nat_embryo_waits(owner, at, i == NAT_EMBRYO_TRIES - 1);
	}
	place = nat_embryo_at(owner->router, at);
	if (line && place)
		*place = *in;
	return 0;
}
