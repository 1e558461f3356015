/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property: for whatever rules, groups and packets in whatever order, the edge decides as a
 * simple model does, which walks all rules and all connections. Rules and members change between
 * the packets, and the agent restarts now and then. The packets go through the forwarding program
 * itself by BPF_PROG_TEST_RUN; they are few enough in kind that they meet each other's connections.
 * Some come in fragments, and a port's policy may be stateless.
 *
 * WEFT_SEED repeats a run that failed, WEFT_CASES says how many packets, WEFT_TRANSCRIPT where to
 * write all of it down.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_transcript.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define CASES 30000
#define PASSED 7 /* TC_ACT_REDIRECT */

static const char *const addresses4[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1",
	"192.168.0.9" };
static const char *const addresses6[] = { "fd00::1", "fd00::2", "fd00:0:0:1::1", "fd01::1" };
static const char *const prefixes4[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24",
	"10.0.0.1/32", "10.0.1.0/31", "192.168.0.0/16", "192.168.0.9/32" };
static const char *const prefixes6[] = { "::/0", "fd00::/15", "fd00::/48", "fd00::/64",
	"fd00::1/128", "fd01::/16" };
static const u16 ports[] = { 1, 2, 22, 53, 80, 443, 1024, 65535 };
static const u8 domains[][16] = { { 0x51 }, { 0x52 } };
#define N_GROUPS 4 /* of domain group % 2 */

static const u8 policy_ids[2][16] = { { 0xa1 }, { 0xa2 } };
static const u8 tier_ids[N_TIERS][16] = { { 0xb1 }, { 0xb2 }, { 0xb3 } };

#define PICK(array) ((array)[g_random_int_range(0, G_N_ELEMENTS(array))])

static bool chance(int percent)
{
	return g_random_int_range(0, 100) < percent;
}

static struct prefix random_prefix(u8 family)
{
	struct prefix prefix;

	assert_true(prefix_parse(family == 4 ? PICK(prefixes4) : PICK(prefixes6), &prefix));
	return prefix;
}

static u8 random_proto(u8 family)
{
	const u8 protos[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_UDP,
		family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, IPPROTO_GRE, IPPROTO_SCTP };

	return PICK(protos);
}

static struct dp_rule random_rule(u8 id)
{
	struct dp_rule rule = { .id = { id, 0xff },
		.direction = chance(50) ? DP_INGRESS : DP_EGRESS,
		.family = chance(60) ? 4 : 6,
		.deny = chance(15),
		.proto = -1,
		.port_min = -1,
		.port_max = -1 };

	if (chance(70))
		rule.proto = random_proto(rule.family);
	if ((rule.proto == IPPROTO_ICMP || rule.proto == IPPROTO_ICMPV6) && chance(60)) {
		rule.port_min = rule.family == 4 ? (chance(70) ? 8 : 13) : (chance(70) ? 128 : 200);
		rule.port_max = chance(50) ? 0 : -1;
	} else if ((rule.proto == IPPROTO_TCP || rule.proto == IPPROTO_UDP) && chance(75)) {
		u16 a = chance(80) ? PICK(ports) : (u16)g_random_int(), b = PICK(ports);

		rule.port_min = MIN(a, b);
		rule.port_max = MAX(a, b);
	}
	rule.remote = (enum dp_remote)g_random_int_range(0, 3);
	if (rule.remote == DP_REMOTE_PREFIX)
		rule.prefix = random_prefix(rule.family);
	if (rule.remote == DP_REMOTE_GROUP) {
		rule.group[0] = (u8)g_random_int_range(0, N_GROUPS);
		memcpy(rule.domain, domains[rule.group[0] % 2], 16);
	}
	return rule;
}

static void state_policy(struct world *world, int port)
{
	struct dp_policy policy = { .rules = world->rules[port],
		.n_rules = world->n_rules[port],
		.stateless = world->stateless[port] };
	g_autoptr(GError) error = NULL;

	transcript_rules(world, "policy", port, world->rules[port], world->n_rules[port]);
	memcpy(policy.id, policy_ids[port], 16);
	if (!dp_policy_put(world->bed->dp, &policy, &error))
		fail_msg("%s", error->message);
}

static void state_tier(struct world *world, int tier)
{
	struct dp_policy policy = { .rules = world->tier_rules[tier],
		.n_rules = world->n_tier_rules[tier] };
	g_autoptr(GError) error = NULL;

	transcript_rules(world, "tier", tier, world->tier_rules[tier], world->n_tier_rules[tier]);
	memcpy(policy.id, tier_ids[tier], 16);
	if (!dp_policy_put(world->bed->dp, &policy, &error))
		fail_msg("%s", error->message);
}

/* New rules of a tier, which may pass on. */
static void change_tier(struct world *world)
{
	int tier = g_random_int_range(0, N_TIERS);
	size_t n = (size_t)g_random_int_range(0, RULES_MAX + 1);

	for (size_t i = 0; i < n; i++) {
		struct dp_rule *rule = &world->tier_rules[tier][i];

		*rule = random_rule((u8)(1 + i));
		rule->id[1] = (u8)tier;
		rule->deny = chance(40);
		rule->pass = !rule->deny && chance(40);
	}
	world->n_tier_rules[tier] = n;
	state_tier(world, tier);
}

/* One rule more or less, or all of them new. */
static void change_rules(struct world *world)
{
	int port = g_random_int_range(0, 2);
	size_t *n = &world->n_rules[port];
	struct dp_rule *rules = world->rules[port];

	if (chance(30)) {
		*n = (size_t)g_random_int_range(0, RULES_MAX + 1);
		for (size_t i = 0; i < *n; i++)
			rules[i] = random_rule((u8)(1 + i));
	} else if (*n < RULES_MAX && (chance(50) || !*n)) {
		size_t at = (size_t)g_random_int_range(0, (gint32)*n + 1);

		memmove(&rules[at + 1], &rules[at], (*n - at) * sizeof(*rules));
		rules[at] = random_rule((u8)g_random_int_range(100, 200));
		++*n;
	} else {
		size_t at = (size_t)g_random_int_range(0, (gint32)*n);

		memmove(&rules[at], &rules[at + 1], (*n - at - 1) * sizeof(*rules));
		--*n;
	}
	state_policy(world, port);
}

/* All groups of the same domain that the prefix is in. */
static void state_membership(struct world *world, const struct membership *m)
{
	const u8 *domain = domains[m->group % 2];
	u8 groups[N_GROUPS][16] = { 0 };
	size_t n = 0;

	transcript_members(world);
	for (guint i = 0; i < world->memberships->len; i++) {
		const struct membership *other =
			&g_array_index(world->memberships, struct membership, i);

		if (other->group % 2 == m->group % 2 && other->prefix.len == m->prefix.len &&
			!ip_compare(&other->prefix.ip, &m->prefix.ip))
			groups[n++][0] = other->group;
	}
	assert_true(n ? dp_membership_put(world->bed->dp, domain, &m->prefix,
				(const u8(*)[16])groups, n, NULL)
		      : dp_membership_delete(world->bed->dp, domain, &m->prefix, NULL));
}

static bool same_membership(const struct membership *a, const struct membership *b)
{
	return a->group == b->group && a->prefix.len == b->prefix.len &&
	       !ip_compare(&a->prefix.ip, &b->prefix.ip);
}

static void change_members(struct world *world)
{
	struct membership m = { .group = (u8)g_random_int_range(0, N_GROUPS),
		.prefix = random_prefix(chance(60) ? 4 : 6) };

	for (guint i = 0; i < world->memberships->len; i++)
		if (same_membership(&g_array_index(world->memberships, struct membership, i), &m)) {
			g_array_remove_index(world->memberships, i);
			state_membership(world, &m);
			return;
		}
	g_array_append_val(world->memberships, m);
	state_membership(world, &m);
}

static void state_port(struct world *world, enum bed_place place)
{
	bool first = place == BED_GUEST1;
	struct dp_port port = { .ifindex = world->bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = VNI,
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)(place + 1) } };
	const struct chain *chain = &world->chains[first ? 0 : 1];

	transcript_chain(world, first ? 0 : 1);
	port.policy = chain->own ? policy_ids[first ? 0 : 1] : NULL;
	port.tiers.n = chain->n;
	port.tiers.n_before = chain->n_before;
	for (u8 i = 0; i < chain->n; i++)
		memcpy(port.tiers.policies[i], tier_ids[chain->tiers[i]], 16);
	assert_true(mac_parse(first ? MAC1 : MAC2, &port.mac));
	assert_true(dp_port_put(world->bed->dp, &port, NULL));
}

/* Without a policy of its own a port still has a tier: with neither nothing is tracked, and the
 * model knows of no port that begins to be in the middle. */
static void change_chain(struct world *world)
{
	int port = g_random_int_range(0, 2);
	struct chain *chain = &world->chains[port];
	u8 first = (u8)g_random_int_range(0, N_TIERS);

	chain->own = world->stateless[port] || chance(70);
	chain->n = (u8)g_random_int_range(chain->own ? 0 : 1, N_TIERS + 1);
	chain->n_before = (u8)g_random_int_range(0, chain->n + 1);
	for (u8 i = 0; i < chain->n; i++)
		chain->tiers[i] = (u8)((first + i) % N_TIERS);
	state_port(world, port ? BED_GUEST2 : BED_GUEST1);
}

static void restart_agent(struct world *world)
{
	bed_reopen(world->bed);
	dp_sweep_begin(world->bed->dp);
	state_policy(world, 0);
	state_policy(world, 1);
	for (int tier = 0; tier < N_TIERS; tier++)
		state_tier(world, tier);
	for (guint i = 0; i < world->memberships->len; i++)
		state_membership(world, &g_array_index(world->memberships, struct membership, i));
	bed_populate(world->bed);
	state_port(world, BED_GUEST1);
	state_port(world, BED_GUEST2);
	assert_true(dp_sweep_end(world->bed->dp, NULL));
}

static struct packet random_packet(void)
{
	struct packet p = { .from_first = chance(50), .family = chance(60) ? 4 : 6 };
	static const u8 flags[] = { TCP_SYN, TCP_SYN, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK };
	const u8 types4[] = { 8, 8, 0, 0, 13 }, types6[] = { 128, 128, 129, 129, 200 };
	const char *low = p.family == 4 ? PICK(addresses4) : PICK(addresses6),
		   *high = p.family == 4 ? PICK(addresses4) : PICK(addresses6);

	p.proto = random_proto(p.family);
	assert_true(ip_parse(low, &p.src) && ip_parse(high, &p.dst));
	switch (p.proto) {
	case IPPROTO_TCP:
		p.flags = PICK(flags);
		p.sport = PICK(ports);
		p.dport = PICK(ports);
		break;
	case IPPROTO_UDP:
		p.sport = PICK(ports);
		p.dport = PICK(ports);
		break;
	case IPPROTO_ICMP:
		p.type = PICK(types4);
		break;
	case IPPROTO_ICMPV6:
		p.type = PICK(types6);
		break;
	}
	return p;
}

/* The answer that the packet would get, so that connections are met more often than by chance. */
static struct packet answer_to(struct packet p)
{
	struct packet a = p;

	a.fragment = WHOLE;
	a.from_first = !p.from_first;
	a.src = p.dst;
	a.dst = p.src;
	a.sport = p.dport;
	a.dport = p.sport;
	if (p.proto == IPPROTO_TCP)
		a.flags = p.flags != TCP_SYN ? TCP_ACK
			  : chance(85)	     ? TCP_SYN | TCP_ACK
					     : TCP_SYN; /* at once */
	if (p.type == 8 || p.type == 128)
		a.type = p.type == 8 ? 0 : 129;
	return a;
}

/* What follows the first fragment, or nothing that ever passed. */
static struct packet fragment_behind(struct packet first)
{
	static const u16 offsets[] = { 1, 2, 3, 4, 1000 };
	struct packet p = first;

	p.fragment = LATER_FRAGMENT;
	p.offset = PICK(offsets);
	if (chance(10))
		p.id |= 1u << 15; /* nobody's */
	return p;
}

/* Now and then the first fragment of one; @i: which packet this is. */
static void cut(struct packet *p, int i)
{
	p->fragment = chance(15) ? FIRST_FRAGMENT : WHOLE;
	p->id = (u32)i & 0x7fff;
}

static struct frame fragment_frame(const struct packet *p, struct frame payload)
{
	const bool more = p->fragment == FIRST_FRAGMENT;
	const u16 offset = more ? 0 : p->offset;
	const u8 header[8] = { p->proto, 0, (u8)(offset >> 5), (u8)(offset << 3 | more),
		(u8)(p->id >> 24), (u8)(p->id >> 16), (u8)(p->id >> 8), (u8)p->id };
	const char *dst = p->from_first ? MAC2 : MAC1, *src = p->from_first ? MAC1 : MAC2;
	char from[IP_STRLEN], to[IP_STRLEN];
	struct frame frame;

	ip_format(&p->src, from);
	ip_format(&p->dst, to);
	if (!more)
		payload = frame_fill(24);
	if (p->family == 6)
		return frame_eth(dst, src, 0x86dd,
			frame_ip(from, to, IPPROTO_FRAGMENT, frame_push(payload, header, 8)));
	frame = frame_eth(dst, src, 0x0800, frame_ip(from, to, p->proto, payload));
	frame.b[18] = (u8)(p->id >> 8);
	frame.b[19] = (u8)p->id;
	frame.b[20] = (u8)((more ? 0x20 : 0) | offset >> 8);
	frame.b[21] = (u8)offset;
	return frame;
}

static struct frame frame_of(const struct packet *p)
{
	const char *dst = p->from_first ? MAC2 : MAC1, *src = p->from_first ? MAC1 : MAC2;
	char from[IP_STRLEN], to[IP_STRLEN];
	struct frame payload = frame_fill(16);

	if (p->proto == IPPROTO_TCP)
		payload = frame_tcp(p->sport, p->dport, p->flags, 1000, 1001, payload);
	else if (p->proto == IPPROTO_UDP)
		payload = frame_udp(p->sport, p->dport, payload);
	else if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		payload = frame_icmp(p->type, p->code, 0x00050001, payload);
	else
		memset(payload.b, 0, payload.len);
	if (p->fragment != WHOLE)
		return fragment_frame(p, payload);
	return frame_eth(dst, src, p->family == 4 ? 0x0800 : 0x86dd,
		frame_ip(ip_format(&p->src, from), ip_format(&p->dst, to), p->proto, payload));
}

/* --- the edge --- */

static bool edge_passes(struct world *world, const struct packet *p)
{
	struct frame frame = frame_of(p);
	struct __sk_buff skb = {
		.ifindex = world->bed->ifindex[p->from_first ? BED_GUEST1 : BED_GUEST2]
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.b, .data_size_in = (u32)frame.len,
		.ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(
			program_fd(world->bed->dp, world->bed->dp->edge->progs.from_guest), &opts),
		0);
	return opts.retval == PASSED;
}

static void explain(struct world *world, const struct packet *p)
{
	struct frame frame = frame_of(p);
	g_autoptr(GPtrArray) steps = NULL;

	print_message("proto %d type %d flags %02x ports %d %d\n", p->proto, p->type, p->flags,
		p->sport, p->dport);
	dp_trace(world->bed->dp, world->bed->ifindex[p->from_first ? BED_GUEST1 : BED_GUEST2],
		frame.b, frame.len, &steps, NULL);
	for (guint i = 0; steps && i < steps->len; i++)
		print_message("  %s\n", (char *)steps->pdata[i]);
}

static void test_decides_as_the_model(void **state)
{
	const char *seed_text = g_getenv("WEFT_SEED"), *cases_text = g_getenv("WEFT_CASES"),
		   *transcript = g_getenv("WEFT_TRANSCRIPT");
	guint32 seed = seed_text ? (guint32)strtoul(seed_text, NULL, 0) : g_random_int();
	int cases = cases_text ? atoi(cases_text) : CASES, passed = 0;
	struct world world = { .bed = *state };
	struct packet p = { 0 };

	print_message("WEFT_SEED=%u\n", seed);
	g_random_set_seed(seed);
	world.memberships = g_array_new(FALSE, FALSE, sizeof(struct membership));
	world.connections = g_array_new(FALSE, FALSE, sizeof(struct connection));
	world.fragments = g_array_new(FALSE, FALSE, sizeof(struct passed_fragment));
	for (int port = 0; port < 2; port++)
		world.stateless[port] = chance(25);
	world.transcript = transcript ? fopen(transcript, "w") : NULL;
	assert_true(!transcript || world.transcript);
	world.chains[0].own = world.chains[1].own = true;
	state_policy(&world, 0);
	state_policy(&world, 1);
	for (int tier = 0; tier < N_TIERS; tier++)
		state_tier(&world, tier);
	state_port(&world, BED_GUEST1);
	state_port(&world, BED_GUEST2);
	for (int i = 0; i < cases; i++) {
		bool expected, actual;

		if (chance(10))
			change_rules(&world);
		if (chance(5))
			change_members(&world);
		if (chance(4))
			change_tier(&world);
		if (chance(3))
			change_chain(&world);
		if (i % 5000 == 4999) {
			restart_agent(&world);
			p.fragment = WHOLE; /* too long ago */
		}
		if (p.fragment == WHOLE || chance(40)) {
			p = i && chance(50) ? answer_to(p) : random_packet();
			cut(&p, i);
			g_array_set_size(world.fragments, 0);
		} else {
			p = fragment_behind(p);
		}
		expected = model_passes(&world, &p);
		actual = edge_passes(&world, &p);
		transcript_packet(&world, &p, actual);
		passed += expected;
		if (actual == expected)
			continue;
		explain(&world, &p);
		fail_msg("packet %d: the model %s it, the edge does not; WEFT_SEED=%u", i,
			expected ? "lets it pass" : "drops", seed);
	}
	print_message("%d packets, %d passed\n", cases, passed);
	assert_in_range(passed, cases / 20, cases - cases / 20); /* both happen often */
	if (world.transcript)
		assert_int_equal(fclose(world.transcript), 0);
	g_array_unref(world.memberships);
	g_array_unref(world.connections);
	g_array_unref(world.fragments);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decides_as_the_model) };

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
