/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "http/stream.h"
#include "http/testing.h"

#define BUFFER_MAX 65536

static struct http_stream *stream;
static bool opened, closed;

static void on_closed(void *user)
{
	assert_ptr_equal(user, &closed);
	stream = NULL;
	closed = true;
}

static void open_stream(struct http_request *request, void *user)
{
	(void)user;
	stream = http_request_stream(request, &(struct http_stream_config){ .status = 200,
						      .content_type = "application/x-ndjson",
						      .buffer_max = BUFFER_MAX,
						      .closed = on_closed,
						      .user = &closed });
	opened = true;
}

static gboolean write_line(gpointer text)
{
	http_stream_write(stream, text, strlen(text));
	http_stream_flush(stream);
	return G_SOURCE_REMOVE;
}

static gboolean end(gpointer user)
{
	(void)user;
	http_stream_end(g_steal_pointer(&stream));
	return G_SOURCE_REMOVE;
}

static struct http_server *stream_server(void)
{
	opened = closed = false;
	return test_server((struct http_server_config){ .handler = open_stream });
}

static GSocketConnection *get(u16 port)
{
	GSocketConnection *connection = client_connect(port);

	client_send(connection, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
	return connection;
}

static void client_reads_to_the_end(u16 port)
{
	g_autoptr(GSocketConnection) connection = get(port);
	g_autofree char *head = client_read_until(connection, "\r\n\r\n");

	g_idle_add(write_line, (gpointer) "one\n");
	g_autofree char *one = client_read_until(connection, "one\n");

	g_idle_add(write_line, (gpointer) "two\n");
	g_idle_add(end, NULL);
	g_autofree char *two = client_read_until(connection, "0\r\n\r\n");

	assert_non_null(strstr(head, "chunked"));
	assert_non_null(strstr(one, "one\n"));
	assert_non_null(strstr(two, "two\n"));
}

static void test_lines_arrive_as_written(void **state)
{
	g_autoptr(http_server) server = stream_server();

	(void)state;
	with_client(server, client_reads_to_the_end);
	assert_false(closed);
}

static void client_leaves(u16 port)
{
	g_autoptr(GSocketConnection) connection = get(port);
	g_autofree char *head = client_read_until(connection, "\r\n\r\n");

	assert_non_null(head);
	g_io_stream_close(G_IO_STREAM(connection), NULL, NULL);
}

/* Nothing is written, and yet the server learns at once that the client is gone. */
static void test_leaving_is_noticed(void **state)
{
	g_autoptr(http_server) server = stream_server();
	gint64 begin = g_get_monotonic_time();

	(void)state;
	with_client(server, client_leaves);
	loop_until(&closed);
	assert_true(g_get_monotonic_time() - begin < G_USEC_PER_SEC);
}

static GSocketConnection *held_open;

static void client_does_not_read(u16 port)
{
	held_open = get(port);
	g_free(client_read_until(held_open, "\r\n\r\n"));
}

static void test_unread_client_is_cut(void **state)
{
	g_autoptr(http_server) server = stream_server();
	g_autofree char *block = g_strnfill(BUFFER_MAX / 2, 'x');
	unsigned written = 0;

	(void)state;
	with_client(server, client_does_not_read);
	for (; stream && written < 4096; written++) {
		http_stream_write(stream, block, BUFFER_MAX / 2);
		if (stream)
			http_stream_flush(stream);
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
	loop_until(&closed);
	assert_true(written < 4096);
	g_clear_object(&held_open);
}

static void client_reads_bulk(u16 port)
{
	g_autoptr(GSocketConnection) connection = get(port);

	g_free(client_read_until(connection, "END\n"));
}

static void test_bulk_may_exceed_the_buffer(void **state)
{
	g_autoptr(http_server) server = stream_server();
	GString *bulk = g_string_new(NULL);
	GThread *thread;

	(void)state;
	for (unsigned i = 0; i < 32 * BUFFER_MAX; i++)
		g_string_append_c(bulk, 'x');
	thread = g_thread_new("client", (GThreadFunc)(void (*)(void))client_reads_bulk,
		GUINT_TO_POINTER(http_server_port(server)));
	loop_until(&opened);
	http_stream_write_bulk(stream, bulk);
	http_stream_write(stream, "END\n", 4);
	http_stream_flush(stream);
	loop_until(&closed); /* by the client, who has read it all */
	g_thread_join(thread);
}

static void test_server_freed_with_open_stream(void **state)
{
	struct http_server *server = stream_server();

	(void)state;
	with_client(server, client_does_not_read);
	http_server_free(server);
	assert_false(closed);
	g_clear_object(&held_open);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_arrive_as_written),
		cmocka_unit_test(test_leaving_is_noticed),
		cmocka_unit_test(test_unread_client_is_cut),
		cmocka_unit_test(test_bulk_may_exceed_the_buffer),
		cmocka_unit_test(test_server_freed_with_open_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
