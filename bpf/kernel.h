/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every BPF file needs: UAPI headers, helpers, and the few constants that UAPI does not have.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "edge.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "fields that are read as one word are taken apart for little-endian machines only"
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define AF_INET 2
#define AF_INET6 10

#define memcpy __builtin_memcpy
#define memset __builtin_memset

/* What a global function takes for a pointer to a MAC: the verifier knows a type's size. */
struct mac {
	u8 b[ETH_ALEN];
};

/* One MAC from packet or map memory to another. */
static __always_inline void mac_copy(void *to, const void *from)
{
	memcpy(to, from, ETH_ALEN);
}

static __always_inline bool mac_equal(const void *a, const void *b)
{
	const u16 *x = a, *y = b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

static __always_inline bool mac_is_zero(const void *mac)
{
	const u16 *x = mac;

	return !(x[0] | x[1] | x[2]);
}

static __always_inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->w[0] == b->w[0] && a->w[1] == b->w[1] && a->w[2] == b->w[2] && a->w[3] == b->w[3];
}

static __always_inline void addr_set4(struct addr *addr, be32 ip)
{
	addr->w[0] = 0;
	addr->w[1] = 0;
	addr->w[2] = bpf_htonl(0xffff);
	addr->w[3] = ip;
}

/* Ticks of about a second; the coarse clock costs a load, not a TSC read. */
static __always_inline u32 tick_now(void)
{
	return (u32)(bpf_ktime_get_coarse_ns() >> EDGE_TICK_SHIFT);
}

/* The same in parts of a tick. */
static __always_inline u32 tick_parts_now(void)
{
	return (u32)(bpf_ktime_get_coarse_ns() >> (EDGE_TICK_SHIFT - EDGE_TICK_PARTS_SHIFT));
}

/* The checksum of what has that sum (RFC 1071). */
static __always_inline u16 checksum_fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* In two tests of the register that is used then: Linux 6.1 learns no bounds from the one that the
 * compiler would make of them, nor from a copy's. */
static __always_inline bool is_between(u32 *value, const u32 least, const u32 most)
{
	barrier_var(*value);
	if (*value > most)
		return false;
	barrier_var(*value);
	if (*value < least)
		return false;
	barrier_var(*value);
	return true;
}

/* @value & @mask in a form that the verifier sees too: the compiler must not prove the mask away.
 */
static __always_inline u32 bounded(u32 value, const u32 mask)
{
	asm volatile("%[value] &= %[mask]" : [value] "+r"(value) : [mask] "i"(mask));
	return value;
}
