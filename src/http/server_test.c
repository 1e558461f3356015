/* SPDX-License-Identifier: Apache-2.0 */
/* The server against a real client on the loopback interface. */
#include <string.h>

#include "http/testing.h"

static struct http_request *waiting;

static gboolean answer_later(gpointer user)
{
	(void)user;
	http_request_answer(g_steal_pointer(&waiting), 202, "text/plain", g_string_new("late"));
	return G_SOURCE_REMOVE;
}

/* Echoes what it got; "/later" from an idle callback, "/never" not at all. */
static void echo(struct http_request *request, void *user)
{
	const struct http_target *target = http_request_target(request);
	const char *first = target->n_segments ? target->segments[0] : "";
	GString *text = g_string_new(NULL);
	size_t len;
	const char *body = http_request_body(request, &len);

	(void)user;
	if (http_request_error(request)) {
		g_string_assign(text, http_request_error(request)->message);
		http_request_answer(request, weft_error_status(http_request_error(request)),
			"text/plain", text);
	} else if (!strcmp(first, "later")) {
		g_string_free(text, TRUE);
		waiting = request;
		g_idle_add(answer_later, NULL);
	} else if (!strcmp(first, "never")) {
		g_string_free(text, TRUE);
	} else {
		g_string_append_printf(text, "%s %s %zu %s [%.*s]",
			http_request_method_name(request), first, len,
			http_request_header(request, "X-Test") ?: "-", (int)len, body);
		http_request_add_header(request, "X-Echo", first);
		http_request_add_header(request, "X-Split", "a\r\nX-Evil: 1");
		http_request_answer(request, 200, "text/plain", text);
	}
}

static gboolean admit_later(gpointer user)
{
	http_request_keep(user, g_strdup("found out"), g_free);
	http_request_admit(user);
	return G_SOURCE_REMOVE;
}

/* "/held" from an idle callback, "/stuck" not at all. */
static bool admit(struct http_request *request, void *user)
{
	const struct http_target *target = http_request_target(request);
	const char *first = target->n_segments ? target->segments[0] : "";
	size_t len;

	(void)user;
	http_request_body(request, &len);
	assert_int_equal(len, 0);
	if (!strcmp(first, "held"))
		g_idle_add(admit_later, request);
	return strcmp(first, "held") && strcmp(first, "stuck");
}

/* What was found out decides how large the body may be, and is there when it is handled. */
static size_t body_max_of(const struct http_request *request, void *user)
{
	(void)user;
	return http_request_kept(request) ? 1000 : 2;
}

static char *exchange(u16 port, const char *request, const char *until)
{
	g_autoptr(GSocketConnection) connection = client_connect(port);

	client_send(connection, request);
	return client_read_until(connection, until);
}

static void client_echo(u16 port)
{
	g_autofree char *answer = exchange(port,
		"POST /e?x=1 HTTP/1.1\r\nHost: h\r\nX-Test: t\r\nContent-Length: 4\r\n\r\nbody",
		"[body]");

	assert_non_null(strstr(answer, "HTTP/1.1 200 "));
	assert_non_null(strstr(answer, "X-Echo: e\r\n"));
	assert_null(strstr(answer, "X-Evil"));
	assert_non_null(strstr(answer, "POST e 4 t [body]"));
}

static void client_later(u16 port)
{
	g_autofree char *answer = exchange(port, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n", "late");

	assert_non_null(strstr(answer, "HTTP/1.1 202 "));
}

static void client_pipelined(u16 port)
{
	g_autofree char *answer = exchange(port,
		"GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /later HTTP/1.1\r\nHost: h\r\n\r\n"
		"GET /two HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET two");
	const char *one = strstr(answer, "GET one"), *late = strstr(answer, "late");

	assert_non_null(one);
	assert_non_null(late);
	assert_true(one < late);
}

static void client_head(u16 port)
{
	g_autofree char *answer =
		exchange(port, "HEAD /e HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", NULL);

	assert_non_null(strstr(answer, "Content-Length: 13\r\n"));
	assert_true(g_str_has_suffix(answer, "\r\n\r\n"));
}

static void client_bad(u16 port)
{
	g_autofree char *target =
		exchange(port, "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "percent-encoded");
	g_autofree char *announced = exchange(
		port, "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "at a time");
	g_autofree char *garbage = exchange(port, "\x16\x03\x01\r\n\r\n", NULL);
	g_autoptr(GString) chunked = g_string_new(
		"POST /e HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n");

	assert_non_null(strstr(target, "HTTP/1.1 400 "));
	assert_non_null(strstr(announced, "HTTP/1.1 413 "));
	assert_null(strstr(garbage, " 200 "));
	for (unsigned i = 0; i < 2000; i++)
		g_string_append_c(chunked, 'x');
	g_string_append(chunked, "\r\n0\r\n\r\n");

	g_autofree char *unannounced = exchange(port, chunked->str, "at a time");

	assert_non_null(strstr(unannounced, "HTTP/1.1 413 "));
}

static void client_held(u16 port)
{
	g_autofree char *held = exchange(port,
		"POST /held HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyGET /held HTTP/1.1\r\n"
		"Host: h\r\n\r\nPOST /held HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
		"Content-Length: 1\r\n\r\nx",
		"[x]");
	g_autofree char *not_held = exchange(
		port, "POST /e HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbody", "at a time");
	g_autoptr(GSocketConnection) stuck = client_connect(port);

	assert_non_null(strstr(held, "POST held 4 - [body]"));
	assert_non_null(strstr(held, "GET held 0 - []"));
	assert_non_null(strstr(held, "POST held 1 - [x]"));
	assert_non_null(strstr(not_held, "HTTP/1.1 413 "));
	client_send(stuck, "POST /stuck HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbo");
	client_later(port);
}

static void test_held(void **state)
{
	g_autoptr(http_server) server = test_server((struct http_server_config){
		.handler = echo, .admit = admit, .body_max_of = body_max_of });

	(void)state;
	with_client(server, client_held);
}

static void run(void (*client)(u16 port))
{
	g_autoptr(http_server) server =
		test_server((struct http_server_config){ .handler = echo, .body_max = 1000 });

	with_client(server, client);
}

static void test_echo(void **state)
{
	(void)state;
	run(client_echo);
}

static void test_answer_later(void **state)
{
	(void)state;
	run(client_later);
}

static void test_pipelined_in_order(void **state)
{
	(void)state;
	run(client_pipelined);
}

static void test_head_has_no_body(void **state)
{
	(void)state;
	run(client_head);
}

static void test_bad_requests(void **state)
{
	(void)state;
	run(client_bad);
}

static void client_leaves_one_open(u16 port)
{
	g_autoptr(GSocketConnection) connection = client_connect(port);

	client_send(connection, "GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
	/* The next answer proves that the server has the first request. */
	client_later(port);
}

static void test_freed_with_open_request(void **state)
{
	(void)state;
	run(client_leaves_one_open);
}

/* A client that dribbles is cut off after twice the idle limit, and not before the limit. */
static void client_dribbles(u16 port)
{
	g_autoptr(GSocketConnection) connection = client_connect(port);
	GSocket *socket = g_socket_connection_get_socket(connection);
	gint64 begin = g_get_monotonic_time();

	client_send(connection, "GET /e HTTP/1.1\r\nX: ");
	while (!(g_socket_condition_check(socket, G_IO_IN | G_IO_HUP) & (G_IO_IN | G_IO_HUP))) {
		assert_true(g_get_monotonic_time() - begin < 8 * G_USEC_PER_SEC);
		client_send(connection, "x");
		g_socket_condition_timed_wait(socket, G_IO_IN | G_IO_HUP, 100000, NULL, NULL);
	}
	assert_true(g_get_monotonic_time() - begin > G_USEC_PER_SEC);
}

static void test_slow_sender_is_cut(void **state)
{
	g_autoptr(http_server) server =
		test_server((struct http_server_config){ .handler = echo, .idle_s = 1 });

	(void)state;
	with_client(server, client_dribbles);
}

/* The one place is taken by a client that says it will ask no more; then the next one gets it. */
static void client_takes_turns(u16 port)
{
	g_autoptr(GSocketConnection) first = client_connect(port);
	g_autoptr(GSocketConnection) second = client_connect(port);
	g_autoptr(GSocketConnection) third = client_connect(port);
	g_autofree char *answer = NULL;

	client_send(second, "GET /left HTTP/1.1\r\nHost: h\r\n\r\n");
	g_socket_shutdown(g_socket_connection_get_socket(second), FALSE, TRUE, NULL);
	client_send(third, "GET /stays HTTP/1.1\r\nHost: h\r\n\r\n");
	client_send(first, "GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
	g_free(client_read_until(first, "GET first"));
	g_io_stream_close(G_IO_STREAM(first), NULL, NULL);
	answer = client_read_until(third, "GET stays");
	assert_non_null(strstr(answer, "GET stays"));
}

static void test_places_are_given_on(void **state)
{
	g_autoptr(http_server) server =
		test_server((struct http_server_config){ .handler = echo, .connections_max = 1 });

	(void)state;
	with_client(server, client_takes_turns);
}

static void test_address_in_use(void **state)
{
	g_autoptr(http_server) first = test_server((struct http_server_config){ .handler = echo });
	g_autofree char *listen = g_strdup_printf("127.0.0.1:%u", http_server_port(first));
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(http_server_new(
		&(struct http_server_config){ .listen = listen, .handler = echo }, &error));
	assert_non_null(strstr(error->message, listen));
}

static void test_tls_files(void **state)
{
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_null(http_server_new(
		&(struct http_server_config){
			.listen = "127.0.0.1:0", .handler = echo, .tls_cert = "/nonexistent/cert" },
		&error));
	assert_non_null(strstr(error->message, "key"));
	g_clear_error(&error);
	assert_null(http_server_new(&(struct http_server_config){ .listen = "127.0.0.1:0",
					    .handler = echo,
					    .tls_cert = "/nonexistent/cert",
					    .tls_key = "/nonexistent/key" },
		&error));
	assert_non_null(strstr(error->message, "/nonexistent/cert"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_echo),
		cmocka_unit_test(test_answer_later),
		cmocka_unit_test(test_pipelined_in_order),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_freed_with_open_request),
		cmocka_unit_test(test_slow_sender_is_cut),
		cmocka_unit_test(test_places_are_given_on),
		cmocka_unit_test(test_address_in_use),
		cmocka_unit_test(test_tls_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
