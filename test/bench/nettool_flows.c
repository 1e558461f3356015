/* SPDX-License-Identifier: Apache-2.0 */
/* New flows: UDP datagrams from ports of their own, each one flow, put on the device past its
 * queues: the sender costs little, so that what is measured is the path. */
#include "nettool.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#define FIRST_PORT 1024
#define PORTS (65536 - FIRST_PORT)

struct datagram {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	unsigned char data[18]; /* the least frame of Ethernet */
} __attribute__((packed));

/* All but the source port. No checksum: there is none (RFC 768). */
static void make_datagram(struct datagram *datagram, char **argv)
{
	struct sockaddr_in from = address_of(argv[2], "0"), to = address_of(argv[3], argv[4]);
	struct iphdr ip = { .version = 4,
		.ihl = 5,
		.tot_len = htons(sizeof(*datagram) - sizeof(datagram->eth)),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = from.sin_addr.s_addr,
		.daddr = to.sin_addr.s_addr };

	datagram->eth.ether_type = htons(ETHERTYPE_IP);
	set_checksum(&ip);
	datagram->ip = ip;
	datagram->udp = (struct udphdr){ .dest = to.sin_port,
		.len = htons(sizeof(datagram->udp) + sizeof(datagram->data)) };
}

int udp_flows(int argc, char **argv)
{
	struct datagram datagram = { 0 };
	int fd = open_device(argv[0], &datagram.eth), n = atoi(argv[5]);
	unsigned port;
	double begin;

	(void)argc;
	if (fd < 0 || !ether_aton_r(argv[1], (struct ether_addr *)datagram.eth.ether_dhost))
		return 1;
	make_datagram(&datagram, argv);
	/* Begins anywhere: another sample's flows may be known still. */
	if (getrandom(&port, sizeof(port), 0) != sizeof(port))
		return 1;
	begin = now_s();
	for (int i = 0; i < n; i++) {
		datagram.udp.source = htons((in_port_t)(FIRST_PORT + (port + (unsigned)i) % PORTS));
		if (send(fd, &datagram, sizeof(datagram), 0) != sizeof(datagram)) {
			perror("send");
			return 1;
		}
	}
	printf("%.0f\n", n / (now_s() - begin));
	return 0;
}
