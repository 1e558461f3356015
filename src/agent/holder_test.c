/* SPDX-License-Identifier: Apache-2.0 */
/* What guests announce, and what of it is said when, with a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/desired/parts.h"
#include "agent/holder.h"

#define A "11111111-0000-4000-8000-000000000001"
#define B "11111111-0000-4000-8000-000000000002"

static struct desired *desired;
static struct holders *holders;
static s64 clock_us;
static unsigned n_moved;
static bool alone;
static GString *asked;

static s64 now(void *data)
{
	(void)data;
	return clock_us;
}

static void moved(void *data)
{
	(void)data;
	n_moved++;
}

static bool is_alone(void *data)
{
	(void)data;
	return alone;
}

static void ask(const struct port *port, const struct ip *ip, const struct mac *asker,
	const struct ip *asker_ip, void *data)
{
	char id[UUID_STRLEN], text[IP_STRLEN], mac[MAC_STRLEN], as[IP_STRLEN];

	(void)data;
	g_string_append_printf(asked, "%c %s by %s %s\n", uuid_format(&port->id, id)[35],
		ip_format(ip, text), mac_format(asker, mac), ip_format(asker_ip, as));
}

static struct ip vip(void)
{
	struct ip ip;

	assert_true(ip_parse("10.0.0.100", &ip));
	return ip;
}

static struct mac mac_of(const char *id)
{
	struct mac mac = { { 0xfa, 0x16, 0x3e, 0, 0, (u8)id[35] } };

	return mac;
}

static void put_endpoint(const char *id, bool holds)
{
	struct record record = { .kind = RECORD_ENDPOINT };
	struct record_endpoint *endpoint = &record.endpoint;
	struct record_key key = { .kind = RECORD_ENDPOINT };
	struct record_pair pair = { .mac = mac_of(id), .prefix = { vip(), 32 } };
	struct ip held = vip();

	assert_true(uuid_parse(id, &key.id));
	endpoint->mac = mac_of(id);
	endpoint->ips = g_array_new(FALSE, TRUE, sizeof(struct ip));
	endpoint->pairs = g_array_new(FALSE, TRUE, sizeof(struct record_pair));
	endpoint->standby = g_array_new(FALSE, TRUE, sizeof(struct uuid));
	endpoint->held = g_array_new(FALSE, TRUE, sizeof(struct ip));
	g_array_append_val(endpoint->pairs, pair);
	if (holds)
		g_array_append_val(endpoint->held, held);
	desired_put(desired, &key, &record);
	record_clear(&record);
}

static struct port *add_port(const char *id)
{
	struct record record = { .kind = RECORD_PORT };
	struct record_key key = { .kind = RECORD_PORT };

	assert_true(uuid_parse(id, &key.id));
	desired_put(desired, &key, &record);
	put_endpoint(id, false);
	desired_port(desired, &key.id)->applied_ifindex = 12;
	return desired_port(desired, &key.id);
}

static void say(const char *id, struct dp_announcement said)
{
	struct uuid uuid;

	assert_true(uuid_parse(id, &uuid));
	holders_heard(holders, desired_port(desired, &uuid), &said);
}

static void announce(const char *id)
{
	say(id, (struct dp_announcement){ .ip = vip(), .mac = mac_of(id) });
}

static void answer(const char *id)
{
	say(id, (struct dp_announcement){ .ip = vip(), .mac = mac_of(id), .solicited = true });
}

static void put_router(void)
{
	struct record record = { .kind = RECORD_INTERFACE };
	struct record_key key = { .kind = RECORD_INTERFACE };
	struct record_fixed_ip ip = { 0 };

	assert_true(uuid_parse("11111111-0000-4000-8000-000000000009", &key.id));
	assert_true(ip_parse("10.0.0.1", &ip.ip));
	record.interface.admin_state_up = true;
	record.interface.mac = (struct mac){ { 0xfa, 0x16, 0x3e, 0, 1, 1 } };
	record.interface.fixed_ips = g_array_new(FALSE, TRUE, sizeof(ip));
	record.interface.routes = g_array_new(FALSE, TRUE, sizeof(struct record_route));
	g_array_append_val(record.interface.fixed_ips, ip);
	desired_put(desired, &key, &record);
	desired_interface(desired, &key.id)->network->known = true;
	desired_interface(desired, &key.id)->network->vni = 7;
	record_clear(&record);
}

static void expect_holder(const char *id)
{
	struct ip ip = vip();
	struct address address = address_of_ip(&ip);
	struct uuid none = { 0 };
	const struct claim *holder =
		claims_holder(network_claims(desired_network(desired, &none), &address));
	char text[UUID_STRLEN];

	assert_string_equal(holder ? uuid_format(&holder->endpoint->id, text) : "", id);
}

static void expect_said(const char *expected)
{
	json_t *said = holders_say(holders);
	char *text = said ? json_dumps(said, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	assert_string_equal(text ?: "", expected);
	free(text);
	json_decref(said);
}

static int set_up(void **state)
{
	const struct holders_io io = { now, moved, is_alone, ask, NULL };

	(void)state;
	clock_us = 1000000;
	n_moved = 0;
	alone = false;
	desired = desired_new();
	holders = holders_new(desired, &io);
	add_port(A);
	add_port(B);
	asked = g_string_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	holders_free(holders);
	desired_free(desired);
	g_string_free(asked, TRUE);
	return 0;
}

static void seconds(unsigned n)
{
	for (; n; n--) {
		clock_us += G_USEC_PER_SEC;
		holders_second(holders);
	}
}

static void it_counts_at_once_and_is_said_until_it_has_arrived(void **state)
{
	(void)state;
	expect_holder("");
	expect_said("");
	announce(A);
	expect_holder(A);
	assert_int_equal(n_moved, 1);
	clock_us += 5000;
	expect_said("{\"" A "\":{\"10.0.0.100\":5}}");
	seconds(1); /* no answer */
	expect_said("{\"" A "\":{\"10.0.0.100\":1005}}");
	holders_told(holders);
	expect_said("");
	put_endpoint(A, true);
	seconds(3);
	expect_holder(A);
	announce(A); /* again: no news */
	expect_said("");
}

/* Somebody else announced it later, at another host: weftd says nothing of ours. */
static void what_the_controller_does_not_take_over_ends(void **state)
{
	(void)state;
	put_endpoint(B, true);
	announce(A);
	expect_holder(A);
	expect_said("{\"" A "\":{\"10.0.0.100\":0}}");
	holders_told(holders);
	seconds(1);
	expect_holder(A);
	seconds(2);
	expect_holder(B);
}

static void what_is_not_its_own_is_not_heard(void **state)
{
	struct ip other;

	(void)state;
	assert_true(ip_parse("10.0.0.101", &other));
	say(A, (struct dp_announcement){ .ip = other, .mac = mac_of(A) });
	say(A, (struct dp_announcement){ .ip = vip(), .mac = mac_of(B) });
	expect_said("");
	expect_holder("");
}

static void who_flaps_waits(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		announce(A);
		announce(B);
		clock_us += 1000;
	}
	assert_in_range(n_moved, 1, 6);
	announce(B);
	seconds(5);
	expect_holder(B); /* the last one, in the end */
	n_moved = 0;
	for (unsigned i = 0; i < 10; i++) {
		announce(A);
		announce(B);
		seconds(1);
	}
	assert_in_range(n_moved, 1, 20);
}

/* All that was announced without a controller is said when there is one: it knows the order. */
static void alone_it_remembers(void **state)
{
	(void)state;
	put_endpoint(A, true);
	announce(A);
	expect_said("");
	alone = true;
	announce(A);
	clock_us += 7000000;
	alone = false;
	expect_said("{\"" A "\":{\"10.0.0.100\":7000}}");
}

#define ASKED(port) port " 10.0.0.100 by fa:16:3e:00:01:01 10.0.0.1\n"

static void expect_asked(const char *a, const char *b)
{
	assert_int_equal(strstr(asked->str, ASKED("1")) != NULL, a != NULL);
	assert_int_equal(strstr(asked->str, ASKED("2")) != NULL, b != NULL);
	g_string_truncate(asked, 0);
}

/* What was announced while there was no agent. */
static void guests_are_asked_at_the_start(void **state)
{
	(void)state;
	put_router();
	put_endpoint(A, true);
	seconds(2);
	expect_asked(NULL, B); /* that A has it is known */
	answer(B);
	expect_holder(B);
	expect_said("{\"" B "\":{\"10.0.0.100\":0}}");
	holders_told(holders);
	put_endpoint(A, false);
	put_endpoint(B, true);
	seconds(10);
	expect_asked(NULL, NULL);
	answer(A); /* somebody else asked: A may be one of several that have it */
	expect_holder(B);
	announce(A);
	expect_holder(A);
}

static void what_nobody_has_is_asked_for(void **state)
{
	(void)state;
	put_router();
	seconds(20);
	expect_asked(A, B);
	answer(A);
	answer(B); /* both do: the first has it */
	expect_holder(A);
	seconds(5);
	put_endpoint(A, true);
	expect_asked(NULL, NULL);
	seconds(20);
	expect_asked(NULL, NULL);
}

/* Nobody would ask. */
static void without_a_router_nobody_is_asked(void **state)
{
	(void)state;
	seconds(30);
	assert_string_equal(asked->str, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			it_counts_at_once_and_is_said_until_it_has_arrived, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_the_controller_does_not_take_over_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_not_its_own_is_not_heard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_flaps_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(alone_it_remembers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(guests_are_asked_at_the_start, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_nobody_has_is_asked_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			without_a_router_nobody_is_asked, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
