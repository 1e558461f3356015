/* SPDX-License-Identifier: Apache-2.0 */
/* When a report goes and what is in it, with a clock that the test turns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/desired/parts.h"
#include "agent/report/report.h"

static struct desired *desired;
static GArray *mappings;
static struct report *report;
static char *sent;
static unsigned timer_ms, n_abandoned;
static s64 clock_us;

static void send_body(const char *body, size_t len, void *data)
{
	(void)data;
	g_free(sent);
	sent = g_strndup(body, len);
}

static void abandon(void *data)
{
	(void)data;
	n_abandoned++;
}

static void set_timer(unsigned ms, void *data)
{
	(void)data;
	timer_ms = ms;
}

static s64 now(void *data)
{
	(void)data;
	return clock_us;
}

static struct port *add_port(const char *id, enum port_state state, const char *reason)
{
	struct record record = { .kind = RECORD_PORT };
	struct record_key key = { .kind = RECORD_PORT };
	struct port *port;

	assert_true(uuid_parse(id, &key.id));
	desired_put(desired, &key, &record);
	port = desired_port(desired, &key.id);
	port->state = state;
	port->reason = g_strdup(reason);
	return port;
}

#define A "11111111-0000-4000-8000-000000000001"
#define B "11111111-0000-4000-8000-000000000002"

static int set_up(void **state)
{
	const struct report_io io = { send_body, abandon, set_timer, now, NULL };
	const struct config_mapping mapping = { (char *)"public", (char *)"eth1" };

	(void)state;
	clock_us = 1;
	timer_ms = n_abandoned = 0;
	sent = NULL;
	desired = desired_new();
	mappings = g_array_new(FALSE, FALSE, sizeof(struct config_mapping));
	g_array_append_val(mappings, mapping);
	report = report_new(desired, "the-instance", mappings, &io);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	report_free(report);
	g_array_unref(mappings);
	desired_free(desired);
	g_free(sent);
	return 0;
}

static void the_first_is_full(void **state)
{
	(void)state;
	add_port(A, PORT_WIRED, NULL);
	add_port(B, PORT_NOT_WIRED, "no device is plugged");
	report_connected(report);
	assert_null(sent); /* the view is not complete yet */
	report_synced(report, 7);
	assert_non_null(strstr(sent, "\"revision\":7"));
	assert_non_null(strstr(sent, "\"full\":true"));
	assert_non_null(strstr(sent, "\"instance\":\"the-instance\""));
	assert_non_null(strstr(sent, "\"bridge_mappings\":{\"public\":\"eth1\"}"));
	assert_non_null(strstr(sent, "\"" A "\":{\"wired\":true}"));
	assert_non_null(
		strstr(sent, "\"" B "\":{\"wired\":false,\"reason\":\"no device is plugged\"}"));
}

static void a_changed_port_goes_at_once_and_alone(void **state)
{
	(void)state;
	add_port(A, PORT_WIRED, NULL);
	report_connected(report);
	report_synced(report, 7);
	report_done(report, NULL);
	struct port *b = add_port(B, PORT_WIRED, NULL);
	report_port(report, &b->id);
	report_synced(report, 8);
	assert_non_null(strstr(sent, "\"revision\":8,\"full\":false"));
	assert_non_null(strstr(sent, B));
	assert_null(strstr(sent, A));
}

static void what_happens_on_the_way_goes_into_the_next(void **state)
{
	(void)state;
	report_connected(report);
	report_synced(report, 7);
	g_clear_pointer(&sent, g_free);
	struct port *a = add_port(A, PORT_WIRED, NULL);
	report_port(report, &a->id);
	report_synced(report, 8);
	report_synced(report, 9);
	assert_null(sent);
	report_done(report, NULL);
	assert_non_null(strstr(sent, "\"revision\":9"));
	assert_non_null(strstr(sent, A));
}

static void a_revision_alone_waits_for_company(void **state)
{
	(void)state;
	report_connected(report);
	report_synced(report, 7);
	report_done(report, NULL);
	assert_int_equal(timer_ms, 8000); /* the sign of life */
	g_clear_pointer(&sent, g_free);
	report_synced(report, 8);
	assert_null(sent);
	assert_int_equal(timer_ms, 50);
	clock_us += 30000;
	report_synced(report, 9);
	assert_int_equal(timer_ms, 50); /* not put off again: what was set stays */
	report_timer(report);
	assert_non_null(strstr(sent, "\"revision\":9"));
}

static void a_revision_that_came_on_the_way_is_told_soon(void **state)
{
	(void)state;
	report_connected(report);
	report_synced(report, 7);
	report_synced(report, 8);
	report_done(report, NULL);
	assert_int_equal(timer_ms, 50);
}

static void a_lost_report_is_made_good_by_a_full_one(void **state)
{
	(void)state;
	struct port *a = add_port(A, PORT_WIRED, NULL);
	report_connected(report);
	report_synced(report, 7);
	report_done(report, NULL);
	report_port(report, &a->id);
	report_synced(report, 8);
	report_done(report, "503");
	assert_int_equal(timer_ms, 1000);
	report_timer(report);
	assert_non_null(strstr(sent, "\"full\":true"));
	assert_non_null(strstr(sent, A));
}

static void one_without_an_answer_is_lost(void **state)
{
	(void)state;
	report_connected(report);
	report_synced(report, 7);
	assert_int_equal(timer_ms, 15000);
	clock_us += 15000000;
	report_timer(report);
	assert_int_equal(n_abandoned, 1);
	assert_int_equal(timer_ms, 1000);
	g_clear_pointer(&sent, g_free);
	report_timer(report);
	assert_non_null(strstr(sent, "\"full\":true"));
}

static void a_broken_stream_takes_the_report_along(void **state)
{
	(void)state;
	report_connected(report);
	report_synced(report, 7);
	report_disconnected(report);
	assert_int_equal(n_abandoned, 1);
	assert_int_equal(timer_ms, 0);
	g_clear_pointer(&sent, g_free);
	report_connected(report);
	report_synced(report, 8);
	assert_non_null(strstr(sent, "\"revision\":8"));
}

static void nothing_is_sent_while_disconnected(void **state)
{
	(void)state;
	report_connected(report);
	report_disconnected(report);
	report_synced(report, 7);
	report_timer(report);
	assert_null(sent);
	assert_int_equal(timer_ms, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_full),
		TEST(a_changed_port_goes_at_once_and_alone),
		TEST(what_happens_on_the_way_goes_into_the_next),
		TEST(a_revision_alone_waits_for_company),
		TEST(a_revision_that_came_on_the_way_is_told_soon),
		TEST(a_lost_report_is_made_good_by_a_full_one),
		TEST(one_without_an_answer_is_lost),
		TEST(a_broken_stream_takes_the_report_along),
		TEST(nothing_is_sent_while_disconnected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
