/* SPDX-License-Identifier: Apache-2.0 */
#include "nettool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define BATCH 64
#define DATAGRAM_MAX 2048

struct batch {
	char bytes[BATCH][DATAGRAM_MAX];
	struct iovec io[BATCH];
	struct mmsghdr messages[BATCH];
};

static struct batch *batch_new(size_t len)
{
	struct batch *batch = calloc(1, sizeof(*batch));

	for (int i = 0; i < BATCH; i++) {
		batch->io[i] = (struct iovec){ batch->bytes[i], len };
		batch->messages[i].msg_hdr.msg_iov = &batch->io[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return batch;
}

int udp_receive(int argc, char **argv)
{
	struct sockaddr_in address = address_of(NULL, argv[0]);
	struct timeval wait = { .tv_usec = 200000 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), buffer = 4 << 20;
	double end = now_s() + atof(argv[1]), first = 0, last = 0;
	struct batch *batch = batch_new(DATAGRAM_MAX);
	unsigned long received = 0;

	(void)argc;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("bind");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (now_s() < end) {
		int n = recvmmsg(fd, batch->messages, BATCH, MSG_WAITFORONE, NULL);

		if (n <= 0)
			continue;
		last = now_s();
		if (!received)
			first = last;
		received += (unsigned long)n;
	}
	printf("%.0f\n", last > first ? (double)received / (last - first) : 0);
	free(batch);
	return 0;
}

int udp_send(int argc, char **argv)
{
	struct sockaddr_in address = address_of(argv[0], argv[1]);
	struct batch *batch = batch_new((size_t)atoi(argv[2]));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	double begin = now_s(), end = begin + atof(argv[3]);
	unsigned long sent = 0;

	(void)argc;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("connect");
		return 1;
	}
	while (now_s() < end) {
		int n = sendmmsg(fd, batch->messages, BATCH, 0);

		if (n > 0)
			sent += (unsigned long)n;
	}
	printf("%.0f\n", (double)sent / (now_s() - begin));
	free(batch);
	return 0;
}
