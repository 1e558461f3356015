/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which rule of a policy a packet meets. One lookup for the rules about any address, if there are
 * some, and per domain of the policy two: the address to its identity, the identity to its rules;
 * all are longest prefix matches that user space has compiled (src/datapath/firewall.c). With D
 * domains (8 at most, mostly 1) a decision takes 1 + 2 D lookups, however many rules, groups and
 * members there are; none, where the first rule is about everything.
 *
 * A port that the provider's tiers are about has several policies, its own among them: each is
 * asked in turn until one has a rule that does not pass the packet on.
 */
#pragma once

#include "trace.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_POLICIES_MAX);
	__type(key, u32); /* id */
	__type(value, struct policy);
} policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct identity_key);
	__type(value, u32);
} identities SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct rule_key);
	__type(value, struct rule);
} rules SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1048576);
	__type(key, struct name_key);
	__type(value, u32);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, EDGE_PORTS_MAX);
	__type(key, u32); /* port id */
	__type(value, struct tiers);
} tiers SEC(".maps");

/* Connections that a rule decided about. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, EDGE_RULES_MAX);
	__type(key, u32); /* slot */
	__type(value, u64);
} rule_hits SEC(".maps");

static __always_inline const struct policy *policy_get(u32 id)
{
	return bpf_map_lookup_elem(&policies, &id);
}

struct query {
	struct rule_key key; /* but for the identity */
	struct addr remote;
};

/* The slot of the first rule that matches, with RULE_DENY if it denies and RULE_PASS if it passes;
 * 0: none does. Verified once and alone, since it is not static. */
__noinline u32 policy_decide(struct query *query)
{
	const struct policy *policy;
	struct identity_key address = { .prefix_bits = IDENTITY_KEY_FIXED_BITS + 128 };
	const struct rule *best, *rule;
	const u32 *identity;
	struct rule_key key;

	if (!query)
		return 0;
	key = query->key; /* a map's key must be on this function's stack, says Linux 6.1 */
	policy = policy_get(key.policy);
	if (!policy)
		return 0;
	if (policy->always[key.kind % POLICY_KINDS])
		return policy->always[key.kind % POLICY_KINDS];
	address.family = key.kind & RULE_KIND(0, 6) ? 6 : 4;
	address.addr = query->remote;
	key.identity = IDENTITY_ANY;
	best = policy->any_kinds & 1 << key.kind % POLICY_KINDS ? bpf_map_lookup_elem(&rules, &key)
								: NULL;
	for (u32 i = 0; i < POLICY_DOMAINS_MAX && i < policy->n_domains; i++) {
		address.domain = policy->domains[i];
		identity = bpf_map_lookup_elem(&identities, &address);
		if (!identity)
			continue;
		key.identity = *identity;
		rule = bpf_map_lookup_elem(&rules, &key);
		if (rule && (!best || rule->order < best->order))
			best = rule;
	}
	if (!best)
		return 0;
	return best->slot | (best->deny ? RULE_DENY : 0) | (best->pass ? RULE_PASS : 0);
}

/* The same of a port with tiers, whose policies are asked in turn; key.policy is overwritten. */
__noinline u32 tiers_decide(struct __sk_buff *skb, struct query *query, u32 port_id, u32 step)
{
	const struct tiers *all = bpf_map_lookup_elem(&tiers, &port_id);
	u32 decision;

	if (!query || !all)
		return RULE_DENY | RULE_TIER;
	for (u32 i = 0; i <= EDGE_TIERS_MAX && i < all->n; i++) {
		query->key.policy = all->policies[i];
		decision = policy_decide(query);
		if (decision && i != all->own)
			decision |= RULE_TIER;
		if (decision && !(decision & RULE_PASS))
			return decision;
		if (decision)
			trace(skb, STEP_RULE, decision, step, NULL, &query->remote);
	}
	return all->open ? RULE_OPEN : 0;
}

static __always_inline void rule_count(const struct __sk_buff *skb, u32 decision)
{
	u32 slot = decision & RULE_SLOT;
	u64 *hits = bpf_map_lookup_elem(&rule_hits, &slot);

	if (hits && !tracing(skb))
		(*hits)++;
}
