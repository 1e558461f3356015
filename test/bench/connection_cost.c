/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the packets of a new connection cost the edge switch, run by hand as root:
 * build/test/bench/connection_cost [CONNECTIONS [routed]], which docs/performance.md explains. Each
 * goes from one filtered port of the host to another, straight or by a router, by
 * BPF_PROG_TEST_RUN, so it is processor time that is measured, and of that the programs alone.
 * Prints a line per packet: its name, the median and the 10th percentile in ns. A known
 * connection's packet says what measuring costs itself.
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
#define ETH_SPORT 34
#define ETH_DPORT 36
#define ETH_DATA_OFFSET 46

/* What Linux offers: segment size, SACK, time stamps, window scale. */
static const u8 syn_options[20] = { 2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3,
	7 };

struct step {
	const char *name;
	enum bed_place from;
	u8 proto, flags;
	u32 seq, ack, data;
	struct frame frame;
	u32 *ns;
};

static struct step steps[] = {
	{ "UDP", BED_GUEST1, IPPROTO_UDP, .data = 18 },
	{ "UDP answer", BED_GUEST2, IPPROTO_UDP, .data = 18 },
	{ "UDP known", BED_GUEST1, IPPROTO_UDP, .data = 18 },
	{ "SYN", BED_GUEST1, IPPROTO_TCP, SYN, 100, 0 },
	{ "SYN ACK", BED_GUEST2, IPPROTO_TCP, SYN | ACK, 500, 101 },
	{ "ACK", BED_GUEST1, IPPROTO_TCP, ACK, 101, 501 },
	{ "data", BED_GUEST1, IPPROTO_TCP, ACK, 101, 501, 1 },
	{ "data back", BED_GUEST2, IPPROTO_TCP, ACK, 501, 102, 1 },
	{ "FIN", BED_GUEST1, IPPROTO_TCP, FIN | ACK, 102, 502 },
	{ "FIN back", BED_GUEST2, IPPROTO_TCP, FIN | ACK, 502, 103 },
	{ "last ACK", BED_GUEST1, IPPROTO_TCP, ACK, 103, 503 },
};
#define N_STEPS G_N_ELEMENTS(steps)

static void make_frame(struct step *step, bool routed)
{
	const struct mac router = mac(INSIDE_MAC);
	bool syn = step->flags & SYN;
	struct frame data =
		syn ? frame_bytes(syn_options, sizeof(syn_options)) : frame_fill(step->data);

	step->frame = frame_of(step->from, step->proto,
		step->proto == IPPROTO_UDP
			? frame_udp(1, SERVER_PORT, data)
			: frame_tcp(1, SERVER_PORT, step->flags, step->seq, step->ack, data));
	if (syn)
		step->frame.b[ETH_DATA_OFFSET] = (20 + sizeof(syn_options)) / 4 << 4;
	if (routed)
		memcpy(step->frame.b, router.b, sizeof(router.b));
}

/* Ports in the frame: the client's is that of the connection. Sums are not looked at. */
static void set_ports(struct step *step, u16 client)
{
	u8 *at = &step->frame.b[step->from == BED_GUEST1 ? ETH_SPORT : ETH_DPORT],
	   *other = &step->frame.b[step->from == BED_GUEST1 ? ETH_DPORT : ETH_SPORT];

	at[0] = (u8)(client >> 8);
	at[1] = (u8)client;
	other[0] = SERVER_PORT >> 8;
	other[1] = SERVER_PORT & 0xff;
}

static u32 run(struct bed *bed, const struct step *step)
{
	struct __sk_buff skb = { .ifindex = bed->ifindex[step->from] };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = step->frame.b,
		.data_size_in = (u32)step->frame.len, .ctx_in = &skb, .ctx_size_in = sizeof(skb),
		.repeat = 1);

	assert_int_equal(
		bpf_prog_test_run_opts(program_fd(bed->dp, bed->dp->edge->progs.from_guest), &opts),
		0);
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

static void measure(struct bed *bed, u32 n, bool routed)
{
	struct dp_rule inside = rule(20, DP_INGRESS, -1, -1, -1);

	inside.remote = DP_REMOTE_PREFIX;
	inside.prefix = prefix("10.0.0.0/16");
	firewall_begin((void **)&bed);
	POLICY(bed, policy1, OUT1);
	put_policy(bed, policy2, &inside, 1);
	for (size_t i = 0; i < N_STEPS; i++) {
		make_frame(&steps[i], routed);
		steps[i].ns = g_new(u32, n);
	}
	for (u32 i = 0; i < n; i++)
		for (size_t s = 0; s < N_STEPS; s++) {
			set_ports(&steps[s], (u16)(FIRST_PORT + i));
			steps[s].ns[i] = run(bed, &steps[s]);
		}
	print(n);
}

int main(int argc, char **argv)
{
	u32 n = argc > 1 ? (u32)atoi(argv[1]) : CONNECTIONS_DEFAULT;
	void *bed = NULL;

	outside_setup(&bed);
	measure(bed, MIN(MAX(n, 1), CONNECTIONS_MAX), argc > 2 && !strcmp(argv[2], "routed"));
	return bed_teardown(&bed);
}
