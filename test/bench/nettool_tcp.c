/* SPDX-License-Identifier: Apache-2.0 */
#include "nettool.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SAMPLES_MAX 4000000

/* What the client's first byte asks for. */
enum { STAY = 'r', CLOSE = 'c' };

static void tune(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

static void echo(int fd, char byte)
{
	do {
		if (write(fd, &byte, 1) != 1)
			break;
	} while (read(fd, &byte, 1) == 1);
}

int tcp_serve(int argc, char **argv)
{
	struct sockaddr_in address = address_of(NULL, argv[0]);
	int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)argc;
	signal(SIGCHLD, SIG_IGN);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
		listen(listener, 1024)) {
		perror("listen");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char byte;

		if (fd < 0)
			continue;
		tune(fd);
		if (read(fd, &byte, 1) == 1 && byte == CLOSE) {
			if (write(fd, &byte, 1) != 1)
				perror("write");
		} else if (fork() == 0) {
			close(listener);
			echo(fd, byte);
			_exit(0);
		}
		close(fd);
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	tune(fd);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address))) {
		perror("connect");
		exit(1);
	}
	return fd;
}

static void transact(int fd, char byte)
{
	if (write(fd, &byte, 1) != 1 || read(fd, &byte, 1) != 1) {
		perror("transaction");
		exit(1);
	}
}

static int run(char **argv, char kind)
{
	struct sockaddr_in address = address_of(argv[0], argv[1]);
	struct linger reset = { .l_onoff = 1 }; /* no TIME-WAIT: ports would run out */
	float *us = calloc(SAMPLES_MAX, sizeof(*us));
	double begin = now_s(), end = begin + atof(argv[2]), at = begin;
	int fd = kind == STAY ? connect_to(&address) : -1;
	size_t n = 0;

	while (at < end && n < SAMPLES_MAX) {
		double before = at;

		if (kind == CLOSE)
			fd = connect_to(&address);
		transact(fd, kind);
		if (kind == CLOSE) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
			close(fd);
		}
		at = now_s();
		us[n++] = (float)((at - before) * 1e6);
	}
	qsort(us, n, sizeof(*us), compare);
	printf("%.0f %.2f %.2f\n", (double)n / (at - begin), (double)us[n / 2],
		(double)us[n * 99 / 100]);
	free(us);
	return 0;
}

int tcp_rr(int argc, char **argv)
{
	(void)argc;
	return run(argv, STAY);
}

int tcp_crr(int argc, char **argv)
{
	(void)argc;
	return run(argv, CLOSE);
}
