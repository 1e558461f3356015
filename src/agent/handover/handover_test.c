/* SPDX-License-Identifier: Apache-2.0 */
/* What the firewall knows of a port's connections, from the host that it leaves to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/handover/handover.h"
#include "agent/reconcile/reconcile_bed.h"

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
		.flags = DP_CONNECTION_BY_REMOTE | DP_CONNECTION_FIN_REMOTE | DP_CONNECTION_BESIDE,
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

#define ROUTER "66666666-0000-4000-8000-000000000001"

static struct dp_translation translated(u16 port)
{
	struct uuid router;

	assert_true(uuid_parse(ROUTER, &router));
	return (struct dp_translation){ .router = router_number(&router),
		.guest = { .family = 4, .b = { 10, 0, 0, 5 } },
		.remote = { .family = 4, .b = { 198, 51, 100, 7 } },
		.address = { .family = 4, .b = { 203, 0, 113, 10 } },
		.proto = 17,
		.flags = DP_TRANSLATION_REPLIED | DP_TRANSLATION_FIN_IN,
		.guest_port = 40000,
		.remote_port = 53,
		.port = port,
		.idle_s = 4 };
}

static void a_translation_is_written_and_read(void **state)
{
	struct dp_translation translation = translated(33000), read;
	struct uuid router;
	json_t *json;
	g_autoptr(GError) error = NULL;

	(void)state;
	assert_true(uuid_parse(ROUTER, &router));
	json = handover_translation_to_json(&router, &translation);
	assert_true(handover_is_translation(json));
	assert_true(handover_translation_from_json(json, &read, NULL));
	assert_memory_equal(&read, &translation, sizeof(read));
	json_object_set_new(json, "guest", json_string("fd00::5"));
	assert_false(handover_translation_from_json(json, &read, &error));
	assert_non_null(strstr(error->message, "IPv4"));
	json_object_set_new(json, "port", json_integer(65536));
	assert_false(handover_translation_from_json(json, &read, NULL));
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

#define INTERFACE "77777777-0000-4000-8000-000000000001"
#define OUTSIDE "11111111-0000-4000-8000-0000000000ff"

static void put_router(const char *ranges)
{
	g_autofree char *gateway = g_strdup_printf(
		"{'router_id':'" ROUTER "','network_id':'" OUTSIDE "','network_type':'flat',"
		"'physical_network':'public','mtu':1500,'mac_address':'fa:16:3e:00:02:01',"
		"'fixed_ips':[{'ip_address':'203.0.113.10','subnet_id':'" SUBNET "'}],"
		"'subnets':[],'enable_snat':true,'hosts':['" PEER "'],'snat_ranges':[%s]}",
		ranges);

	put("interface", INTERFACE, N_SCOPE,
		"{'network_id':'" NET "','router_id':'" ROUTER "',"
		"'mac_address':'fa:16:3e:00:01:01','fixed_ips':[{'ip_address':'10.0.0.1',"
		"'subnet_id':'" SUBNET "'}]}");
	put("gateway", INTERFACE, "router/" ROUTER, gateway);
}

/* What is translated too, of the port's own addresses, where hosts share the router's. */
static void translations_are_told(void **state)
{
	struct dp_translation own = translated(33000), other = translated(33001);
	const json_t *told;

	(void)state;
	other.guest.b[3] = 6;
	dp_translation_put(NULL, &own, NULL);
	dp_translation_put(NULL, &other, NULL);
	snapshot();
	put_router("");
	plug(12);
	put_port("'active':false,");
	sync_now();
	assert_int_equal(sent->len, 0); /* the gateway's host has it, whoever is asked */
	put_port("");
	put_router("{'host_id':'" ME "','port_range_min':32768,'port_range_max':36863}");
	sync_now();
	put_port("'active':false,");
	sync_now();
	assert_int_equal(sent->len, 1);
	assert_int_equal(n_sent(0), 1);
	told = json_array_get(json_object_get(sent->pdata[0], "connections"), 0);
	assert_int_equal(json_integer_value(json_object_get(told, "port")), 33000);
	assert_string_equal(json_string_value(json_object_get(told, "router_id")), ROUTER);
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

static void count_translation(const struct dp_translation *translation, void *data)
{
	(void)translation;
	++*(unsigned *)data;
}

/* Of the port alone: nobody is told of others by who had this one. */
static void translations_that_arrive(void **state)
{
	struct dp_translation own = translated(33000), other = translated(33001);
	struct uuid router, elsewhere, port;
	json_t *list = json_array();
	unsigned n = 0;

	(void)state;
	assert_true(uuid_parse(ROUTER, &router) && uuid_parse(NET, &elsewhere) &&
		    uuid_parse(PORT, &port));
	other.guest.b[3] = 6;
	json_array_append_new(list, handover_translation_to_json(&router, &own));
	json_array_append_new(list, handover_translation_to_json(&router, &other));
	json_array_append_new(list, handover_translation_to_json(&elsewhere, &own));
	snapshot();
	put_router("{'host_id':'" ME "','port_range_min':32768,'port_range_max':36863}");
	sync_now();
	handover_arrive(handover, &port, list); /* waits for the device */
	plug(12);
	handover_wired(handover, last_changed);
	dp_translations_each(NULL, own.router, &own.guest, count_translation, &n);
	assert_int_equal(n, 1);
	dp_translations_each(NULL, own.router, &other.guest, count_translation, &n);
	dp_translations_each(NULL, router_number(&elsewhere), &own.guest, count_translation, &n);
	assert_int_equal(n, 1);
	json_decref(list);
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
		cmocka_unit_test(a_translation_is_written_and_read),
		cmocka_unit_test(bad_ones_are_refused),
		TEST(a_port_that_leaves_tells),
		TEST(only_what_moves_is_told),
		TEST(translations_are_told),
		TEST(what_arrives_is_taken_over),
		TEST(translations_that_arrive),
		TEST(what_arrives_early_waits),
		TEST(what_nobody_comes_for_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
