/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/qemu/relay.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "appliance/mux.h"

struct relay {
	struct mux *mux;
	int channel;
	guint source;
};

static gboolean on_client(int listening, GIOCondition condition, gpointer data)
{
	struct relay *relay = data;
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)condition;
	if (fd >= 0)
		mux_add(relay->mux, fd);
	return G_SOURCE_CONTINUE;
}

struct relay *relay_new(int listening, int channel)
{
	struct relay *relay = g_new0(struct relay, 1);

	g_unix_set_fd_nonblocking(channel, TRUE, NULL);
	g_unix_set_fd_nonblocking(listening, TRUE, NULL);
	relay->channel = channel;
	relay->mux = mux_new(&(struct mux_config){ .stream = channel });
	relay->source = g_unix_fd_add(listening, G_IO_IN, on_client, relay);
	return relay;
}

void relay_free(struct relay *relay)
{
	g_source_remove(relay->source);
	mux_free(relay->mux);
	close(relay->channel);
	g_free(relay);
}
