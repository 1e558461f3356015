/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The property: for whatever rules, groups and packets in whatever order, the edge decides as a
 * simple model does, which walks all rules and all connections. Four guests share the policies, and
 * rules, members, and which port has which policy change between the packets; the agent restarts
 * now and then. The packets go through the forwarding program itself by BPF_PROG_TEST_RUN; they are
 * few enough in kind that they meet each other's connections, and TCP's come in any order, with any
 * flags and numbers. Some come in fragments, and ports' policies may be stateless.
 *
 * WEFT_SEED repeats a run that failed, WEFT_CASES says how many packets, WEFT_TRANSCRIPT where to
 * write all of it down.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_packets.h"
#include "firewall_transcript.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define CASES 30000
#define PASSED 7 /* TC_ACT_REDIRECT */

static const char *const prefixes4[] = { "0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.0.0.0/24",
	"10.0.0.1/32", "10.0.1.0/31", "192.168.0.0/16", "192.168.0.9/32" };
static const char *const prefixes6[] = { "::/0", "fd00::/15", "fd00::/48", "fd00::/64",
	"fd00::1/128", "fd01::/16" };
static const u8 domains[][16] = { { 0x51 }, { 0x52 } };
#define N_GROUPS 4 /* of domain group % 2 */

static const u8 policy_ids[N_POLICIES][16] = { { 0xa1 }, { 0xa2 }, { 0xa3 }, { 0xa4 }, { 0xa5 } };
static const u8 tier_ids[N_TIERS][16] = { { 0xb1 }, { 0xb2 }, { 0xb3 } };

static struct prefix random_prefix(u8 family)
{
	struct prefix prefix;

	assert_true(prefix_parse(family == 4 ? PICK(prefixes4) : PICK(prefixes6), &prefix));
	return prefix;
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
		u16 a = chance(80) ? random_port() : (u16)g_random_int(), b = random_port();

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

static void state_policy(struct world *world, int which)
{
	struct dp_policy policy = { .rules = world->rules[which],
		.n_rules = world->n_rules[which],
		.stateless = which >= FIRST_STATELESS };
	g_autoptr(GError) error = NULL;

	transcript_rules(world, "policy", which, world->rules[which], world->n_rules[which]);
	memcpy(policy.id, policy_ids[which], 16);
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
	int which = g_random_int_range(0, N_POLICIES);
	size_t *n = &world->n_rules[which];
	struct dp_rule *rules = world->rules[which];

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
	state_policy(world, which);
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

static void state_port(struct world *world, int guest)
{
	struct dp_port port = { .ifindex = world->ifindex[guest],
		.kind = DP_PORT_VETH,
		.vni = VNI,
		.mac = mac(guest_macs[guest]),
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)(guest + 1) } };
	struct dp_endpoint endpoint = { .vni = VNI, .mac = port.mac, .ifindex = port.ifindex };
	const struct chain *chain = &world->chains[guest];

	transcript_chain(world, guest);
	port.policy = chain->own == NO_POLICY ? NULL : policy_ids[chain->own];
	port.tiers.n = chain->n;
	port.tiers.n_before = chain->n_before;
	for (u8 i = 0; i < chain->n; i++)
		memcpy(port.tiers.policies[i], tier_ids[chain->tiers[i]], 16);
	assert_true(dp_port_put(world->bed->dp, &port, NULL));
	assert_true(dp_endpoint_put(world->bed->dp, &endpoint, NULL));
}

static int random_policy(const struct world *world, int guest)
{
	return world->stateless[guest] ? g_random_int_range(FIRST_STATELESS, N_POLICIES)
				       : g_random_int_range(0, FIRST_STATELESS);
}

/* Without a policy of its own a port still has a tier: with neither nothing is tracked, and the
 * model knows of no port that begins to be in the middle. */
static void change_chain(struct world *world)
{
	int guest = g_random_int_range(0, N_GUESTS);
	struct chain *chain = &world->chains[guest];
	u8 first = (u8)g_random_int_range(0, N_TIERS);
	bool own = world->stateless[guest] || chance(70);

	chain->own = own ? random_policy(world, guest) : NO_POLICY;
	chain->n = (u8)g_random_int_range(own ? 0 : 1, N_TIERS + 1);
	chain->n_before = (u8)g_random_int_range(0, chain->n + 1);
	for (u8 i = 0; i < chain->n; i++)
		chain->tiers[i] = (u8)((first + i) % N_TIERS);
	state_port(world, guest);
}

static void state_all(struct world *world)
{
	for (int which = 0; which < N_POLICIES; which++)
		state_policy(world, which);
	for (int tier = 0; tier < N_TIERS; tier++)
		state_tier(world, tier);
	for (guint i = 0; i < world->memberships->len; i++)
		state_membership(world, &g_array_index(world->memberships, struct membership, i));
	for (int guest = 0; guest < N_GUESTS; guest++)
		state_port(world, guest);
}

static void restart_agent(struct world *world)
{
	bed_reopen(world->bed);
	dp_sweep_begin(world->bed->dp);
	bed_populate(world->bed);
	state_all(world);
	assert_true(dp_sweep_end(world->bed->dp, NULL));
}

/* --- the edge --- */

static bool edge_passes(struct world *world, const struct packet *p)
{
	struct frame frame = packet_frame(p);
	struct __sk_buff skb = { .ifindex = world->ifindex[p->from] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame.b, .data_size_in = (u32)frame.len,
		.ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(
			program_fd(world->bed->dp, world->bed->dp->edge->progs.from_guest), &opts),
		0);
	return opts.retval == PASSED;
}

/* The state that the port keeps of a connection; without FLOW_TRACKED: none. */
static struct flow edge_flow(struct world *world, const struct connection *c)
{
	const u32 kind = FLOW_KIND((u32)c->proto, (u32)FLOW_FROM_GUEST);
	const u32 numbers = htons((u16)c->local_port) | (u32)htons((u16)c->remote_port) << 16;
	struct flow_key6 key6 = { .kind = kind,
		.src = addr_from_ip(&c->local),
		.dst = addr_from_ip(&c->remote),
		.ports = numbers };
	struct flow_key4 key4 = {
		.kind = kind, .src = key6.src.w[3], .dst = key6.dst.w[3], .ports = numbers
	};
	const struct edge *edge = world->bed->dp->edge;
	struct flow flow = { 0 };
	struct port port;

	assert_true(table_get(world->bed->dp, TABLE_PORTS, &world->ifindex[c->at], &port));
	key4.scope = key6.scope = port.id;
	if (c->family == 4)
		bpf_map_lookup_elem(bpf_map__fd(edge->maps.flows4), &key4, &flow);
	else
		bpf_map_lookup_elem(bpf_map__fd(edge->maps.flows6), &key6, &flow);
	return flow;
}

static void check_state(struct world *world, const struct packet *p, int at, enum dp_direction sent)
{
	static const u8 states[] = { [TCP_NEW] = FLOW_NEW,
		[TCP_CONNECTED] = FLOW_CONNECTED,
		[TCP_HALF_CLOSED] = FLOW_HALF_CLOSED,
		[TCP_CLOSING] = FLOW_CLOSING };
	const struct connection *c = model_connection(world, p, at, sent);
	struct flow flow;

	if (!c || p->proto != IPPROTO_TCP)
		return;
	flow = edge_flow(world, c);
	assert_true(flow.flags & FLOW_TRACKED);
	assert_int_equal(flow.state, states[c->state]);
	assert_int_equal(!(flow.flags & FLOW_BY_REMOTE), c->opener == DP_EGRESS);
	assert_int_equal(ntohl(flow.ack), c->expected);
}

static void explain(struct world *world, const struct packet *p)
{
	struct frame frame = packet_frame(p);
	g_autoptr(GPtrArray) steps = NULL;

	print_message("proto %d type %d flags %02x ports %d %d seq %u ack %u\n", p->proto, p->type,
		p->flags, p->sport, p->dport, p->seq, p->ack);
	dp_trace(world->bed->dp, world->ifindex[p->from], frame.b, frame.len, &steps, NULL);
	for (guint i = 0; steps && i < steps->len; i++)
		print_message("  %s\n", (char *)steps->pdata[i]);
}

/* Devices for the guests that the bed has none for: nothing really comes out of them. */
static void make_guests(struct world *world)
{
	for (int guest = 0; guest < N_GUESTS; guest++) {
		g_autofree char *command = g_strdup_printf(
			"ip link show p%d >/dev/null 2>&1 || ip link add p%d up mtu 9000 type veth",
			guest + 1, guest + 1);
		g_autofree char *name = g_strdup_printf("p%d", guest + 1);

		assert_int_equal(system(command), 0);
		world->ifindex[guest] = if_nametoindex(name);
		assert_int_not_equal(world->ifindex[guest], 0);
	}
}

static void begin(struct world *world)
{
	const char *transcript = g_getenv("WEFT_TRANSCRIPT");

	make_guests(world);
	world->memberships = g_array_new(FALSE, FALSE, sizeof(struct membership));
	world->connections = g_array_new(FALSE, FALSE, sizeof(struct connection));
	world->fragments = g_array_new(FALSE, FALSE, sizeof(struct passed_fragment));
	world->transcript = transcript ? fopen(transcript, "w") : NULL;
	assert_true(!transcript || world->transcript);
	for (int guest = 0; guest < N_GUESTS; guest++) {
		world->stateless[guest] = chance(15);
		world->chains[guest].own = random_policy(world, guest);
	}
	state_all(world);
}

static void end(struct world *world)
{
	if (world->transcript)
		assert_int_equal(fclose(world->transcript), 0);
	g_array_unref(world->memberships);
	g_array_unref(world->connections);
	g_array_unref(world->fragments);
}

static void change(struct world *world)
{
	if (chance(10))
		change_rules(world);
	if (chance(5))
		change_members(world);
	if (chance(4))
		change_tier(world);
	if (chance(3))
		change_chain(world);
}

static void test_decides_as_the_model(void **state)
{
	const char *seed_text = g_getenv("WEFT_SEED"), *cases_text = g_getenv("WEFT_CASES");
	guint32 seed = seed_text ? (guint32)strtoul(seed_text, NULL, 0) : g_random_int();
	int cases = cases_text ? atoi(cases_text) : CASES, passed = 0;
	struct world world = { .bed = *state };
	struct packet p = { 0 };

	print_message("WEFT_SEED=%u\n", seed);
	g_random_set_seed(seed);
	begin(&world);
	for (int i = 0; i < cases; i++) {
		bool expected, actual;

		change(&world);
		if (i % 5000 == 4999) {
			restart_agent(&world);
			p.fragment = WHOLE; /* too long ago */
		}
		if (p.fragment == WHOLE || chance(40)) {
			p = i && chance(65) ? answer_to(p) : random_packet();
			cut(&p, i);
			g_array_set_size(world.fragments, 0);
		} else {
			p = fragment_behind(p);
		}
		expected = model_passes(&world, &p);
		actual = edge_passes(&world, &p);
		transcript_packet(&world, &p, actual);
		passed += expected;
		if (actual == expected) {
			check_state(&world, &p, p.from, DP_EGRESS);
			check_state(&world, &p, p.to, DP_INGRESS);
			continue;
		}
		explain(&world, &p);
		fail_msg("packet %d: the model %s it, the edge does not; WEFT_SEED=%u", i,
			expected ? "lets it pass" : "drops", seed);
	}
	print_message("%d packets, %d passed\n", cases, passed);
	assert_in_range(passed, cases / 20, cases - cases / 20); /* both happen often */
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_decides_as_the_model) };

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
