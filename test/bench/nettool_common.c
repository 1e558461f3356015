/* SPDX-License-Identifier: Apache-2.0 */
#include "nettool.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct sockaddr_in address_of(const char *host, const char *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons((in_port_t)atoi(port)) };

	if (host && inet_pton(AF_INET, host, &address.sin_addr) != 1) {
		fprintf(stderr, "%s is no IPv4 address\n", host);
		exit(2);
	}
	return address;
}
