/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "controller/metrics/metrics.h"

static const char *name_of(unsigned number)
{
	return number ? "/b" : "/a";
}

static char *text_of(const struct metrics *metrics)
{
	GString *out = g_string_new(NULL);

	metrics_write(metrics, out);
	return g_string_free(out, FALSE);
}

static void expect(const char *text, const char *line)
{
	g_autofree char *whole = g_strdup_printf("%s\n", line);

	if (!strstr(text, whole))
		fail_msg("no line '%s' in\n%s", line, text);
}

static void test_counts(void **state)
{
	struct metrics *metrics = metrics_new(2, name_of);
	const struct metrics_route *a = metrics_route(metrics, 0, NULL);
	const struct metrics_route *b = metrics_route(metrics, 1, kind_by_id(KIND_PORT));
	g_autofree char *text = NULL;

	(void)state;
	metrics_count(metrics, a, HTTP_GET, 200, 100);
	metrics_count(metrics, a, HTTP_GET, 204, 101);
	metrics_count(metrics, a, HTTP_GET, 404, 20000000);
	metrics_count(metrics, b, HTTP_POST, 201, 1000);
	metrics_count(metrics, NULL, HTTP_OTHER, 404, 1);
	text = text_of(metrics);
	expect(text,
		"weft_http_requests_total{route=\"/a\",kind=\"\",method=\"GET\",status=\"2xx\"} 2");
	expect(text,
		"weft_http_requests_total{route=\"/a\",kind=\"\",method=\"GET\",status=\"4xx\"} 1");
	expect(text,
		"weft_http_requests_total{route=\"/b\",kind=\"port\",method=\"POST\",status=\"2xx\"} 1");
	expect(text,
		"weft_http_requests_total{route=\"none\",kind=\"\",method=\"other\",status=\"4xx\"} 1");
	assert_null(strstr(text, "DELETE"));
	metrics_free(metrics);
}

/* Buckets are cumulative, a bound belongs to its bucket, and what exceeds all is in +Inf alone. */
static void test_buckets(void **state)
{
	struct metrics *metrics = metrics_new(1, name_of);
	const struct metrics_route *route = metrics_route(metrics, 0, NULL);
	g_autofree char *text = NULL;

	(void)state;
	metrics_count(metrics, route, HTTP_GET, 200, 100);
	metrics_count(metrics, route, HTTP_GET, 200, 101);
	metrics_count(metrics, route, HTTP_GET, 200, 20000000);
	text = text_of(metrics);
#define BUCKET "weft_http_request_duration_seconds_bucket{route=\"/a\",kind=\"\",method=\"GET\",le="
	expect(text, BUCKET "\"0.0001\"} 1");
	expect(text, BUCKET "\"0.00025\"} 2");
	expect(text, BUCKET "\"10\"} 2");
	expect(text, BUCKET "\"+Inf\"} 3");
	expect(text,
		"weft_http_request_duration_seconds_sum{route=\"/a\",kind=\"\",method=\"GET\"} 20.000201");
	metrics_free(metrics);
}

static void test_samples(void **state)
{
	g_autoptr(GString) out = g_string_new(NULL);

	(void)state;
	metrics_family(out, "x", METRIC_GAUGE, "Help.");
	metrics_sample(out, "x", "", 3);
	metrics_sample(out, "x", "{a=\"b\"}", 0.25);
	assert_string_equal(out->str, "# HELP x Help.\n# TYPE x gauge\nx 3\nx{a=\"b\"} 0.250000\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
