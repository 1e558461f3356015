/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall knows of a port's connections, from the host that it leaves to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/handover.h"
#include "agent/reconcile_bed.h"

static GPtrArray *sent; /* json_t: bodies */
static s64 clock_us;
static struct handover *handover;

static void send_body(const char *body, size_t len, void *data)
{
	(void)data;
	g_ptr_array_add(sent, json_loadb(body, len, 0, NULL));
}

static s64 now_us(void *data)
{
	(void)data;
	return clock_us;
}

static void leaves(const struct port *port, void *data)
{
	(void)data;
	handover_leave(handover, port);
}

static int begin(void **state)
{
	const struct handover_io io = { send_body, now_us, NULL };

	set_up(state);
	fake_forget_connections();
	sent = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
	handover = handover_new(reconcile.dp, desired, &io);
	reconcile.port_leaves = leaves;
	return 0;
}

static int end(void **state)
{
	handover_free(handover);
	g_ptr_array_unref(sent);
	return tear_down(state);
}

static struct dp_connection web(u16 remote_port)
{
	return (struct dp_connection){ .state = DP_CONNECTION_HALF_CLOSED,
		.flags = DP_CONNECTION_BY_REMOTE | DP_CONNECTION_FIN_REMOTE,
		.guest = { .family = 4, .b = { 10, 0, 0, 5 } },
		.remote = { .family = 4, .b = { 10, 0, 0, 6 } },
		.proto = 6,
		.guest_port = 80,
		.remote_port = remote_port,
		.idle_s = 3,
		.expects = 0xfffffff0,
		.window = 255,
		.window_scale = 7 };
}

static void a_connection_is_written_and_read(void **state)
{
	struct dp_connection connection = web(40000), read;
	json_t *json = handover_to_json(&connection);

	(void)state;
	assert_true(handover_from_json(json, &read, NULL));
	assert_memory_equal(&read, &connection, sizeof(read));
	json_decref(json);
}

static void bad_ones_are_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} bad[] = {
		{ "[1]", "object" },
		{ "[{}]", "guest" },
		{ "[{\"guest\":\"10.0.0.1\",\"remote\":\"fd00::1\",\"protocol\":6}]", "family" },
		{ "[{\"guest\":\"10.0.0.1\",\"remote\":\"10.0.0.2\",\"protocol\":256}]",
			"protocol" },
		{ "[{\"guest\":\"10.0.0.1\",\"remote\":\"10.0.0.2\",\"protocol\":6,\"expects\":4294967296}]",
			"expects" },
		{ "[{\"guest\":\"10.0.0.1\",\"remote\":\"10.0.0.2\",\"protocol\":6,\"state\":\"open\"}]",
			"state" },
		{ "[{\"guest\":\"10.0.0.1\",\"remote\":\"10.0.0.2\",\"protocol\":6,\"scale\":15}]",
			"scale" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		json_t *list = json_loads(bad[i].text, 0, NULL);
		g_autoptr(GError) error = NULL;
		struct dp_connection connection;

		assert_non_null(list);
		assert_false(handover_from_json(json_array_get(list, 0), &connection, &error));
		assert_non_null(strstr(error->message, bad[i].says));
		json_decref(list);
	}
}

static void put_connections(u32 ifindex, u16 n)
{
	for (u16 i = 0; i < n; i++) {
		struct dp_connection connection = web((u16)(40000 + i));

		assert_true(dp_connection_put(NULL, ifindex, &connection, NULL));
	}
}

static size_t n_sent(guint message)
{
	return json_array_size(json_object_get(sent->pdata[message], "connections"));
}

static void gone(const char *kind, const char *scope)
{
	g_autofree char *text = g_strdup_printf("{\"op\":\"delete\",\"kind\":\"%s\",\"id\":\"" PORT
						"\",\"scope\":\"%s\",\"rev\":%u}",
		kind, scope, (unsigned)revision);

	line(text);
}

/* Its binding here is inactive now: all it has is told, in pieces. */
static void a_port_that_leaves_tells(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_connections(12, 2049);
	put_port("'name':'changed',");
	sync_now();
	assert_int_equal(sent->len, 0);
	put_port("'active':false,");
	put_endpoint(PORT, PEER, 5, "");
	sync_now();
	assert_int_equal(sent->len, 2);
	assert_int_equal(n_sent(0) + n_sent(1), 2049);
	assert_string_equal(json_string_value(json_object_get(sent->pdata[0], "port")), PORT);
	put_port("'active':false,'name':'again',");
	sync_now();
	assert_int_equal(sent->len, 2); /* once */
}

/* Taken from this host in one piece: it has moved if its endpoint has. */
static void only_what_moves_is_told(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	put_connections(12, 1);
	gone("port", "host/" ME);
	put_endpoint(PORT, PEER, 5, "");
	sync_now();
	assert_int_equal(sent->len, 1);
	put_port("");
	put_endpoint(PORT, ME, 5, "");
	sync_now();
	plug(12);
	gone("port", "host/" ME);
	gone("endpoint", N_SCOPE);
	sync_now();
	assert_int_equal(sent->len, 1); /* it is no more */
}

static void count(const struct dp_connection *connection, void *data)
{
	(void)connection;
	++*(unsigned *)data;
}

static unsigned n_at(u32 ifindex)
{
	unsigned n = 0;

	dp_connections_each(NULL, ifindex, count, &n, NULL);
	return n;
}

static void arrive(void)
{
	struct dp_connection connection = web(40000);
	json_t *list = json_array();
	struct uuid port;

	assert_true(uuid_parse(PORT, &port));
	json_array_append_new(list, handover_to_json(&connection));
	json_array_append_new(list, json_object()); /* no connection */
	handover_arrive(handover, &port, list);
	json_decref(list);
}

static void what_arrives_is_taken_over(void **state)
{
	(void)state;
	snapshot();
	plug(12);
	arrive();
	assert_int_equal(n_at(12), 1);
}

/* Before the device is plugged, or the binding here is the active one: it waits for a minute. */
static void what_arrives_early_waits(void **state)
{
	(void)state;
	snapshot();
	arrive();
	assert_int_equal(n_at(12), 0);
	clock_us += 59 * 1000000ll;
	handover_second(handover);
	plug(12);
	handover_wired(handover, last_changed);
	assert_int_equal(n_at(12), 1);
	handover_wired(handover, last_changed); /* once */
	assert_int_equal(n_at(12), 1);
}

static void what_nobody_comes_for_is_forgotten(void **state)
{
	(void)state;
	snapshot();
	arrive();
	clock_us += 61 * 1000000ll;
	handover_second(handover);
	plug(12);
	handover_wired(handover, last_changed);
	assert_int_equal(n_at(12), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_is_written_and_read),
		cmocka_unit_test(bad_ones_are_refused),
		TEST(a_port_that_leaves_tells),
		TEST(only_what_moves_is_told),
		TEST(what_arrives_is_taken_over),
		TEST(what_arrives_early_waits),
		TEST(what_nobody_comes_for_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
