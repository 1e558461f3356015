/* SPDX-License-Identifier: Apache-2.0 */
/* Policies at the guests' ports: rules, groups, live change, restarts. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"

static void test_closed_without_rules(void **state)
{
	struct bed *bed = *state;

	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 1000, 53), "denied-egress");
	POLICY(bed, policy1, OUT1);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame_eth(MAC2, MAC1, 0x88b5, frame_fill(64)),
		"denied-egress");
}

static void test_answers_come_back(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 60));
	for (int i = 0; i < 3; i++) {
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	}
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 60));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 61), "denied-ingress");
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 53, 1001), "denied-egress");
}

/* A removed rule cuts with the next packet, from either side; what is added disturbs nothing. */
static void test_live_change(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	handshake(bed, 1000, 80);
	POLICY(bed, policy2, UDP_IN2(1, 9), TCP_IN2(80, 80));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	POLICY(bed, policy2, UDP_IN2(1, 9));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101),
		"denied-ingress");
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501),
		"denied-ingress");
	POLICY(bed, policy2, TCP_IN2(80, 80));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
}

static void test_another_rule_takes_over(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80), rule(22, DP_INGRESS, IPPROTO_TCP, 1, 65535));
	handshake(bed, 1000, 80);
	POLICY(bed, policy2, rule(22, DP_INGRESS, IPPROTO_TCP, 1, 65535));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
}

static void test_groups(void **state)
{
	struct bed *bed = *state;
	struct dp_rule from_group = UDP_IN2(53, 53);
	struct prefix one = prefix(IP1 "/32"), all = prefix("10.0.0.0/24");
	struct dp_policy policy = { .rules = &from_group, .n_rules = 1 };
	u64 hits;

	from_group.remote = DP_REMOTE_GROUP;
	memcpy(from_group.domain, domain, 16);
	memcpy(from_group.group, group, 16);
	memcpy(policy.id, policy2, 16);
	POLICY(bed, policy1, OUT1);
	assert_true(dp_policy_put(bed->dp, &policy, NULL));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
	assert_true(dp_membership_put(bed->dp, domain, &one, &group, 1, NULL));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	assert_true(dp_membership_put(bed->dp, domain, &all, &group, 1, NULL));
	assert_true(dp_membership_delete(bed->dp, domain, &one, NULL));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	assert_true(dp_rule_hits(bed->dp, from_group.id, &hits, NULL));
	assert_int_equal(hits, 1); /* connections, not packets */
	assert_true(dp_membership_delete(bed->dp, domain, &all, NULL));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
}

/* A rule that denies stands before those that allow; ids of removed things are given back. */
static void test_order_and_prefixes(void **state)
{
	struct bed *bed = *state;
	struct dp_rule deny = rule(30, DP_INGRESS, IPPROTO_UDP, 50, 59), allow = UDP_IN2(-1, -1);

	deny.deny = true;
	deny.remote = DP_REMOTE_PREFIX;
	deny.prefix = prefix("10.0.0.0/29");
	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, deny, allow);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, udp(BED_GUEST1, 1000, 53), "denied-ingress");
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 60));
	POLICY(bed, policy2, allow, deny);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	put_policy(bed, policy2, NULL, 0);
	assert_int_equal(bed->dp->n_entries[TABLE_IDENTITIES], 0);
	assert_int_equal(bed->dp->n_entries[TABLE_RULES], 1);
}

static void test_stateless(void **state)
{
	struct bed *bed = *state;
	struct dp_rule in = UDP_IN2(53, 53);
	struct dp_policy policy = { .rules = &in, .n_rules = 1, .stateless = true };

	memcpy(policy.id, policy2, 16);
	POLICY(bed, policy1, OUT1);
	assert_true(dp_policy_put(bed->dp, &policy, NULL));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 53, 1000), "denied-egress");
}

/* RFC 9293 section 3.5: both open at once, and no rule lets either's opening in. */
static void test_both_open_at_once(void **state)
{
	struct bed *bed = *state;
	struct dp_port_connections connections;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, rule(22, DP_EGRESS, -1, -1, -1));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, SYN, 100, 0),
		"denied-ingress");
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN, 500, 0));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN, 100, 0)); /* again */
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN | ACK, 500, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN | ACK, 100, 501));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	for (enum bed_place place = BED_GUEST1; place <= BED_GUEST2; place++) {
		assert_true(dp_port_connections(bed->dp, bed->ifindex[place], &connections, NULL));
		assert_int_equal(connections.connections, 1);
		assert_int_equal(connections.half_open, 0);
	}
	expect_refused(
		bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, RST, 100, 0), "tcp-reset");
	/* from elsewhere it answers nothing */
	expect_refused(bed, BED_GUEST2, BED_GUEST1, tcp(BED_GUEST2, 81, 1000, SYN, 500, 0),
		"denied-ingress");
	/* who was taken up in the middle has sent no SYN that another could answer */
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1001, 80, ACK, 100, 500),
		"denied-ingress");
	expect_refused(bed, BED_GUEST2, BED_GUEST1, tcp(BED_GUEST2, 80, 1001, SYN, 500, 0),
		"denied-ingress");
	/* the end of the rule that opened it is its end, too */
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101),
		"denied-egress");
}

/* TCP to port 22 behind an authentication header (RFC 4302), which is behind options. */
static struct frame authenticated(enum bed_place from)
{
	const bool first = from == BED_GUEST1;
	const u8 header[24] = { IPPROTO_TCP, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1 };
	const u8 options[8] = { IPPROTO_AH, 0, 1, 4 };
	struct frame segment =
		frame_tcp(first ? 1000 : 22, first ? 22 : 1000, SYN, 100, 0, frame_fill(8));

	segment = frame_push(frame_push(segment, header, sizeof(header)), options, 8);
	return frame_eth(first ? MAC2 : MAC1, first ? MAC1 : MAC2, ETH_IP6,
		frame_ip(first ? "fd00::1" : "fd00::2", first ? "fd00::2" : "fd00::1",
			IPPROTO_DSTOPTS, segment));
}

static struct dp_rule rule6(struct dp_rule rule)
{
	rule.family = 6;
	return rule;
}

/* It is a protocol in IPv6 too: its own rules are asked, and not those about what is in it. */
static void test_authentication_header(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, rule6(OUT1));
	POLICY(bed, policy2, rule6(TCP_IN2(22, 22)));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, authenticated(BED_GUEST1), "denied-ingress");
	POLICY(bed, policy2, rule6(rule(22, DP_INGRESS, IPPROTO_AH, -1, -1)));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, authenticated(BED_GUEST2), "denied-egress");
	expect_passes(bed, BED_GUEST1, authenticated(BED_GUEST1));
	expect_passes(bed, BED_GUEST2, authenticated(BED_GUEST2)); /* an answer */
	POLICY(bed, policy2, rule6(TCP_IN2(22, 22)));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, authenticated(BED_GUEST1), "denied-ingress");
}

/* What guest 1 says behind an authentication header, and what is before that of @said. */
static struct frame authentic(u8 next, struct frame said, u8 before)
{
	const u8 header[12] = { next, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1 };
	const u8 options[8] = { IPPROTO_AH, 0, 1, 4 };

	said = frame_push(said, header, sizeof(header));
	if (before != IPPROTO_AH)
		said = frame_push(said, options, sizeof(options));
	return frame_eth(MAC2, MAC1, ETH_IP6, frame_ip(IP1_6, IP2_6, before, said));
}

/* What port security forbids a guest to say it may not say behind such a header either, also where
 * rules allow those; all else passes, before and after. */
static void test_behind_an_authentication_header(void **state)
{
	static const u8 more[8] = { IPPROTO_ICMPV6, 0, 1, 4 }, fragment[8] = { IPPROTO_ICMPV6 };
	struct bed *bed = *state;
	struct frame claim = frame_nd(136, 0x20000000, IP2_6, 2, MAC1), frame;
	struct frame echo = frame_icmp(128, 0, 0, frame_fill(16));

	POLICY(bed, policy1, rule6(OUT1));
	POLICY(bed, policy2, rule6(rule(22, DP_INGRESS, IPPROTO_AH, -1, -1)));
	for (int i = 0; i < 2; i++)
		expect_passes(bed, BED_GUEST1, authentic(IPPROTO_ICMPV6, echo, IPPROTO_AH));
	frame = authentic(IPPROTO_ICMPV6, claim, IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "spoofed-nd");
	frame = authentic(IPPROTO_ICMPV6, claim, IPPROTO_DSTOPTS);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "spoofed-nd");
	frame = authentic(IPPROTO_DSTOPTS, frame_push(claim, more, 8), IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "spoofed-nd");
	frame = authentic(IPPROTO_FRAGMENT, frame_push(claim, fragment, 8), IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "malformed");
	frame = authentic(IPPROTO_ICMPV6, frame_icmp(134, 0, 0, frame_fill(8)), IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "router-advertisement");
	frame = authentic(IPPROTO_UDP, frame_udp(547, 1000, frame_fill(8)), IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "dhcp-server");
	frame = authentic(IPPROTO_UDP, frame_udp(1547, 546, frame_fill(8)), IPPROTO_AH);
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "dhcp-server");
	frame = authentic(IPPROTO_ICMPV6, echo, IPPROTO_AH);
	frame.b[14 + 4] = 0;
	frame.b[14 + 5] = 12; /* what is behind the header is padding */
	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "truncated");
	frame = authentic(IPPROTO_UDP, frame_udp(1000, 547, frame_fill(8)), IPPROTO_AH);
	expect_passes(bed, BED_GUEST1, frame);
}

static void test_always_possible(void **state)
{
	struct bed *bed = *state;
	struct frame solicit = frame_eth(MAC2, MAC1, ETH_IP6,
		frame_ip(IP1_6, IP2_6, IPPROTO_ICMPV6, frame_nd(136, 0x60000000, IP1_6, 2, MAC1)));
	struct frame dhcp = frame_of(BED_GUEST1, IPPROTO_UDP, frame_udp(68, 67, frame_fill(240)));

	bed_send(bed, BED_GUEST1,
		frame_eth(BROADCAST, MAC1, 0x0806, frame_arp(1, MAC1, IP1, NULL, IP2)));
	bed_expect(
		bed, BED_GUEST1, frame_eth(MAC1, MAC2, 0x0806, frame_arp(2, MAC2, IP2, MAC1, IP1)));
	expect_passes(bed, BED_GUEST1, solicit);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, dhcp, "denied-ingress"); /* no server there */
}

static void test_multicast_by_receiver(void **state)
{
	struct bed *bed = *state;
	struct frame frame = frame_eth("01:00:5e:00:00:fb", MAC1, ETH_IP4,
		frame_ip(IP1, "224.0.0.251", IPPROTO_UDP, frame_udp(5353, 5353, frame_fill(32))));

	expect_refused(bed, BED_GUEST1, BED_GUEST1, frame, "denied-egress");
	POLICY(bed, policy1, OUT1);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, frame, "denied-ingress");
	POLICY(bed, policy2, UDP_IN2(5353, 5353));
	expect_passes(bed, BED_GUEST1, frame);
}

static struct frame from_peer(struct frame inner)
{
	return frame_eth(UNDERLAY_MAC, PEER_MAC, ETH_IP4,
		frame_ip("192.0.2.2", "192.0.2.1", IPPROTO_UDP,
			frame_udp(50000, 4789, frame_vxlan(VNI, inner))));
}

/* Each host asks for its own port. */
static void test_across_hosts(void **state)
{
	struct bed *bed = *state;
	struct frame in = frame_eth(MAC2, MAC3, ETH_IP4,
		frame_ip(IP3, IP2, IPPROTO_TCP, frame_tcp(1000, 80, SYN, 100, 0, frame_fill(0))));
	struct frame out = frame_eth(MAC3, MAC2, ETH_IP4,
		frame_ip(IP2, IP3, IPPROTO_TCP,
			frame_tcp(80, 1000, SYN | ACK, 500, 101, frame_fill(0))));
	struct frame ack = frame_eth(MAC2, MAC3, ETH_IP4,
		frame_ip(IP3, IP2, IPPROTO_TCP, frame_tcp(1000, 80, ACK, 101, 501, frame_fill(0))));

	bed_peer(bed, "192.0.2.2", DP_ENCAP_VXLAN);
	expect_refused(bed, BED_WIRE, BED_GUEST2, from_peer(in), "denied-ingress");
	expect_refused(bed, BED_GUEST2, BED_GUEST2, out, "no-connection");
	POLICY(bed, policy2, TCP_IN2(80, 80));
	bed_send(bed, BED_WIRE, from_peer(in));
	bed_expect(bed, BED_GUEST2, in);
	bed_send(bed, BED_GUEST2, out);
	assert_int_equal(bed_receive(bed, BED_WIRE).len, out.len + 50);
	for (int i = 0; i < 3; i++) {
		bed_send(bed, BED_WIRE, from_peer(ack));
		bed_expect(bed, BED_GUEST2, ack);
	}
	put_policy(bed, policy2, NULL, 0);
	expect_refused(bed, BED_WIRE, BED_GUEST2, from_peer(ack), "denied-ingress");
	bed_no_peer(bed, "192.0.2.2");
}

/* The next agent finds the same numbers for the same names, and cuts nothing. */
static void test_survives_the_agent(void **state)
{
	struct bed *bed = *state;
	struct prefix one = prefix(IP1 "/32");
	struct dp_rule in = TCP_IN2(80, 80);
	u32 entries;

	in.remote = DP_REMOTE_GROUP;
	memcpy(in.domain, domain, 16);
	memcpy(in.group, group, 16);
	POLICY(bed, policy1, OUT1);
	put_policy(bed, policy2, &in, 1);
	assert_true(dp_membership_put(bed->dp, domain, &one, &group, 1, NULL));
	handshake(bed, 1000, 80);
	entries = bed->dp->n_entries[TABLE_NAMES];
	bed_reopen(bed);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	POLICY(bed, policy1, OUT1);
	put_policy(bed, policy2, &in, 1);
	assert_true(dp_membership_put(bed->dp, domain, &one, &group, 1, NULL));
	put_port(bed, BED_GUEST1, policy1);
	put_port(bed, BED_GUEST2, policy2);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_equal(bed->dp->n_entries[TABLE_NAMES], entries);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	/* what a sweep does not state again goes */
	dp_sweep_begin(bed->dp);
	bed_populate(bed);
	put_policy(bed, policy2, &in, 1);
	put_port(bed, BED_GUEST2, policy2);
	assert_true(dp_sweep_end(bed->dp, NULL));
	assert_int_equal(bed->dp->n_entries[TABLE_IDENTITIES], 0);
	assert_int_equal(bed->dp->n_entries[TABLE_POLICIES], 1);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501),
		"denied-ingress");
	put_policy(bed, policy1, NULL, 0);
}

static void assert_says(struct bed *bed, struct frame frame, const char *part)
{
	g_autoptr(GPtrArray) steps = NULL;

	assert_true(dp_trace(bed->dp, bed->ifindex[BED_GUEST1], frame.b, frame.len, &steps, NULL));
	for (guint i = 0; i < steps->len; i++)
		if (strstr(steps->pdata[i], part))
			return;
	for (guint i = 0; i < steps->len; i++)
		print_message("  %s\n", (char *)steps->pdata[i]);
	fail_msg("no step says: %s", part);
}

static void test_traces(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	assert_says(bed, udp(BED_GUEST1, 1000, 53),
		"the rule 0a000000-0000-0000-0000-000000000000 allows 10.0.0.2");
	assert_says(bed, udp(BED_GUEST1, 1000, 53),
		"the rule 14000000-0000-0000-0000-000000000000 allows 10.0.0.1");
	assert_says(bed, udp(BED_GUEST1, 1000, 54), "no rule matches 10.0.0.1");
	assert_says(bed, udp(BED_GUEST1, 1000, 54),
		"dropped: denied-ingress, counted at port aabbcc02");
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	assert_says(bed, udp(BED_GUEST1, 1000, 53), "a connection that the guest opened");
	POLICY(bed, policy2, TCP_IN2(80, 80));
	handshake(bed, 1000, 80);
	assert_says(bed, tcp(BED_GUEST1, 1000, 80, RST, 101, 0), "delivered");
	assert_says(bed, tcp(BED_GUEST1, 1000, 80, RST, 99, 0), "dropped: tcp-reset");
	assert_says(bed, tcp(BED_GUEST1, 1000, 80, SYN | RST, 99, 0), "dropped: tcp-flags");
	assert_says(bed, tcp(BED_GUEST1, 1000, 81, SYN | ACK, 99, 0), "dropped: no-connection");
}

static void test_policies_in_use_stay(void **state)
{
	struct bed *bed = *state;
	g_autoptr(GError) error = NULL;

	assert_false(dp_policy_delete(bed->dp, policy1, &error));
	assert_non_null(strstr(error->message, "a port has it"));
	put_port(bed, BED_GUEST1, NULL);
	assert_true(dp_policy_delete(bed->dp, policy1, NULL));
	put_port(bed, BED_GUEST2, NULL);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53)); /* no policy, no firewall */
}

#define TEST(name) cmocka_unit_test_setup(name, firewall_begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_closed_without_rules),
		TEST(test_answers_come_back),
		TEST(test_live_change),
		TEST(test_another_rule_takes_over),
		TEST(test_groups),
		TEST(test_order_and_prefixes),
		TEST(test_stateless),
		TEST(test_both_open_at_once),
		TEST(test_authentication_header),
		TEST(test_behind_an_authentication_header),
		TEST(test_always_possible),
		TEST(test_multicast_by_receiver),
		TEST(test_across_hosts),
		TEST(test_survives_the_agent),
		TEST(test_traces),
		TEST(test_policies_in_use_stay),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
