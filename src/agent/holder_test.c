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
	return desired_port(desired, &key.id);
}

static void announce(const char *id)
{
	struct uuid uuid;
	struct mac mac = mac_of(id);
	struct ip ip = vip();

	assert_true(uuid_parse(id, &uuid));
	holders_heard(holders, desired_port(desired, &uuid), &ip, &mac);
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
	const struct holders_io io = { now, moved, is_alone, NULL };

	(void)state;
	clock_us = 1000000;
	n_moved = 0;
	alone = false;
	desired = desired_new();
	holders = holders_new(desired, &io);
	add_port(A);
	add_port(B);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	holders_free(holders);
	desired_free(desired);
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
	struct uuid id;
	struct mac mac = mac_of(A), foreign = mac_of(B);
	struct ip ip = vip();

	(void)state;
	assert_true(uuid_parse(A, &id) && ip_parse("10.0.0.101", &other));
	holders_heard(holders, desired_port(desired, &id), &other, &mac);
	holders_heard(holders, desired_port(desired, &id), &ip, &foreign);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
