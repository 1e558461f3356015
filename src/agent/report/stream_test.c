/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, failures and delays, simulated: no socket and no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/report/stream.h"

static struct stream *stream;
static GString *story; /* what the stream did */
static unsigned timer_ms;
static double fraction;
static bool refuse_lines;

static void open_url(const char *url, void *data)
{
	(void)data;
	g_string_append_printf(story, "open %s\n", url);
}

static void close_it(void *data)
{
	(void)data;
	g_string_append(story, "close\n");
}

static void set_timer(unsigned ms, void *data)
{
	(void)data;
	timer_ms = ms;
}

static double draw(void *data)
{
	(void)data;
	return fraction;
}

static bool line(const char *text, size_t len, void *data, GError **error)
{
	(void)data;
	g_string_append_printf(story, "line %.*s\n", (int)len, text);
	return !refuse_lines || weft_fail(error, BAD_REQUEST, "no such line");
}

static void changed(enum stream_state state, void *data)
{
	(void)state;
	(void)data;
}

static void start(const char *const *urls)
{
	const struct stream_io io = { open_url, close_it, set_timer, draw, NULL };
	const struct stream_events events = { line, changed, NULL };

	story = g_string_new(NULL);
	timer_ms = 0;
	fraction = 0.999;
	refuse_lines = false;
	stream = stream_new(urls, &io, &events);
	stream_start(stream);
}

static void stop(void)
{
	stream_free(stream);
	g_string_free(story, TRUE);
}

static const char *const one[] = { "http://a", NULL };
static const char *const two[] = { "http://a", "http://b", NULL };

static void lines_are_heard(void **state)
{
	(void)state;
	start(one);
	assert_int_equal(timer_ms, STREAM_CONNECT_MS);
	stream_bytes(stream, "x\ny", 3);
	stream_bytes(stream, "z\n", 2);
	assert_string_equal(story->str, "open http://a\nline x\nline yz\n");
	assert_int_equal(stream_state(stream), STREAM_CONNECTED);
	assert_int_equal(timer_ms, STREAM_SILENCE_MS);
	stop();
}

static void silence_breaks_the_connection(void **state)
{
	(void)state;
	start(one);
	stream_bytes(stream, "x\n", 2);
	stream_timer(stream);
	assert_int_equal(stream_state(stream), STREAM_WAITING);
	assert_non_null(strstr(stream_error(stream), "30 seconds"));
	stream_timer(stream);
	assert_string_equal(story->str, "open http://a\nline x\nclose\nopen http://a\n");
	stop();
}

static void half_a_line_does_not_outlive_its_connection(void **state)
{
	(void)state;
	start(one);
	stream_bytes(stream, "half", 4);
	stream_broken(stream, "ended");
	stream_timer(stream);
	g_string_truncate(story, 0);
	stream_bytes(stream, "whole\n", 6);
	assert_string_equal(story->str, "line whole\n");
	stop();
}

static void delays_double_up_to_a_bound_and_are_drawn(void **state)
{
	static const unsigned expected[] = { 100, 200, 400, 800, 1600, 3200, 6400, 10000, 10000 };

	(void)state;
	start(one);
	for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
		fraction = i % 2 ? 0 : 0.9999;
		stream_broken(stream, "refused");
		if (i % 2)
			assert_int_equal(timer_ms, expected[i] / 2);
		else
			assert_in_range(timer_ms, expected[i] * 9 / 10, expected[i]);
		stream_timer(stream);
	}
	for (int i = 0; i < 100; i++) { /* a long outage overflows nothing */
		stream_broken(stream, "refused");
		assert_in_range(timer_ms, STREAM_DELAY_MAX_MS / 2, STREAM_DELAY_MAX_MS);
		stream_timer(stream);
	}
	stream_completed(stream);
	stream_broken(stream, "refused");
	assert_in_range(timer_ms, STREAM_DELAY_MIN_MS / 2, STREAM_DELAY_MIN_MS);
	stop();
}

static void controllers_are_tried_in_turn(void **state)
{
	(void)state;
	start(two);
	for (int i = 0; i < 3; i++) {
		stream_broken(stream, "refused");
		stream_timer(stream);
	}
	assert_string_equal(story->str,
		"open http://a\nclose\nopen http://b\nclose\nopen http://a\nclose\nopen http://b\n");
	stop();
}

static void no_answer_is_a_failure(void **state)
{
	(void)state;
	start(two);
	stream_timer(stream);
	assert_non_null(strstr(stream_error(stream), "no answer"));
	stop();
}

static void a_line_that_is_refused_breaks_the_connection(void **state)
{
	(void)state;
	start(one);
	refuse_lines = true;
	stream_bytes(stream, "a\nb\n", 4);
	assert_string_equal(story->str, "open http://a\nline a\nclose\n");
	assert_string_equal(stream_error(stream), "no such line");
	stream_broken(stream, "late"); /* of the closed one: not heard */
	assert_string_equal(stream_error(stream), "no such line");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_heard),
		cmocka_unit_test(silence_breaks_the_connection),
		cmocka_unit_test(half_a_line_does_not_outlive_its_connection),
		cmocka_unit_test(delays_double_up_to_a_bound_and_are_drawn),
		cmocka_unit_test(controllers_are_tried_in_turn),
		cmocka_unit_test(no_answer_is_a_failure),
		cmocka_unit_test(a_line_that_is_refused_breaks_the_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
