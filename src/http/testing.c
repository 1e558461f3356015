/* SPDX-License-Identifier: Apache-2.0 */
#include "http/testing.h"

#include <string.h>

#define TIMEOUT_S 10

struct client_call {
	void (*client)(u16 port);
	u16 port;
	bool done;
};

GSocketConnection *client_connect(u16 port)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	GSocketConnection *connection;

	g_socket_client_set_timeout(client, TIMEOUT_S);
	connection = g_socket_client_connect_to_host(client, "127.0.0.1", port, NULL, NULL);
	assert_non_null(connection);
	return connection;
}

void client_send(GSocketConnection *connection, const char *text)
{
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(connection));

	g_output_stream_write_all(out, text, strlen(text), NULL, NULL, NULL);
}

char *client_read_until(GSocketConnection *connection, const char *text)
{
	GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
	GString *all = g_string_new(NULL);
	char chunk[4096];
	gssize n;

	while (!text || !strstr(all->str, text)) {
		n = g_input_stream_read(in, chunk, sizeof chunk, NULL, NULL);
		if (n <= 0)
			break;
		g_string_append_len(all, chunk, n);
	}
	return g_string_free(all, FALSE);
}

static gboolean wake_up(gpointer user)
{
	struct client_call *call = user;

	call->done = true;
	return G_SOURCE_REMOVE;
}

static gpointer run_client(gpointer user)
{
	struct client_call *call = user;

	call->client(call->port);
	g_idle_add(wake_up, call);
	return NULL;
}

static gboolean give_up(gpointer user)
{
	(void)user;
	fail_msg("what the test waits for did not happen in %d s", TIMEOUT_S);
	return G_SOURCE_REMOVE;
}

void loop_until(const bool *flag)
{
	guint timeout = g_timeout_add_seconds(TIMEOUT_S, give_up, NULL);

	while (!*(const volatile bool *)flag)
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(timeout);
}

void with_client(const struct http_server *server, void (*client)(u16 port))
{
	struct client_call call = { .client = client, .port = http_server_port(server) };
	GThread *thread = g_thread_new("client", run_client, &call);

	loop_until(&call.done);
	g_thread_join(thread);
}

struct http_server *test_server(struct http_server_config config)
{
	g_autoptr(GError) error = NULL;
	struct http_server *server;

	config.listen = "127.0.0.1:0";
	server = http_server_new(&config, &error);
	if (!server)
		fail_msg("%s", error->message);
	return server;
}
