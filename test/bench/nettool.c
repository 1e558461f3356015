/* SPDX-License-Identifier: Apache-2.0 */
#include "nettool.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int argc;
	int (*run)(int argc, char **argv);
	const char *usage;
} commands[] = {
	{ "udp-receive", 2, udp_receive, "PORT SECONDS" },
	{ "udp-send", 4, udp_send, "ADDRESS PORT BYTES SECONDS" },
	{ "udp-flows", 6, udp_flows, "DEVICE MAC OWN_ADDRESS ADDRESS PORT FLOWS" },
	{ "tcp-serve", 1, tcp_serve, "PORT" },
	{ "tcp-rr", 3, tcp_rr, "ADDRESS PORT SECONDS" },
	{ "tcp-crr", 3, tcp_crr, "ADDRESS PORT SECONDS" },
	{ "tcp-connections", 12, tcp_connections,
		"CLIENT_NETNS DEVICE NEXT_MAC ADDRESS SERVER_NETNS DEVICE NEXT_MAC ADDRESS TARGET PORT CONNECTIONS ROUNDS" },
};

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 == commands[i].argc)
			return commands[i].run(argc - 2, argv + 2);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(stderr, "nettool %s %s\n", commands[i].name, commands[i].usage);
	return 2;
}
