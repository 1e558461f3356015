/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#define ARRIVES_MS 2000 /* what must come out has this long; it takes microseconds */

static const char *const guest_ends[N_BED_PLACES] = { "g1", "g2", "w0" };
static const char *const host_ends[N_BED_PLACES] = { "p1", "p2", "u0" };

static void run(const char *command)
{
	if (system(command))
		fail_msg("failed: %s", command);
}

static int new_netns(void)
{
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

static void make_devices(int guest_netns)
{
	g_autofree char *guests = g_strdup_printf("/proc/%d/fd/%d", getpid(), guest_netns);

	run("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up");
	for (int i = 0; i < N_BED_PLACES; i++) {
		g_autofree char *command = g_strdup_printf(
			"ip link add %s mtu 9000 type veth peer name %s mtu 9000 netns %s && ip link set %s up",
			host_ends[i], guest_ends[i], guests, host_ends[i]);

		run(command);
	}
	run("ip link set u0 address " UNDERLAY_MAC
	    "; ip addr add 192.0.2.1/24 dev u0; echo 0 >/proc/sys/net/ipv6/conf/u0/disable_ipv6;"
	    "echo 0 >/proc/sys/net/ipv6/conf/u0/accept_dad; ip addr add 2001:db8::1/64 dev u0 nodad;"
	    "ip neigh replace 192.0.2.2 lladdr " PEER_MAC
	    " dev u0; ip neigh replace 2001:db8::2 lladdr " PEER_MAC " dev u0");
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device) };
	/* no protocol until it is bound: it would hear every device */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	int one = 1, room = 16 << 20; /* a thousand copies at once */

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void open_sockets(struct bed *bed)
{
	assert_int_equal(setns(bed->guest_netns, CLONE_NEWNET), 0);
	run("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; for d in g1 g2 w0; do ip link set $d arp off up; done");
	for (int i = 0; i < N_BED_PLACES; i++)
		bed->socket[i] = packet_socket(guest_ends[i]);
	assert_int_equal(setns(bed->host_netns, CLONE_NEWNET), 0);
	for (int i = 0; i < N_BED_PLACES; i++)
		bed->ifindex[i] = if_nametoindex(host_ends[i]);
}

static void open_datapath(struct bed *bed)
{
	struct dp_options options = { .pin_dir = bed->pin_dir };
	g_autoptr(GError) error = NULL;

	if (!dp_open(&options, &bed->dp, &error))
		fail_msg("%s", error->message);
}

int bed_setup(void **state)
{
	struct bed *bed = g_new0(struct bed, 1);

	if (geteuid()) {
		print_message("needs root\n");
		exit(77); /* skipped, to meson */
	}
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	bed->pin_dir = g_dir_make_tmp("weft-bed-XXXXXX", NULL);
	bed->guest_netns = new_netns();
	bed->host_netns = new_netns();
	make_devices(bed->guest_netns);
	open_sockets(bed);
	open_datapath(bed);
	bed_populate(bed);
	*state = bed;
	return 0;
}

int bed_teardown(void **state)
{
	struct bed *bed = *state;
	g_autoptr(GError) error = NULL;

	dp_close(bed->dp);
	if (!dp_destroy(bed->pin_dir, &error))
		fail_msg("%s", error->message);
	assert_int_not_equal(access(bed->pin_dir, F_OK), 0);
	g_free(bed->pin_dir);
	g_free(bed);
	return 0;
}

void bed_reopen(struct bed *bed)
{
	dp_close(bed->dp);
	open_datapath(bed);
}

struct ip ip(const char *text)
{
	struct ip ip = { 0 };

	assert_true(ip_parse(text, &ip));
	return ip;
}

struct mac mac(const char *text)
{
	struct mac mac = { 0 };

	assert_true(mac_parse(text, &mac));
	return mac;
}

static void add_neighbour(struct bed *bed, const char *ip_text, const char *mac_text)
{
	struct ip address = ip(ip_text);
	struct mac hardware = mac(mac_text);

	assert_true(dp_neighbour_put(bed->dp, VNI, &address, &hardware, NULL));
}

void bed_port(struct bed *bed, enum bed_place place, u32 flags)
{
	bool first = place == BED_GUEST1;
	struct mac hardware = mac(first ? MAC1 : MAC2);
	struct dp_pair pairs[] = {
		{ hardware, { ip(first ? IP1 : IP2), 32 } },
		{ hardware, { ip(first ? IP1_6 : IP2_6), 128 } },
	};
	struct dp_port port = { .ifindex = bed->ifindex[place],
		.kind = DP_PORT_VETH,
		.vni = VNI,
		.flags = flags,
		.mac = hardware,
		.uuid = { 0xaa, 0xbb, 0xcc, (u8)(place + 1) },
		.project = { 0xdd },
		.pairs = pairs,
		.n_pairs = G_N_ELEMENTS(pairs) };
	struct dp_endpoint endpoint = { .vni = VNI, .mac = hardware, .ifindex = port.ifindex };
	g_autoptr(GError) error = NULL;

	if (!dp_port_put(bed->dp, &port, &error) || !dp_endpoint_put(bed->dp, &endpoint, &error))
		fail_msg("%s", error->message);
}

void bed_populate(struct bed *bed)
{
	static const char *const uplinks[] = { "u0", NULL };
	struct ip vtep4 = ip("192.0.2.1"), vtep6 = ip("2001:db8::1"), service = ip(SERVICE_IP);
	struct mac service_mac = mac(SERVICE_MAC);
	struct dp_network network = { .vni = VNI,
		.mtu_bytes = MTU,
		.gateway4 = ip("10.0.0.100"),
		.gateway6 = ip("fd00::100") };
	g_autoptr(GError) error = NULL;

	if (!dp_set_uplinks(bed->dp, uplinks, &vtep4, &vtep6, &error))
		fail_msg("%s", error->message);
	assert_true(dp_network_put(bed->dp, &network, NULL));
	assert_true(dp_service_put(bed->dp, VNI, &service, &service_mac, NULL));
	bed_port(bed, BED_GUEST1, DP_PORT_SECURITY);
	bed_port(bed, BED_GUEST2, DP_PORT_SECURITY);
	add_neighbour(bed, IP1, MAC1);
	add_neighbour(bed, IP2, MAC2);
	add_neighbour(bed, IP3, MAC3);
	add_neighbour(bed, IP1_6, MAC1);
	add_neighbour(bed, IP2_6, MAC2);
	add_neighbour(bed, IP3_6, MAC3);
}

void bed_peer(struct bed *bed, const char *vtep, enum dp_encap encap)
{
	struct dp_member member = { .vni = VNI, .vtep = ip(vtep), .encap = encap };
	struct dp_endpoint endpoint = {
		.vni = VNI, .mac = mac(MAC3), .vtep = member.vtep, .encap = encap
	};

	assert_true(dp_member_put(bed->dp, &member, NULL));
	assert_true(dp_endpoint_put(bed->dp, &endpoint, NULL));
}

void bed_no_peer(struct bed *bed, const char *vtep)
{
	struct ip address = ip(vtep);
	struct mac hardware = mac(MAC3);

	assert_true(dp_member_delete(bed->dp, VNI, &address, NULL));
	assert_true(dp_endpoint_delete(bed->dp, VNI, &hardware, NULL));
}

void bed_send(struct bed *bed, enum bed_place place, struct frame frame)
{
	assert_int_equal(send(bed->socket[place], frame.b, frame.len, 0), (ssize_t)frame.len);
}

/* The host speaks on its uplink too (ARP, MLD, router solicitations); what is ours there is UDP, or
 * has another sender. */
static bool is_noise(const struct bed *bed, enum bed_place place)
{
	u8 head[24] = { 0 };
	struct mac own;
	bool udp;

	if (place != BED_WIRE || recv(bed->socket[place], head, sizeof(head), MSG_PEEK) < 0)
		return false;
	udp = head[12] == 0x08 ? head[23] == IPPROTO_UDP : head[20] == IPPROTO_UDP;
	own = mac(UNDERLAY_MAC);
	return !udp && !memcmp(&head[6], own.b, sizeof(own.b));
}

static bool arrives(struct bed *bed, enum bed_place place, int timeout_ms)
{
	struct pollfd fd = { .fd = bed->socket[place], .events = POLLIN };
	u8 byte;

	while (poll(&fd, 1, timeout_ms) == 1) {
		if (!is_noise(bed, place))
			return true;
		assert_true(recv(bed->socket[place], &byte, 1, 0) >= 0);
	}
	return false;
}

/* Puts the VLAN tag back that the kernel has taken out of the frame. */
static void put_tag(struct frame *frame, u16 tci)
{
	const u8 tag[4] = { 0x81, 0, (u8)(tci >> 8), (u8)tci };

	memmove(frame->b + 16, frame->b + 12, frame->len - 12);
	memcpy(frame->b + 12, tag, sizeof(tag));
	frame->len += sizeof(tag);
}

static ssize_t receive(int fd, struct frame *frame)
{
	u8 control[CMSG_SPACE(sizeof(struct tpacket_auxdata))] __attribute__((aligned(8)));
	struct iovec bytes = { frame->b, sizeof(frame->b) - 4 };
	struct msghdr message = { .msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &message, 0);
	struct tpacket_auxdata aux;

	frame->len = n > 0 ? (size_t)n : 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			put_tag(frame, aux.tp_vlan_tci);
	}
	return n;
}

struct frame bed_receive(struct bed *bed, enum bed_place place)
{
	struct frame frame;
	ssize_t n;

	if (!arrives(bed, place, ARRIVES_MS))
		fail_msg("nothing came out at %s", guest_ends[place]);
	n = receive(bed->socket[place], &frame);
	assert_true(n >= 0);
	return frame;
}

struct frame bed_receive_arp(struct bed *bed)
{
	struct pollfd fd = { .fd = bed->socket[BED_WIRE], .events = POLLIN };
	struct frame frame;

	while (poll(&fd, 1, ARRIVES_MS) == 1) {
		ssize_t n = recv(fd.fd, frame.b, sizeof(frame.b), 0);

		frame.len = n > 0 ? (size_t)n : 0;
		if (frame.len >= 42 && frame.b[12] == 0x08 && frame.b[13] == 0x06)
			return frame;
	}
	fail_msg("the host asked for nobody");
	return frame;
}

static void print_frame(const char *what, const struct frame *frame)
{
	print_message("%s (%zu bytes):", what, frame->len);
	for (size_t i = 0; i < frame->len && i < 160; i++)
		print_message("%s%02x", i % 16 ? " " : "\n  ", frame->b[i]);
	print_message("\n");
}

void bed_expect(struct bed *bed, enum bed_place place, struct frame frame)
{
	struct frame got = bed_receive(bed, place);

	if (got.len == frame.len && !memcmp(got.b, frame.b, got.len))
		return;
	print_frame("expected", &frame);
	print_frame("came", &got);
	fail_msg("another frame came out at %s", guest_ends[place]);
}

bool bed_has(struct bed *bed, enum bed_place place)
{
	return arrives(bed, place, 0);
}

/* Frames cross in the sender's own context: by the time that send() has returned and a drop or
 * another frame was seen, this one would be there. */
void bed_expect_nothing(struct bed *bed, enum bed_place place)
{
	if (!bed_has(bed, place))
		return;
	struct frame frame = bed_receive(bed, place);

	print_frame("came", &frame);
	fail_msg("a frame came out at %s", guest_ends[place]);
}

u64 bed_drops(struct bed *bed, enum bed_place place, const char *reason)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	assert_true(
		dp_drop_counts(bed->dp, place == BED_WIRE ? 0 : bed->ifindex[place], counts, NULL));
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		if (!strcmp(dp_drop_reason_name(i), reason))
			return counts[i];
	fail_msg("there is no reason %s", reason);
	return 0;
}

static void print_drops(struct bed *bed)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());

	dp_drop_counts(bed->dp, 0, counts, NULL);
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		if (counts[i])
			print_message("  %s %lu\n", dp_drop_reason_name(i), counts[i]);
}

void bed_expect_drop(struct bed *bed, enum bed_place place, struct frame frame, const char *reason)
{
	u64 before = bed_drops(bed, place, reason);
	gint64 end = g_get_monotonic_time() + ARRIVES_MS * 1000;

	bed_send(bed, place, frame);
	while (bed_drops(bed, place, reason) == before && g_get_monotonic_time() < end)
		g_thread_yield();
	if (bed_drops(bed, place, reason) != before + 1) {
		print_drops(bed);
		fail_msg(
			"%s: %lu before, %lu after", reason, before, bed_drops(bed, place, reason));
	}
	for (int i = 0; i < N_BED_PLACES; i++)
		bed_expect_nothing(bed, (enum bed_place)i);
}
