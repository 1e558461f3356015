/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the packets of a new connection cost the edge switch, run by hand as root:
 * build/test/bench/connection_cost [CONNECTIONS [MODE]], which docs/performance.md explains. Each
 * goes from one filtered port of the host to another, straight, `routed` by a router or `balanced`
 * by a VIP; or to the outside by the router's address (`snat`), or from there to a `floating` IP.
 * That is done by BPF_PROG_TEST_RUN, so it is processor time that is measured, and of that the
 * programs alone. Prints a line per packet: its name, the median and the 10th percentile in ns. A
 * known connection's packet says what measuring costs itself.
 */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "firewall_bed.h"
#include "outside_bed.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define CONNECTIONS_DEFAULT 10000
#define CONNECTIONS_MAX 30000
#define FIRST_PORT 20000
#define SERVER_PORT 80
#define VIP "10.0.0.50"
#define VIP_MAC "02:00:00:00:0b:00"
#define ETH_SPORT 34
#define ETH_DPORT 36
#define ETH_DATA_OFFSET 46

/* What Linux offers: segment size, SACK, time stamps, window scale. */
static const u8 syn_options[20] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3,
	7 };

/* As whom the opener and who answers send, and where. */
struct end {
	enum bed_place place;
	const char *to_mac, *mac, *ip, *to_ip;
};
enum { OPENER, OTHER, N_ENDS };

static const struct mode {
	const char *name;
	struct end ends[N_ENDS];
} modes[] = {
	{ "switched",
		{ { BED_GUEST1, MAC2, MAC1, IP1, IP2 }, { BED_GUEST2, MAC1, MAC2, IP2, IP1 } } },
	{ "routed", { { BED_GUEST1, INSIDE_MAC, MAC1, IP1, IP2 },
			    { BED_GUEST2, INSIDE_MAC, MAC2, IP2, IP1 } } },
	{ "snat", { { BED_GUEST2, INSIDE_MAC, MAC2, IP2, FAR_IP },
			  { BED_WIRE, GATEWAY_MAC, NEXT_MAC, FAR_IP, GATEWAY_IP } } },
	{ "floating", { { BED_WIRE, FLOATING_MAC, NEXT_MAC, FAR_IP, FLOATING_IP },
			      { BED_GUEST1, INSIDE_MAC, MAC1, IP1, FAR_IP } } },
	{ "balanced",
		{ { BED_GUEST1, VIP_MAC, MAC1, IP1, VIP }, { BED_GUEST2, MAC1, MAC2, IP2, IP1 } } },
};

struct step {
	const char *name;
	int from;
	u8 proto, flags;
	u32 seq, ack, data;
	struct frame frame;
	u32 *ns;
};

static struct step steps[] = {
	{ "UDP", OPENER, IPPROTO_UDP, .data = 18 },
	{ "UDP answer", OTHER, IPPROTO_UDP, .data = 18 },
	{ "UDP known", OPENER, IPPROTO_UDP, .data = 18 },
	{ "SYN", OPENER, IPPROTO_TCP, SYN, 100, 0 },
	{ "SYN ACK", OTHER, IPPROTO_TCP, SYN | ACK, 500, 101 },
	{ "ACK", OPENER, IPPROTO_TCP, ACK, 101, 501 },
	{ "data", OPENER, IPPROTO_TCP, ACK, 101, 501, 1 },
	{ "data back", OTHER, IPPROTO_TCP, ACK, 501, 102, 1 },
	{ "known", OPENER, IPPROTO_TCP, ACK, 102, 502, 1 },
	{ "known back", OTHER, IPPROTO_TCP, ACK, 502, 103, 1 },
	{ "FIN", OPENER, IPPROTO_TCP, FIN | ACK, 103, 503 },
	{ "FIN back", OTHER, IPPROTO_TCP, FIN | ACK, 503, 104 },
	{ "last ACK", OPENER, IPPROTO_TCP, ACK, 104, 504 },
};
#define N_STEPS G_N_ELEMENTS(steps)

static void make_frame(struct step *step, const struct mode *mode)
{
	const struct end *end = &mode->ends[step->from];
	bool syn = step->flags & SYN;
	struct frame data =
		syn ? frame_bytes(syn_options, sizeof(syn_options)) : frame_fill(step->data);

	step->frame = frame_eth(end->to_mac, end->mac, ETH_IP4,
		frame_ip(end->ip, end->to_ip, step->proto,
			step->proto == IPPROTO_UDP ? frame_udp(1, SERVER_PORT, data)
						   : frame_tcp(1, SERVER_PORT, step->flags,
							     step->seq, step->ack, data)));
	if (syn)
		step->frame.b[ETH_DATA_OFFSET] = (20 + sizeof(syn_options)) / 4 << 4;
}

/* Ports in the frame: the client's is that of the connection. Sums are not looked at. */
static void set_ports(struct step *step, u16 client)
{
	u8 *at = &step->frame.b[step->from == OPENER ? ETH_SPORT : ETH_DPORT],
	   *other = &step->frame.b[step->from == OPENER ? ETH_DPORT : ETH_SPORT];

	at[0] = (u8)(client >> 8);
	at[1] = (u8)client;
	other[0] = SERVER_PORT >> 8;
	other[1] = SERVER_PORT & 0xff;
}

static u32 run(struct bed *bed, const struct mode *mode, const struct step *step)
{
	enum bed_place place = mode->ends[step->from].place;
	struct bpf_program *program = place == BED_WIRE ? bed->dp->edge->progs.from_wire
							: bed->dp->edge->progs.from_guest;
	struct __sk_buff skb = { .ifindex = bed->ifindex[place] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = step->frame.b,
		.data_size_in = (u32)step->frame.len, .ctx_in = &skb, .ctx_size_in = sizeof(skb),
		.repeat = 1);

	assert_int_equal(bpf_prog_test_run_opts(program_fd(bed->dp, program), &opts), 0);
	if (opts.retval != 7) /* TC_ACT_REDIRECT */
		fail_msg("%s was not forwarded", step->name);
	return opts.duration;
}

static int compare(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static void print(u32 n)
{
	for (size_t i = 0; i < N_STEPS; i++) {
		qsort(steps[i].ns, n, sizeof(u32), compare);
		printf("%s: %u %u\n", steps[i].name, steps[i].ns[n / 2], steps[i].ns[n / 10]);
		g_free(steps[i].ns);
	}
}

/* A VIP whose member is guest 2. */
static void balance(struct bed *bed)
{
	struct dp_lb_member member = {
		.vni = VNI, .mac = mac(MAC2), .ip = ip(IP2), .port = SERVER_PORT, .weight = 1
	};
	struct dp_listener listener = {
		.vni = VNI, .vip = ip(VIP), .port = SERVER_PORT, .members = &member, .n_members = 1
	};
	struct mac vip_mac = mac(VIP_MAC);
	const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	assert_true(dp_vip_put(bed->dp, VNI, &listener.vip, &vip_mac, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(protos); i++) {
		listener.proto = protos[i];
		assert_true(dp_listener_put(bed->dp, &listener, NULL));
	}
}

static void prepare(struct bed *bed)
{
	struct dp_rule rules[] = { OUT1, rule(20, DP_INGRESS, -1, -1, -1) };

	rules[1].remote = DP_REMOTE_PREFIX;
	rules[1].prefix = prefix("0.0.0.0/0");
	firewall_begin((void **)&bed);
	put_policy(bed, policy1, rules, 2);
	put_policy(bed, policy2, rules, 2);
	balance(bed);
	introduce(bed);
}

static void measure(struct bed *bed, u32 n, const struct mode *mode)
{
	prepare(bed);
	for (size_t i = 0; i < N_STEPS; i++) {
		make_frame(&steps[i], mode);
		steps[i].ns = g_new(u32, n);
	}
	for (u32 i = 0; i < n; i++)
		for (size_t s = 0; s < N_STEPS; s++) {
			set_ports(&steps[s], (u16)(FIRST_PORT + i));
			steps[s].ns[i] = run(bed, mode, &steps[s]);
		}
	print(n);
}

int main(int argc, char **argv)
{
	u32 n = argc > 1 ? (u32)atoi(argv[1]) : CONNECTIONS_DEFAULT;
	const struct mode *mode = &modes[0];
	void *bed = NULL;

	for (size_t i = 0; argc > 2 && i < G_N_ELEMENTS(modes); i++)
		if (!strcmp(argv[2], modes[i].name))
			mode = &modes[i];
	if (argc > 2 && strcmp(argv[2], mode->name)) {
		fprintf(stderr,
			"connection_cost: no mode '%s'; there are switched, routed, snat, floating and balanced\n",
			argv[2]);
		return 2;
	}
	outside_setup(&bed);
	measure(bed, MIN(MAX(n, 1), CONNECTIONS_MAX), mode);
	return bed_teardown(&bed);
}
