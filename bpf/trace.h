/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A traced packet runs through the very programs that forward, by BPF_PROG_TEST_RUN, with a mark
 * that no real packet has: a guest's mark is cleared where its packet enters the host. Under the
 * mark a program tells its steps and leaves out every effect: counters, flow entries, punts,
 * copies. The kernel itself discards the output of a test run.
 */
#pragma once

#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} steps SEC(".maps");

static __always_inline bool tracing(const struct __sk_buff *skb)
{
	return unlikely(skb->mark == EDGE_TRACE_MARK);
}

/* Global as all that many places call: the verifier walks such a function once a program. */
__noinline int trace_step(u32 code, u32 a, u32 b, const struct mac *mac, const struct addr *addr)
{
	struct trace_step *step = bpf_ringbuf_reserve(&steps, sizeof(*step), 0);

	if (!step)
		return 0;
	memset(step, 0, sizeof(*step));
	step->code = code;
	step->a = a;
	step->b = b;
	if (mac)
		mac_copy(step->mac, mac);
	if (addr)
		step->addr = *addr;
	bpf_ringbuf_submit(step, 0);
	return 0;
}

/* @mac and @addr may be NULL. They must not point into the packet. */
static __always_inline void trace(const struct __sk_buff *skb, u32 code, u32 a, u32 b,
	const void *mac, const struct addr *addr)
{
	if (tracing(skb))
		trace_step(code, a, b, mac, addr);
}
