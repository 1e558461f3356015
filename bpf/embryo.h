/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Half open connections, in the order in which they began: a ring per port, with as many places as
 * the port's quota of them. Each is in one place, and whoever comes by it while it is half open
 * leaves it there. Who wants to open a connection where there is no room, by whatever quota or
 * because the table is full, takes the place of the one that has been half open longest. So a flood
 * of openings that are never answered pushes out its own, and an opening in earnest has as long to
 * be answered as the flood takes for a whole ring.
 *
 * A place may name a connection that is answered or gone by now, and is free then: nothing is
 * removed here when that happens, so that only openings pay. While few are half open who takes a
 * place does not even look who was there: should it be one of these, it stays until it is answered
 * or too old, and they are few. The rings lie in one array, where the
 * next place is in a cache most often; a hash table cost 0.7 us for each opening at a port. It has
 * room for 64 full rings of the usual length. Where more than that overlap, a port loses places to
 * another, and those in them stay until they are answered or too old.
 */
#pragma once

#include "balance_stats.h"

#define EMBRYO_TRIES 8 /* places that are looked at for one that is still half open */
#define EMBRYO_FEW 16  /* half open connections below this part of a port's quota are few */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_EMBRYOS_MAX);
	__type(key, u32);
	__type(value, struct embryo);
} embryos SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct connections);
} connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32);
	__type(value, struct connections_gone);
} connections_gone SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PROJECTS_MAX);
	__type(key, u32);
	__type(value, u64);
} project_connections SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EDGE_PROJECTS_MAX);
	__type(key, u32);
	__type(value, struct project_connections_gone);
} project_connections_gone SEC(".maps");

/* Adds to the count of a port's connections, and of its project's. */
static __always_inline void connections_add(struct connections *made, u32 project, u64 n)
{
	u64 *of_project = project ? bpf_map_lookup_elem(&project_connections, &project) : NULL;

	__sync_fetch_and_add(&made->made, n);
	if (of_project)
		__sync_fetch_and_add(of_project, n);
}

static __always_inline u32 embryo_ring(u64 n, u32 half_open_max)
{
	return (u32)n % (half_open_max ? half_open_max : 1);
}

/* What is in that place of the port's ring. */
static __always_inline struct embryo *embryo_at(u32 port_id, u32 place)
{
	u32 index = EMBRYO_INDEX(port_id, place);

	return bpf_map_lookup_elem(&embryos, &index);
}

static __always_inline bool is_half_open(const struct flow *flow)
{
	return flow && flow->flags & FLOW_TRACKED && flow->state == FLOW_NEW;
}

/* Whether who is in that place of the port's ring is half open still; with @remove it is not any
 * more. Global: a loop around it is short to the verifier. */
__noinline int embryo_lives(u32 port_id, u32 place, bool remove)
{
	struct embryo *embryo = embryo_at(port_id, place);
	bool lives;

	if (!embryo || embryo->port_id != port_id)
		return 0;
	/* the keys are used where they lie: copies would not fit on Linux 6.1's stack */
	if (embryo->family == 4)
		lives = is_half_open(bpf_map_lookup_elem(&flows4, &embryo->key4)) &&
			(!remove || !bpf_map_delete_elem(&flows4, &embryo->key4));
	else
		lives = is_half_open(bpf_map_lookup_elem(&flows6, &embryo->key6)) &&
			(!remove || !bpf_map_delete_elem(&flows6, &embryo->key6));
	if (lives && remove)
		rewrite_forget(embryo);
	return lives;
}

static __always_inline bool embryo_remove(
	u32 port_id, u32 place, struct connections *made, u32 project)
{
	if (!embryo_lives(port_id, place, true))
		return false;
	connections_add(made, project, (u64)-1);
	__sync_fetch_and_add(&made->settled, 1);
	__sync_fetch_and_add(&made->evicted, 1);
	return true;
}

/* The place to look at for the @i-th time: first where a full ring has its oldest, then the last
 * that were taken, oldest first. */
static __always_inline u64 embryo_try(u64 line, u32 i)
{
	if (i < EMBRYO_TRIES)
		return line + i;
	return line + i < 2 * EMBRYO_TRIES ? line : line + i - 2 * EMBRYO_TRIES;
}

/* Makes room for a connection of the port; 1 if there is some now. */
__noinline int embryo_evict(u32 port_id, u32 half_open_max)
{
	struct connections *made = bpf_map_lookup_elem(&connections, &port_id);
	const struct connections_gone *gone = bpf_map_lookup_elem(&connections_gone, &port_id);

	if (!made || !gone)
		return 0;
	for (u32 i = 0; i < 2 * EMBRYO_TRIES; i++) {
		u32 place = embryo_ring(embryo_try(made->line, i), half_open_max);

		if (embryo_remove(port_id, place, made, gone->project))
			return 1;
	}
	return 0;
}

/* How many connections of a port are half open. */
static __always_inline s64 embryos_of(
	const struct connections *made, const struct connections_gone *gone)
{
	return (s64)(made->half_open - made->settled - gone->half_open);
}

/* The place of the port's next half open connection: the first that nobody needs any more; if there
 * is none nearby, the ring is as good as full. */
__noinline u32 embryo_place(u32 port_id, u32 half_open_max)
{
	struct connections *made = bpf_map_lookup_elem(&connections, &port_id);
	const struct connections_gone *gone = bpf_map_lookup_elem(&connections_gone, &port_id);
	u32 place = 0;

	if (!made || !gone)
		return 0;
	for (u32 i = 0; i < EMBRYO_TRIES; i++) {
		place = embryo_ring(__sync_fetch_and_add(&made->line, 1), half_open_max);
		if (embryos_of(made, gone) < half_open_max / EMBRYO_FEW ||
			!embryo_lives(port_id, place, false))
			return place;
	}
	embryo_remove(port_id, place, made, gone->project);
	return place;
}
