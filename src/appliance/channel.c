/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/mux.h"
#include "base/log.h"

struct channel {
	int port;
	u16 tcp_port;
	struct mux *mux;
};

/* To ourselves: the kernel takes it before we do. */
static int connect_to_us(void *user)
{
	const struct channel *channel = user;
	const struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(channel->tcp_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && !connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	log_warning("a connection by the channel can't be made: %s", g_strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static void on_lost(void *user)
{
	(void)user;
	log_warning("the channel has ended: there is nobody who would ask by it");
}

struct channel *channel_new(const char *device, u16 tcp_port, GError **error)
{
	struct channel *channel = g_new0(struct channel, 1);

	channel->tcp_port = tcp_port;
	channel->port = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (channel->port < 0) {
		weft_fail_errno(error, errno, "open the channel %s", device);
		g_free(channel);
		return NULL;
	}
	channel->mux = mux_new(&(struct mux_config){
		.stream = channel->port, .open = connect_to_us, .lost = on_lost, .user = channel });
	return channel;
}

void channel_free(struct channel *channel)
{
	mux_free(channel->mux);
	close(channel->port);
	g_free(channel);
}
