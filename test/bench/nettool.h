/* SPDX-License-Identifier: Apache-2.0 */
/* Small traffic tools of the benchmark: one process each, one line of figures on standard output.
 */
#pragma once

#include <netinet/in.h>

double now_s(void); /* monotonic */

/* IPv4 address and port, or exits with a message. @host NULL: any address. */
struct sockaddr_in address_of(const char *host, const char *port);

struct ether_header;
struct iphdr;
/* A socket that puts frames on the device past its queues, or -1 with a message. Fills in the
 * source of @eth. */
int open_device(const char *device, struct ether_header *eth);
void set_checksum(struct iphdr *ip);

/* Each takes the words behind the subcommand and returns an exit status. */
int udp_receive(int argc, char **argv); /* PORT SECONDS: datagrams per second, first to last */
int udp_send(int argc, char **argv);	/* ADDRESS PORT BYTES SECONDS: datagrams per second sent */
/* DEVICE MAC OWN_ADDRESS ADDRESS PORT FLOWS: so many datagrams from ports of their own; per second
 */
int udp_flows(int argc, char **argv);
int tcp_serve(int argc, char **argv); /* PORT: answers each byte with one; until killed */
int tcp_rr(
	int argc, char **argv); /* ADDRESS PORT SECONDS: transactions per second, p50, p99 in us */
int tcp_crr(int argc, char **argv); /* the same with a connection for each */
/* CLIENT_NETNS DEVICE NEXT_MAC ADDRESS SERVER_NETNS DEVICE NEXT_MAC ADDRESS TARGET PORT
 * CONNECTIONS ROUNDS: from the client to the target, which is the server, with so many exchanges of
 * a byte; microseconds of processor time for each connection */
int tcp_connections(int argc, char **argv);
