/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The table of connections whose sender is translated, how many of it a router has, and which of
 * these nobody has answered yet. Those are in a ring for each router, in the order in which they
 * began, as the half open ones of a port are (embryo.h): when it is full, or the router has all
 * that it may have, or the table is full, a new one takes the place of the one that has waited
 * longest for an answer. So a flood of openings that nobody answers pushes out its own, not what
 * others of the router open in earnest, and never what has been answered.
 *
 * The rings of all routers lie in one array; where two overlap, one loses places to the other, and
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

/* A router's ring, and where the next of its places is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_NAT_EMBRYOS_MAX);
	__type(key, u32);
	__type(value, struct nat_key);
} nat_embryos SEC(".maps");
struct nat_count nat_lines SEC(".maps");

#define NAT_EMBRYO_TRIES 8 /* places that are looked at for one that nobody waits in */
#define E2BIG 7		   /* what an update of a full hash table says */

/* One more connection of the router, by @step, if it may have it. */
static __noinline bool nat_count(const u32 *router, s64 step)
{
	struct router_key key = { .router = { router[0], router[1] } };
	const struct host *host = host_get();
	u64 zero = 0, *made = bpf_map_lookup_elem(&nats_made, &key);
	const u64 *gone = bpf_map_lookup_elem(&nats_gone, &key);

	if (!made) {
		bpf_map_update_elem(&nats_made, &key, &zero, BPF_NOEXIST);
		made = bpf_map_lookup_elem(&nats_made, &key);
	}
	if (!host || !made)
		return false;
	if (step > 0 && (s64)(*made - (gone ? *gone : 0)) >= (s64)host->translations_max)
		return false;
	__sync_fetch_and_add(made, step);
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
	u64 *made = bpf_map_lookup_elem(&nats_made, old->router); /* the stack is as good as full */
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
	if (made)
		__sync_fetch_and_add(made, -1);
	return true;
}

static __always_inline struct nat_key *nat_embryo_at(const u32 *router, u64 line)
{
	u32 ring = (router[0] ^ router[1]) * 2654435761u >> 16;
	u32 index = (ring * EDGE_NAT_RING + (u32)line % EDGE_NAT_RING) % EDGE_NAT_EMBRYOS_MAX;

	return bpf_map_lookup_elem(&nat_embryos, &index);
}

/* Whether a connection of the router waits for an answer in that place; with @end it does no more.
 * The key is used where it lies: the stack has no room for a copy. Global, so that a loop around
 * it is short to the verifier. */
__noinline int nat_embryo_waits(const struct router_key *key, u64 line, bool end)
{
	const u32 *router;
	struct nat_key *in;
	const struct nat *state;

	if (!key)
		return false;
	router = key->router;
	in = nat_embryo_at(router, line);
	state = in ? bpf_map_lookup_elem(&nats, in) : NULL;
	if (!state || state->flags & NAT_REPLIED || state->router[0] != router[0] ||
		state->router[1] != router[1])
		return false;
	return !end || nat_end(in, state);
}

static __always_inline u64 *nat_line(const u32 *router)
{
	struct router_key key = { .router = { router[0], router[1] } };
	u64 zero = 0, *line = bpf_map_lookup_elem(&nat_lines, &key);

	if (line)
		return line;
	bpf_map_update_elem(&nat_lines, &key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&nat_lines, &key);
}

/* Makes room for a connection of the router: ends who has waited longest, in a full ring, or of the
 * last few. Global, as the next is: they are looked at once. */
__noinline bool nat_evict(const struct router_key *router)
{
	u64 *line;

	if (!router)
		return false;
	line = nat_line(router->router);
	for (u32 i = 0; line && i < 2 * NAT_EMBRYO_TRIES; i++) {
		u64 back = i < NAT_EMBRYO_TRIES ? 0 : 2 * NAT_EMBRYO_TRIES;

		if (nat_embryo_waits(router, *line + i - back, true))
			return true;
	}
	return false;
}

/* The next place of the router's ring for the connection whose way in is @in. */
__noinline int nat_line_up(const struct router_key *router, const struct nat_key *in)
{
	struct nat_key *place;
	bool waits = true;
	u64 *line, at = 0;

	if (!router || !in)
		return 0;
	line = nat_line(router->router);
	for (u32 i = 0; line && waits && i < NAT_EMBRYO_TRIES; i++) {
		at = __sync_fetch_and_add(line, 1);
		waits = nat_embryo_waits(router, at, i == NAT_EMBRYO_TRIES - 1);
	}
	place = nat_embryo_at(router->router, at);
	if (line && place)
		*place = *in;
	return 0;
}
