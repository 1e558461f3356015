/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole TCP connections without the guests' TCP: every segment of both ends is put on its device as
 * a frame, by one process, and is dropped where it arrives, before any stack sees it. A device's
 * packet goes all its way before send() returns, so the time that is taken is that of the path, and
 * of putting a frame on a veth, which is the same on any path. Batches are timed by themselves: the
 * median is of those that nobody interrupted.
 */
#include "nettool.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define FIRST_PORT 1024
#define PORTS (65536 - FIRST_PORT)
#define CLIENT_SEQ 1000
#define SERVER_SEQ 500000

enum { CLIENT, SERVER, N_ENDS };

struct step {
	int from;
	unsigned char flags;
	unsigned seq, ack, data; /* sequence numbers are as if the first data were the last */
};
static const struct step opening[] = {
	{ CLIENT, TH_SYN, CLIENT_SEQ, 0, 0 },
	{ SERVER, TH_SYN | TH_ACK, SERVER_SEQ, CLIENT_SEQ + 1, 0 },
	{ CLIENT, TH_ACK, CLIENT_SEQ + 1, SERVER_SEQ + 1, 0 },
};
static const struct step exchange[] = {
	{ CLIENT, TH_ACK | TH_PUSH, CLIENT_SEQ + 1, SERVER_SEQ + 1, 1 },
	{ SERVER, TH_ACK | TH_PUSH, SERVER_SEQ + 1, CLIENT_SEQ + 2, 1 },
};
static const struct step closing[] = {
	{ CLIENT, TH_ACK | TH_FIN, CLIENT_SEQ + 2, SERVER_SEQ + 2, 0 },
	{ SERVER, TH_ACK | TH_FIN, SERVER_SEQ + 2, CLIENT_SEQ + 3, 0 },
	{ CLIENT, TH_ACK, CLIENT_SEQ + 3, SERVER_SEQ + 3, 0 },
};
#define PART(steps) steps, sizeof(steps) / sizeof((steps)[0])

/* Its checksum is left to the device, as a guest's is. */
struct segment {
	struct virtio_net_hdr offload;
	struct ether_header eth;
	struct iphdr ip;
	struct tcphdr tcp;
	unsigned char data[1];
} __attribute__((packed));

struct end {
	int fd;
	struct ether_header eth;
	struct sockaddr_in own, other;
};

static int enter(const char *netns)
{
	char path[256];
	int fd, failed;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	failed = fd < 0 || setns(fd, CLONE_NEWNET);
	if (failed)
		perror(netns);
	if (fd >= 0)
		close(fd);
	return failed;
}

/* NETNS DEVICE MAC: of the end's next hop. */
static int open_end(char **argv, struct end *end)
{
	int one = 1;

	if (enter(argv[0]))
		return 1;
	end->fd = open_device(argv[1], &end->eth);
	if (end->fd < 0 || !ether_aton_r(argv[2], (struct ether_addr *)end->eth.ether_dhost))
		return 1;
	end->eth.ether_type = htons(ETHERTYPE_IP);
	return setsockopt(end->fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one));
}

/* @before: bytes of data that each end has sent besides. */
static struct segment make_segment(
	const struct step *step, unsigned before, const struct end *end, in_port_t client_port)
{
	unsigned data = step->data;
	struct segment segment = {
		.offload = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
			.csum_start = sizeof(struct ether_header) + sizeof(struct iphdr),
			.csum_offset = offsetof(struct tcphdr, th_sum) },
		.eth = end->eth,
		.tcp = { .th_sport = end->own.sin_port,
			.th_dport = end->other.sin_port,
			.th_seq = htonl(step->seq + before),
			.th_ack = htonl(step->ack + before),
			.th_off = sizeof(struct tcphdr) / 4,
			.th_flags = step->flags,
			.th_win = htons(0xffff) },
	};
	struct iphdr ip = { .version = 4,
		.ihl = 5,
		.tot_len = htons((uint16_t)(sizeof(struct iphdr) + sizeof(struct tcphdr) + data)),
		.ttl = 64,
		.protocol = IPPROTO_TCP,
		.saddr = end->own.sin_addr.s_addr,
		.daddr = end->other.sin_addr.s_addr };

	set_checksum(&ip);
	segment.ip = ip;
	if (step->from == CLIENT)
		segment.tcp.th_sport = client_port;
	else
		segment.tcp.th_dport = client_port;
	return segment;
}

/* One segment of each connection of a batch; 0 on success. */
static int send_segments(
	const struct step *step, unsigned before, const struct end *end, unsigned first)
{
	static struct segment frames[BATCH];
	static struct iovec bytes[BATCH];
	static struct mmsghdr messages[BATCH];

	for (unsigned c = 0; c < BATCH; c++) {
		frames[c] = make_segment(
			step, before, end, htons((in_port_t)(FIRST_PORT + (first + c) % PORTS)));
		bytes[c] = (struct iovec){ &frames[c],
			sizeof(struct segment) - sizeof(frames[c].data) + step->data };
		messages[c].msg_hdr = (struct msghdr){ .msg_iov = &bytes[c], .msg_iovlen = 1 };
	}
	for (int sent = 0, n; sent < BATCH; sent += n) {
		n = sendmmsg(end->fd, &messages[sent], (unsigned)(BATCH - sent), 0);
		if (n <= 0) {
			perror("sendmmsg");
			return 1;
		}
	}
	return 0;
}

/* Steps of a connection, by each of a batch in turn; 0 on success. */
static int play(
	const struct step *steps, size_t n, unsigned before, const struct end *ends, unsigned first)
{
	for (size_t i = 0; i < n; i++)
		if (send_segments(&steps[i], before, &ends[steps[i].from], first))
			return 1;
	return 0;
}

static int play_all(unsigned rounds, const struct end *ends, unsigned first)
{
	int failed = play(PART(opening), 0, ends, first);

	for (unsigned round = 0; !failed && round < rounds; round++)
		failed = play(PART(exchange), round, ends, first);
	return failed || play(PART(closing), rounds - 1, ends, first);
}

static double cpu_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int tcp_connections(int argc, char **argv)
{
	struct end ends[N_ENDS] = { 0 };
	struct sockaddr_in target = address_of(argv[8], argv[9]);
	unsigned n = (unsigned)atoi(argv[10]) / BATCH, first;
	double *us = calloc(n, sizeof(*us));

	(void)argc;
	if (!us || open_end(&argv[0], &ends[CLIENT]) || open_end(&argv[4], &ends[SERVER]))
		return 1;
	ends[CLIENT].own = ends[SERVER].other = address_of(argv[3], "0");
	ends[CLIENT].other = target;
	ends[SERVER].own = address_of(argv[7], argv[9]);
	/* Begins anywhere: another sample's connections may be known still. */
	if (getrandom(&first, sizeof(first), 0) != sizeof(first))
		return 1;
	for (unsigned b = 0; b < n; b++) {
		double begin = cpu_s();

		if (play_all((unsigned)atoi(argv[11]), ends, first + b * BATCH))
			return 1;
		us[b] = (cpu_s() - begin) * 1e6 / BATCH;
	}
	qsort(us, n, sizeof(*us), compare);
	printf("%.3f\n", us[n / 2]);
	free(us);
	return 0;
}
