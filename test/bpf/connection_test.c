/* SPDX-License-Identifier: Apache-2.0 */
/* The state of connections at the guests' ports: TCP, ICMP, fragments, quotas, aging. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

static void test_tcp_states(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN | FIN, 100, 0),
		"tcp-flags");
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, 0, 100, 0), "tcp-flags");
	expect_refused(bed, BED_GUEST1, BED_GUEST1, tcp(BED_GUEST1, 80, 1000, SYN | ACK, 100, 1),
		"no-connection");
	handshake(bed, 1000, 80);
	/* an opening against the direction is no answer */
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN, 1, 0), "denied-egress");
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, FIN | ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 102));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, FIN | ACK, 501, 102));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 102, 502));
	handshake(bed, 1000, 80); /* the same ports again */
}

/* The state at guest 2's port of its connection with guest 1. */
static struct flow flow_at2(struct bed *bed, u16 own, u16 remote)
{
	struct flow_key4 key = { .kind = FLOW_KIND(IPPROTO_TCP, (u32)FLOW_FROM_GUEST),
		.src = htonl(0x0a000002),
		.dst = htonl(0x0a000001),
		.ports = htons(own) | (u32)htons(remote) << 16 };
	struct flow flow = { 0 };
	struct port port;

	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[BED_GUEST2], &port));
	key.scope = port.id;
	bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.flows4), &key, &flow);
	return flow;
}

#define EXPECTED 101u	/* by guest 2 behind handshake() */
#define WINDOW 0x10000u /* what frame_tcp() advertises, rounded up */

/* RFC 5961 section 3.2. */
static void test_resets(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	handshake(bed, 1000, 80);
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, RST, EXPECTED - 1, 0),
		"tcp-reset");
	handshake(bed, 1001, 80);
	expect_refused(bed, BED_GUEST1, BED_GUEST2,
		tcp(BED_GUEST1, 1001, 80, RST, EXPECTED + WINDOW, 0), "tcp-reset");
	handshake(bed, 1002, 80);
	/* in the window, but not what is expected: the guest's to challenge, and no end */
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1002, 80, RST, EXPECTED + WINDOW - 1, 0));
	assert_int_equal(flow_at2(bed, 80, 1002).state, FLOW_CONNECTED);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1002, 80, RST, EXPECTED, 0));
	assert_int_equal(flow_at2(bed, 80, 1002).state, FLOW_CLOSING);
	/* one that the guest does not believe leaves the connection open */
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1002, ACK, 501, 101));
	assert_int_equal(flow_at2(bed, 80, 1002).state, FLOW_CONNECTED);
}

/* The window that counts is the one advertised last, on the fast path too, and the scale is the
 * SYN's. */
static void test_windows(void **state)
{
	static const u8 scale7[] = { 1, 3, 3, 7 };
	struct bed *bed = *state;
	struct frame answer = frame_of(BED_GUEST2, IPPROTO_TCP,
		frame_tcp(80, 1000, SYN | ACK, 500, 101, frame_bytes(scale7, sizeof(scale7))));
	struct frame narrow;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	answer.b[46] = 0x60;
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN, 100, 0));
	expect_passes(bed, BED_GUEST2, answer);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	expect_passes(
		bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, RST, EXPECTED + (WINDOW << 7) - 1, 0));
	/* a FIN that can't be meant changes nothing either */
	expect_passes(bed, BED_GUEST1,
		tcp(BED_GUEST1, 1000, 80, FIN | ACK, EXPECTED + (WINDOW << 7), 501));
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_CONNECTED);
	narrow = tcp(BED_GUEST2, 80, 1000, ACK, 501, 201);
	narrow.b[48] = 0; /* its window: below 256, by 128 */
	expect_passes(bed, BED_GUEST2, narrow);
	expect_refused(bed, BED_GUEST1, BED_GUEST2,
		tcp(BED_GUEST1, 1000, 80, RST, 201 + (256 << 7), 0), "tcp-reset");
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_CONNECTED);
}

/* Who has not seen the answer to its SYN, because the address is another's, connects nothing. */
static void test_blind_openings(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, SYN, 100, 0));
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, SYN | ACK, 500, 101));
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 0x40000000));
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_NEW);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_CONNECTED);
}

static void test_icmp(void **state)
{
	struct bed *bed = *state;
	struct frame request =
		frame_of(BED_GUEST1, IPPROTO_ICMP, frame_icmp(8, 0, 0x00070001, frame_fill(8)));
	struct frame answer =
		frame_of(BED_GUEST2, IPPROTO_ICMP, frame_icmp(0, 0, 0x00070001, frame_fill(8)));
	struct frame back =
		frame_of(BED_GUEST2, IPPROTO_ICMP, frame_icmp(8, 0, 0x00070001, frame_fill(8)));

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, rule(23, DP_INGRESS, IPPROTO_ICMP, 8, 0));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, answer, "denied-egress");
	expect_passes(bed, BED_GUEST1, request);
	expect_passes(bed, BED_GUEST2, answer);
	/* with the same identifier a request is no answer */
	expect_refused(bed, BED_GUEST2, BED_GUEST2, back, "denied-egress");
	POLICY(bed, policy2, rule(23, DP_INGRESS, IPPROTO_ICMP, 3, -1));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, request, "denied-ingress");
}

/* Port unreachable about @about, from the other guest. */
static struct frame unreachable(enum bed_place from, struct frame about)
{
	return frame_of(from, IPPROTO_ICMP, frame_icmp(3, 3, 0, frame_bytes(about.b + 14, 28)));
}

static void test_errors_are_related(void **state)
{
	struct bed *bed = *state;
	struct frame query = udp(BED_GUEST1, 1000, 53);

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, unreachable(BED_GUEST2, query), "denied-egress");
	expect_passes(bed, BED_GUEST1, query);
	expect_passes(bed, BED_GUEST2, unreachable(BED_GUEST2, query));
	expect_refused(bed, BED_GUEST2, BED_GUEST2,
		unreachable(BED_GUEST2, udp(BED_GUEST1, 1001, 53)), "denied-egress");
	POLICY(bed, policy2, TCP_IN2(53, 53));
	expect_refused(
		bed, BED_GUEST2, BED_GUEST2, unreachable(BED_GUEST2, query), "denied-ingress");
}

/* A state that has aged away takes the verdict of the other direction with it, within a tick. */
static void test_a_lost_state_takes_the_verdict(void **state)
{
	struct bed *bed = *state;
	int fd = bpf_map__fd(bed->dp->edge->maps.flows4);
	struct flow_key4 key, keys[512];
	struct flow flow;
	u32 n = 0;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(53, 53));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1000, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1000));
	for (int rc = bpf_map_get_next_key(fd, NULL, &key); !rc && n < 512;
		rc = bpf_map_get_next_key(fd, &key, &key))
		keys[n++] = key;
	for (u32 i = 0; i < n; i++) { /* guest 1's goes; guest 2's looks a tick old */
		assert_int_equal(bpf_map_lookup_elem(fd, &keys[i], &flow), 0);
		flow.seen--;
		if (keys[i].src == htonl(0x0a000001))
			bpf_map_delete_elem(fd, &keys[i]);
		else
			bpf_map_update_elem(fd, &keys[i], &flow, BPF_EXIST);
	}
	expect_refused(bed, BED_GUEST2, BED_GUEST1, udp(BED_GUEST2, 53, 1000), "denied-ingress");
}

static void set_quotas(struct bed *bed, u32 all, u32 half_open)
{
	bed->dp->host.connections_max = all;
	bed->dp->host.half_open_max = half_open;
	assert_true(host_write(bed->dp, NULL));
}

static struct dp_port_connections connections_at(struct bed *bed, enum bed_place place)
{
	struct dp_port_connections connections;

	assert_true(dp_port_connections(bed->dp, bed->ifindex[place], &connections, NULL));
	return connections;
}

/* Who is half open longest gives way; where nobody is, the new one is refused. */
static void test_quotas(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	set_quotas(bed, 5, 4);
	for (u16 port = 1; port <= 4; port++)
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, port, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1)); /* an answer makes room */
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 5, 53));
	assert_int_equal(connections_at(bed, BED_GUEST2).evicted, 0);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 6, 53)); /* for 2 */
	assert_int_equal(connections_at(bed, BED_GUEST2).evicted, 1);
	assert_int_equal(connections_at(bed, BED_GUEST2).connections, 5);
	assert_int_equal(connections_at(bed, BED_GUEST2).half_open, 4);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 53, 2), "denied-egress");
	for (u16 port = 3; port <= 6; port++)
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, port));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1)); /* established is not touched */
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 7, 53), "connection-quota");
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 5, 53));
}

#define FILL_BATCH 4096

/* What came from the underlay takes the whole table. Returns how many entries it is. */
static u32 fill_table(int fd, struct flow_key4 *keys)
{
	g_autofree struct flow *flows = g_new0(struct flow, FILL_BATCH);
	u32 n = 0, count;

	for (u32 i = 0; i < FILL_BATCH; i++)
		flows[i].seen = ticks_now();
	do {
		for (u32 i = 0; i < FILL_BATCH; i++)
			keys[n + i] = (struct flow_key4){ .scope = EDGE_PORTS_MAX,
				.kind = FLOW_KIND(0, (u32)FLOW_FROM_UNDERLAY),
				.src = n + i };
		count = FILL_BATCH;
		bpf_map_update_batch(fd, &keys[n], flows, &count, NULL);
		n += count;
	} while (count == FILL_BATCH);
	return n;
}

/* When the table is full, a port's own half open connections give way to its new ones. */
static void test_a_full_table(void **state)
{
	struct bed *bed = *state;
	struct bpf_map *map = bed->dp->edge->maps.flows4;
	g_autofree struct flow_key4 *keys =
		g_new(struct flow_key4, bpf_map__max_entries(map) + FILL_BATCH);
	u32 n;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1, 53));
	n = fill_table(bpf_map__fd(map), keys);
	assert_in_range(n, bpf_map__max_entries(map) / 2, bpf_map__max_entries(map));
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 2, 53));
	assert_int_equal(connections_at(bed, BED_GUEST1).connections, 1);
	assert_int_equal(connections_at(bed, BED_GUEST1).evicted, 1);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, udp(BED_GUEST2, 53, 1), "denied-egress");
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 2));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 3, 53), "connection-table");
	bpf_map_delete_batch(bpf_map__fd(map), keys, &n, NULL);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 3, 53));
}

static s64 project_has(struct bed *bed, u32 number)
{
	struct project_connections_gone gone;
	u64 made;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.project_connections),
				 &number, &made),
		0);
	assert_int_equal(
		bpf_map_lookup_elem(
			bpf_map__fd(bed->dp->edge->maps.project_connections_gone), &number, &gone),
		0);
	return (s64)(made - gone.gone);
}

/* Both ports are of one project; a connection between them is tracked at each. */
static void test_project_quotas(void **state)
{
	struct bed *bed = *state;
	struct connections_gone gone;
	struct port port;
	s64 left;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	assert_true(table_get(bed->dp, TABLE_PORTS, &bed->ifindex[BED_GUEST1], &port));
	bpf_map_lookup_elem(bpf_map__fd(bed->dp->edge->maps.connections_gone), &port.id, &gone);
	assert_int_not_equal(gone.project, 0);
	put_limit(bed, 2);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1));
	assert_int_equal(project_has(bed, gone.project), 2);
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 2, 53), "project-connection-quota");
	put_limit(bed, 4);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 2, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 2)); /* what is half open gives way */
	assert_int_equal(project_has(bed, gone.project), 4);
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 3, 53), "project-connection-quota");
	put_limit(bed, 0); /* what there is stays */
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1, 53));
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 3, 53), "project-connection-quota");
	bed->dp->connections_per_project = 6; /* of the host, for each; the less holds */
	put_limit(bed, 100);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 3, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 3));
	expect_refused(
		bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 4, 53), "project-connection-quota");
	bed->dp->connections_per_project = PROJECT_UNLIMITED;
	put_limit(bed, NO_LIMIT);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 4, 53));
	left = project_has(bed, gone.project) - (s64)connections_at(bed, BED_GUEST2).connections;
	assert_true(dp_port_delete(bed->dp, bed->ifindex[BED_GUEST2], NULL));
	assert_int_equal(project_has(bed, gone.project), left);
}

static void keep(const struct dp_connection *connection, void *data)
{
	g_array_append_val((GArray *)data, *connection);
}

/* A port that comes back elsewhere with its connections: they go on, but not past the rules. */
static void test_handover(void **state)
{
	struct bed *bed = *state;
	g_autoptr(GArray) moved = g_array_new(FALSE, FALSE, sizeof(struct dp_connection));
	struct frame goes_on = tcp(BED_GUEST2, 80, 1000, ACK, 501, 101);
	const struct dp_connection *connection;
	u32 ifindex = bed->ifindex[BED_GUEST2];

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80));
	handshake(bed, 1000, 80);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1001, 80, SYN, 100, 0)); /* half open */
	assert_true(dp_connections_each(bed->dp, ifindex, keep, moved, NULL));
	assert_int_equal(moved->len, 1);
	connection = &g_array_index(moved, struct dp_connection, 0);
	assert_int_equal(connection->state, DP_CONNECTION_CONNECTED);
	assert_int_equal(connection->flags, DP_CONNECTION_BY_REMOTE);
	assert_int_equal(connection->guest_port, 80);
	assert_int_equal(connection->remote_port, 1000);
	assert_int_equal(connection->expects, EXPECTED);
	assert_true(dp_port_delete(bed->dp, ifindex, NULL));
	put_port(bed, BED_GUEST2, policy2);
	expect_refused(bed, BED_GUEST2, BED_GUEST2, goes_on, "denied-egress");
	assert_true(dp_connection_put(bed->dp, ifindex, connection, NULL));
	assert_true(dp_connection_put(bed->dp, ifindex, connection, NULL)); /* once is enough */
	assert_int_equal(connections_at(bed, BED_GUEST2).connections, 1);
	assert_int_equal(connections_at(bed, BED_GUEST2).half_open, 0);
	expect_passes(bed, BED_GUEST2, goes_on);
	expect_passes(bed, BED_GUEST1, tcp(BED_GUEST1, 1000, 80, ACK, 101, 501));
	expect_refused(bed, BED_GUEST1, BED_GUEST2, tcp(BED_GUEST1, 1000, 80, RST, EXPECTED - 1, 0),
		"tcp-reset");
	POLICY(bed, policy2, TCP_IN2(81, 81));
	expect_refused(bed, BED_GUEST2, BED_GUEST2, goes_on, "denied-ingress");
}

/* What was taken for an opening before the connection was known gives way to what it is. */
static void test_handover_to_an_opening(void **state)
{
	struct bed *bed = *state;
	g_autoptr(GArray) moved = g_array_new(FALSE, FALSE, sizeof(struct dp_connection));
	u32 ifindex = bed->ifindex[BED_GUEST2];

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, TCP_IN2(80, 80), rule(22, DP_EGRESS, -1, -1, -1));
	handshake(bed, 1000, 80);
	assert_true(dp_connections_each(bed->dp, ifindex, keep, moved, NULL));
	assert_true(dp_port_delete(bed->dp, ifindex, NULL));
	put_port(bed, BED_GUEST2, policy2);
	expect_passes(bed, BED_GUEST2, tcp(BED_GUEST2, 80, 1000, ACK, 501, 101));
	assert_int_equal(flow_at2(bed, 80, 1000).flags & FLOW_BY_REMOTE, 0);
	assert_true(dp_connection_put(
		bed->dp, ifindex, &g_array_index(moved, struct dp_connection, 0), NULL));
	assert_int_equal(flow_at2(bed, 80, 1000).state, FLOW_CONNECTED);
	assert_true(flow_at2(bed, 80, 1000).flags & FLOW_BY_REMOTE);
	assert_int_equal(connections_at(bed, BED_GUEST2).connections, 1);
	assert_int_equal(connections_at(bed, BED_GUEST2).half_open, 0);
}

/* Aged connections are counted out, so that the quota is of what there is. */
static void age_all(struct bed *bed)
{
	int fd = bpf_map__fd(bed->dp->edge->maps.flows4);
	struct flow_key4 key, *previous = NULL;
	struct flow flow;

	while (!bpf_map_get_next_key(fd, previous, &key)) {
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &flow), 0);
		flow.seen -= 10000;
		bpf_map_update_elem(fd, &key, &flow, BPF_EXIST);
		previous = &key;
	}
	dp_flows_expire(bed->dp);
}

static void test_aging_gives_quota_back(void **state)
{
	struct bed *bed = *state;

	POLICY(bed, policy1, OUT1);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	set_quotas(bed, 1, 1);
	expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 1, 53));
	expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 1));
	expect_refused(bed, BED_GUEST1, BED_GUEST1, udp(BED_GUEST1, 2, 53), "connection-quota");
	for (int i = 0; i < 2; i++) { /* the second time as what is remembered as half open */
		age_all(bed);
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, 2, 53));
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, 2));
	}
}

/* What goes on while the port is not filtered, or each packet is judged by itself, is counted out
 * in the end like anything else. */
static void test_filtered_now_and_then(void **state)
{
	const struct dp_rule rules[] = { OUT1, UDP_IN2(-1, -1) };
	struct dp_policy alone = { .rules = rules, .n_rules = 2, .stateless = true };
	struct bed *bed = *state;

	memcpy(alone.id, policy1, 16);
	POLICY(bed, policy2, UDP_IN2(-1, -1));
	set_quotas(bed, 1, 1);
	for (u16 sport = 1; sport <= 2; sport++) {
		POLICY(bed, policy1, OUT1);
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, sport, 53));
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, sport));
		if (sport == 2)
			put_port_with(bed, BED_GUEST1, NULL, DP_PORT_SECURITY);
		else
			assert_true(dp_policy_put(bed->dp, &alone, NULL));
		expect_passes(bed, BED_GUEST1, udp(BED_GUEST1, sport, 53));
		expect_passes(bed, BED_GUEST2, udp(BED_GUEST2, 53, sport));
		age_all(bed);
		assert_int_equal(connections_at(bed, BED_GUEST1).connections, 0);
		assert_int_equal(connections_at(bed, BED_GUEST1).half_open, 0);
		put_port(bed, BED_GUEST1, policy1);
	}
}

static int begin(void **state)
{
	struct bed *bed = *state;

	firewall_begin(state);
	set_quotas(bed, 65536, 4096);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tcp_states),
		TEST(test_resets),
		TEST(test_windows),
		TEST(test_blind_openings),
		TEST(test_icmp),
		TEST(test_errors_are_related),
		TEST(test_a_lost_state_takes_the_verdict),
		TEST(test_quotas),
		TEST(test_a_full_table),
		TEST(test_project_quotas),
		TEST(test_handover),
		TEST(test_handover_to_an_opening),
		TEST(test_aging_gives_quota_back),
		TEST(test_filtered_now_and_then),
	};

	return cmocka_run_group_tests(tests, bed_setup, bed_teardown);
}
