/* SPDX-License-Identifier: Apache-2.0 */
#include "firewall_bed.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

const u8 policy1[16] = { 1 }, policy2[16] = { 2 }, domain[16] = { 3 }, group[16] = { 4 };

struct prefix prefix(const char *text)
{
	struct prefix prefix = { 0 };

	assert_true(prefix_parse(text, &prefix));
	return prefix;
}

/* A rule about any address; its id is @id and zeroes. */
struct dp_rule rule(u8 id, enum dp_direction direction, int proto, int min, int max)
{
	return (struct dp_rule){ .id = { id },
		.direction = direction,
		.family = 4,
		.proto = proto,
		.port_min = min,
		.port_max = max };
}

void put_policy(struct bed *bed, const u8 id[16], const struct dp_rule *rules, size_t n)
{
	struct dp_policy policy = { .rules = rules, .n_rules = n };
	g_autoptr(GError) error = NULL;

	memcpy(policy.id, id, 16);
	if (!dp_policy_put(bed->dp, &policy, &error))
		fail_msg("%s", error->message);
}

static s64 project_limit = NO_LIMIT;

void put_port_with(struct bed *bed, enum bed_place place, const u8 *policy, u32 flags)
{
	bool first = place == BED_GUEST1;
	struct mac m = mac(first ? MAC1 : MAC2);
	struct dp_pair pairs[] = {
		{ m, { ip(first ? IP1 : IP2), 32 } },
		{ m, { ip(first ? IP1_6 : IP2_6), 128 } },
	};
	struct dp_port port = { .ifindex = bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = VNI,
		.flags = flags,
		.mac = m,
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)(place + 1) },
		.project = { 0xdd },
		.project_is_limited = project_limit != NO_LIMIT,
		.project_limit = (u32)project_limit,
		.pairs = pairs,
		.n_pairs = G_N_ELEMENTS(pairs),
		.policy = policy };
	g_autoptr(GError) error = NULL;

	if (!dp_port_put(bed->dp, &port, &error))
		fail_msg("%s", error->message);
}

void put_port(struct bed *bed, enum bed_place place, const u8 *policy)
{
	put_port_with(bed, place, policy, DP_PORT_SECURITY);
}

/* Every test begins with both ports closed, and no connections. */
void put_limit(struct bed *bed, s64 limit)
{
	project_limit = limit;
	put_port(bed, BED_GUEST1, policy1);
	put_port(bed, BED_GUEST2, policy2);
}

int firewall_begin(void **state)
{
	struct bed *bed = *state;
	struct dp_endpoint endpoint = { .vni = VNI };

	project_limit = NO_LIMIT;
	put_policy(bed, policy1, NULL, 0);
	put_policy(bed, policy2, NULL, 0);
	for (enum bed_place place = BED_GUEST1; place <= BED_GUEST2; place++) {
		dp_port_delete(bed->dp, bed->ifindex[place], NULL);
		put_port(bed, place, place == BED_GUEST1 ? policy1 : policy2);
		endpoint.mac = mac(place == BED_GUEST1 ? MAC1 : MAC2);
		endpoint.ifindex = bed->ifindex[place];
		assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
	}
	return 0;
}

struct frame frame_of(enum bed_place from, u8 proto, struct frame payload)
{
	bool first = from == BED_GUEST1;

	return frame_eth(first ? MAC2 : MAC1, first ? MAC1 : MAC2, ETH_IP4,
		frame_ip(first ? IP1 : IP2, first ? IP2 : IP1, proto, payload));
}

struct frame udp(enum bed_place from, u16 sport, u16 dport)
{
	return frame_of(from, IPPROTO_UDP, frame_udp(sport, dport, frame_fill(32)));
}

struct frame tcp(enum bed_place from, u16 sport, u16 dport, u8 flags, u32 seq, u32 ack)
{
	return frame_of(from, IPPROTO_TCP, frame_tcp(sport, dport, flags, seq, ack, frame_fill(0)));
}

void expect_passes(struct bed *bed, enum bed_place from, struct frame frame)
{
	bed_send(bed, from, frame);
	bed_expect(bed, from == BED_GUEST1 ? BED_GUEST2 : BED_GUEST1, frame);
}

/* Dropped for @reason, which is counted at @at. */
void expect_refused(struct bed *bed, enum bed_place from, enum bed_place at, struct frame frame,
	const char *reason)
{
	u64 before = bed_drops(bed, at, reason);

	bed_send(bed, from, frame);
	for (int i = 0; i < 1000 && bed_drops(bed, at, reason) == before; i++)
		g_thread_yield();
	assert_int_equal(bed_drops(bed, at, reason), before + 1);
	bed_expect_nothing(bed, BED_GUEST1);
	bed_expect_nothing(bed, BED_GUEST2);
}

void handshake(struct bed *bed, u16 sport, u16 dport)
{
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, sport, dport, SYN, 100, 0));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, dport, sport, SYN | ACK, 500, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, sport, dport, ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, dport, sport, ACK, 501, 101));
}
