/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data path by hand, for tests and measurements without an agent: edge_tool PIN_DIR <COMMANDS.
 * One command a line:
 *
 *   uplinks VTEP4|- VTEP6|- DEVICE…
 *   network VNI MTU GATEWAY4|- GATEWAY6|- [shared]
 *   member VNI VTEP vxlan|geneve           unmember VNI VTEP
 *   endpoint VNI MAC DEVICE                endpoint VNI MAC VTEP vxlan|geneve          unendpoint
 * VNI MAC neighbour VNI IP MAC                   service VNI IP MAC port DEVICE veth|tap VNI MAC
 * FLAGS [MAC,PREFIX]…      unport DEVICE trace DEVICE HEX   counters DEVICE   drops DEVICE|- usage
 * expire   sweep begin|end
 *   fill DEVICE HEX N            N connections beside that of an IPv4 frame, to other addresses
 *   spread DEVICE HEX N RUNS     what a frame of one of them costs, each run another
 *
 * edge_tool PIN_DIR destroy removes everything. $WEFT_FLOW_ENTRIES is the size of new tables of
 * flows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "datapath/internal.h"
#include "edge.skel.h"

#define COST_RUNS 50
#define COST_REPEAT 20000

struct command {
	const char *name;
	int min_args;
	bool (*run)(struct dp *dp, char **args, GError **error);
};

static struct ip ip_arg(const char *text)
{
	struct ip ip = { 0 };

	if (strcmp(text, "-") && !ip_parse(text, &ip))
		g_printerr("no IP address: %s\n", text);
	return ip;
}

static struct mac mac_arg(const char *text)
{
	struct mac mac = { 0 };

	if (!mac_parse(text, &mac))
		g_printerr("no MAC: %s\n", text);
	return mac;
}

static enum dp_encap encap_arg(const char *text)
{
	return strcmp(text, "geneve") ? DP_ENCAP_VXLAN : DP_ENCAP_GENEVE;
}

static bool run_uplinks(struct dp *dp, char **args, GError **error)
{
	struct ip v4 = ip_arg(args[0]), v6 = ip_arg(args[1]);

	return dp_set_uplinks(dp, (const char *const *)&args[2], &v4, &v6, error);
}

static bool run_network(struct dp *dp, char **args, GError **error)
{
	struct dp_network network = { .vni = (u32)atoi(args[0]),
		.mtu_bytes = (u32)atoi(args[1]),
		.gateway4 = ip_arg(args[2]),
		.gateway6 = ip_arg(args[3]),
		.shared_addresses = args[4] != NULL };

	return dp_network_put(dp, &network, error);
}

static bool run_member(struct dp *dp, char **args, GError **error)
{
	struct dp_member member = {
		.vni = (u32)atoi(args[0]), .vtep = ip_arg(args[1]), .encap = encap_arg(args[2])
	};

	member.routed = args[3] && !strcmp(args[3], "routed");

	return dp_member_put(dp, &member, error);
}

static bool run_unmember(struct dp *dp, char **args, GError **error)
{
	struct ip vtep = ip_arg(args[1]);

	return dp_member_delete(dp, (u32)atoi(args[0]), &vtep, error);
}

static bool run_endpoint(struct dp *dp, char **args, GError **error)
{
	struct dp_endpoint endpoint = { .vni = (u32)atoi(args[0]), .mac = mac_arg(args[1]) };

	if (args[3]) {
		endpoint.vtep = ip_arg(args[2]);
		endpoint.encap = encap_arg(args[3]);
	} else {
		endpoint.ifindex = if_nametoindex(args[2]);
	}
	return dp_endpoint_put(dp, &endpoint, error);
}

static bool run_unendpoint(struct dp *dp, char **args, GError **error)
{
	struct mac mac = mac_arg(args[1]);

	return dp_endpoint_delete(dp, (u32)atoi(args[0]), &mac, error);
}

static bool run_neighbour(struct dp *dp, char **args, GError **error)
{
	struct ip ip = ip_arg(args[1]);
	struct mac mac = mac_arg(args[2]);

	return dp_neighbour_put(dp, (u32)atoi(args[0]), &ip, &mac, error);
}

static bool run_service(struct dp *dp, char **args, GError **error)
{
	struct ip ip = ip_arg(args[1]);
	struct mac mac = mac_arg(args[2]);

	return dp_service_put(dp, (u32)atoi(args[0]), &ip, &mac, error);
}

static bool run_port(struct dp *dp, char **args, GError **error)
{
	g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(struct dp_pair));
	struct dp_port port = { .ifindex = if_nametoindex(args[0]),
		.kind = strcmp(args[1], "tap") ? DP_PORT_VETH : DP_PORT_TAP,
		.vni = (u32)atoi(args[2]),
		.mac = mac_arg(args[3]),
		.flags = (u32)atoi(args[4]) };

	memcpy(port.uuid, port.mac.b, 6);
	for (int i = 5; args[i]; i++) {
		struct dp_pair pair = { 0 };
		char *comma = strchr(args[i], ',');

		if (comma)
			*comma = '\0';
		pair.mac = mac_arg(args[i]);
		if (!comma || !prefix_parse(comma + 1, &pair.prefix))
			return weft_fail(error, INVALID_INPUT, "no MAC,PREFIX: %s", args[i]);
		g_array_append_val(pairs, pair);
	}
	port.pairs = (const struct dp_pair *)(void *)pairs->data;
	port.n_pairs = pairs->len;
	return dp_port_put(dp, &port, error);
}

static bool run_unport(struct dp *dp, char **args, GError **error)
{
	return dp_port_delete(dp, if_nametoindex(args[0]), error);
}

static GByteArray *hex_arg(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; hex[0] && hex[1]; hex += 2) {
		u8 byte = (u8)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));

		g_byte_array_append(bytes, &byte, 1);
	}
	return bytes;
}

static bool run_trace(struct dp *dp, char **args, GError **error)
{
	g_autoptr(GByteArray) frame = hex_arg(args[1]);
	g_autoptr(GPtrArray) steps = NULL;

	if (!dp_trace(dp, if_nametoindex(args[0]), frame->data, frame->len, &steps, error))
		return false;
	for (guint i = 0; i < steps->len; i++)
		printf("%s\n", (char *)steps->pdata[i]);
	return true;
}

/* The best of many short runs: what the program costs when nobody interrupts it. */
static bool run_cost(struct dp *dp, char **args, GError **error)
{
	g_autoptr(GByteArray) frame = hex_arg(args[1]);
	struct __sk_buff skb = { .ifindex = if_nametoindex(args[0]) };
	u32 best = UINT32_MAX;

	for (int i = 0; i < COST_RUNS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->data,
			.data_size_in = frame->len, .ctx_in = &skb, .ctx_size_in = sizeof(skb),
			.repeat = COST_REPEAT);
		int rc = bpf_prog_test_run_opts(program_fd(dp, dp->edge->progs.from_guest), &opts);

		if (rc)
			return weft_fail_errno(error, -rc, "Can't run the program");
		best = MIN(best, opts.duration);
	}
	printf("%u ns\n", best);
	return true;
}

/* --- a full table --- */

#define FIRST_ADDRESS \
	0x0a400000u /* 10.64.0.0; the i-th connection is to the i-th address behind it */
#define IP4_DST 30  /* in an Ethernet frame */
#define FILL_BATCH 4096

static bool run_frame(
	struct dp *dp, const char *device, GByteArray *frame, u32 *ret_ns, GError **error)
{
	struct __sk_buff skb = { .ifindex = if_nametoindex(device) };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->data, .data_size_in = frame->len,
		.ctx_in = &skb, .ctx_size_in = sizeof(skb), .repeat = 1);
	int rc = bpf_prog_test_run_opts(program_fd(dp, dp->edge->progs.from_guest), &opts);

	*ret_ns = opts.duration;
	return !rc || weft_fail_errno(error, -rc, "Can't run the program");
}

static unsigned long map_bytes(int fd)
{
	g_autofree char *path = g_strdup_printf("/proc/self/fdinfo/%d", fd), *text = NULL;
	const char *line;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	line = strstr(text, "memlock:");
	return line ? strtoul(line + strlen("memlock:"), NULL, 10) : 0;
}

static bool run_fill(struct dp *dp, char **args, GError **error)
{
	g_autoptr(GByteArray) frame = hex_arg(args[1]);
	int fd = bpf_map__fd(dp->edge->maps.flows4);
	g_autofree struct flow_key4 *keys = g_new(struct flow_key4, FILL_BATCH);
	g_autofree struct flow *flows = g_new(struct flow, FILL_BATCH);
	u32 n = (u32)atoi(args[2]), ns, count;
	unsigned long before = map_bytes(fd);
	struct flow_key4 key;
	struct flow flow;

	if (!run_frame(dp, args[0], frame, &ns, error))
		return false;
	if (bpf_map_get_next_key(fd, NULL, &key) || bpf_map_lookup_elem(fd, &key, &flow))
		return weft_fail_errno(error, errno, "The frame left no verdict");
	for (u32 done = 0; done < n; done += count) {
		count = MIN(n - done, FILL_BATCH);
		for (u32 i = 0; i < count; i++) {
			keys[i] = key;
			keys[i].dst = htonl(FIRST_ADDRESS + done + i);
			flows[i] = flow;
		}
		if (bpf_map_update_batch(fd, keys, flows, &count, NULL))
			return weft_fail_errno(error, errno, "Can't add the connection %u", done);
	}
	printf("%u connections, %.0f bytes each\n", n, (double)(map_bytes(fd) - before) / n);
	return true;
}

static int compare_ns(const void *a, const void *b)
{
	return (int)*(const u32 *)a - (int)*(const u32 *)b;
}

static bool run_spread(struct dp *dp, char **args, GError **error)
{
	g_autoptr(GByteArray) frame = hex_arg(args[1]);
	u32 n = (u32)atoi(args[2]), runs = (u32)atoi(args[3]);
	g_autofree u32 *ns = g_new(u32, runs);

	for (u32 i = 0; i < runs; i++) {
		be32 dst = htonl(FIRST_ADDRESS + (u32)g_random_int_range(0, (gint32)n));

		memcpy(&frame->data[IP4_DST], &dst, sizeof(dst));
		if (!run_frame(dp, args[0], frame, &ns[i], error))
			return false;
	}
	qsort(ns, runs, sizeof(*ns), compare_ns);
	printf("%u ns, 99 of 100 below %u ns\n", ns[runs / 2], ns[runs * 99 / 100]);
	return true;
}

static bool run_counters(struct dp *dp, char **args, GError **error)
{
	struct dp_counters c;

	if (!dp_port_counters(dp, if_nametoindex(args[0]), &c, error))
		return false;
	printf("rx %lu packets %lu bytes, tx %lu packets %lu bytes, %lu drops\n", c.rx_packets,
		c.rx_bytes, c.tx_packets, c.tx_bytes, c.drops);
	return true;
}

static bool run_drops(struct dp *dp, char **args, GError **error)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	if (!dp_drop_counts(dp, strcmp(args[0], "-") ? if_nametoindex(args[0]) : 0, counts, error))
		return false;
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		if (counts[i])
			printf("%s %lu\n", dp_drop_reason_name(i), counts[i]);
	return true;
}

static bool run_usage(struct dp *dp, char **args, GError **error)
{
	struct dp_usage u;

	(void)args;
	if (!dp_usage(dp, &u, error))
		return false;
	printf("flows %u of %u, endpoints %u of %u, networks %u, ports %u, flow table full %lu\n",
		u.flows, u.flows_max, u.endpoints, u.endpoints_max, u.networks, u.ports,
		u.flow_table_full);
	return true;
}

static bool run_expire(struct dp *dp, char **args, GError **error)
{
	(void)args;
	(void)error;
	dp_flows_expire(dp);
	return true;
}

static bool run_sweep(struct dp *dp, char **args, GError **error)
{
	if (!strcmp(args[0], "end"))
		return dp_sweep_end(dp, error);
	dp_sweep_begin(dp);
	return true;
}

static const struct command commands[] = {
	{ "uplinks", 2, run_uplinks },
	{ "network", 4, run_network },
	{ "member", 3, run_member },
	{ "unmember", 2, run_unmember },
	{ "endpoint", 3, run_endpoint },
	{ "unendpoint", 2, run_unendpoint },
	{ "neighbour", 3, run_neighbour },
	{ "service", 3, run_service },
	{ "port", 5, run_port },
	{ "unport", 1, run_unport },
	{ "trace", 2, run_trace },
	{ "cost", 2, run_cost },
	{ "fill", 3, run_fill },
	{ "spread", 4, run_spread },
	{ "counters", 1, run_counters },
	{ "drops", 1, run_drops },
	{ "usage", 0, run_usage },
	{ "expire", 0, run_expire },
	{ "sweep", 1, run_sweep },
};

static bool run_line(struct dp *dp, const char *line, GError **error)
{
	g_auto(GStrv) words = NULL;

	if (!line[0] || line[0] == '#')
		return true;
	words = g_strsplit(line, " ", -1);
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++)
		if (!strcmp(words[0], commands[i].name) &&
			(int)g_strv_length(words) > commands[i].min_args)
			return commands[i].run(dp, &words[1], error);
	return weft_fail(error, INVALID_INPUT, "Unknown or short command: %s", line);
}

int main(int argc, char **argv)
{
	const char *flows = getenv("WEFT_FLOW_ENTRIES");
	struct dp_options options = { .pin_dir = argc > 1 ? argv[1] : "",
		.flow_entries = flows ? (u32)atoi(flows) : 0 };
	g_autoptr(GError) error = NULL;
	struct dp *dp = NULL;
	char line[4096];
	bool ok;

	if (argc < 2) {
		fprintf(stderr, "usage: %s PIN_DIR [destroy] <COMMANDS\n", argv[0]);
		return 2;
	}
	log_init("edge_tool");
	if (argc > 2) {
		ok = dp_destroy(argv[1], &error);
	} else {
		ok = dp_open(&options, &dp, &error);
		while (ok && fgets(line, sizeof(line), stdin))
			ok = run_line(dp, g_strstrip(line), &error);
		dp_close(dp);
	}
	if (!ok)
		fprintf(stderr, "%s\n", error->message);
	return !ok;
}
