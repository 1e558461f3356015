/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/metrics/metrics.h"

#include <inttypes.h>
#include <string.h>

#define N_METHODS (HTTP_OTHER + 1)
#define N_CLASSES 6 /* of status: 0…5 hundreds */

static const char *const method_names[N_METHODS] = { "GET", "HEAD", "POST", "PUT", "PATCH",
	"DELETE", "other" };
static const u64 bounds_us[] = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, 1000000,
	10000000 };

struct method_counts {
	u64 by_class[N_CLASSES];
	u64 buckets[G_N_ELEMENTS(bounds_us) + 1]; /* not cumulative; the last has the rest */
	u64 elapsed_us;
};

struct metrics_route {
	struct method_counts methods[N_METHODS];
};

struct metrics {
	unsigned n_routes;
	const char *(*route_name)(unsigned number);
	struct metrics_route unknown;
	struct metrics_route *routes; /* [route][kind] */
};

struct metrics *metrics_new(unsigned n_routes, const char *(*route_name)(unsigned number))
{
	struct metrics *metrics = g_new0(struct metrics, 1);

	metrics->n_routes = n_routes;
	metrics->route_name = route_name;
	metrics->routes = g_new0(struct metrics_route, (gsize)n_routes * N_KINDS);
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	g_free(metrics->routes);
	g_free(metrics);
}

struct metrics_route *metrics_route(
	struct metrics *metrics, unsigned route, const struct kind *kind)
{
	return &metrics->routes[route * N_KINDS + (kind ? kind->id : KIND_NONE)];
}

void metrics_count(struct metrics *metrics, const struct metrics_route *route,
	enum http_method method, unsigned status, u64 elapsed_us)
{
	struct metrics_route *counted = route ? (struct metrics_route *)route : &metrics->unknown;
	struct method_counts *counts = &counted->methods[method];
	unsigned bucket = 0;

	while (bucket < G_N_ELEMENTS(bounds_us) && elapsed_us > bounds_us[bucket])
		bucket++;
	counts->buckets[bucket]++;
	counts->by_class[MIN(status / 100, N_CLASSES - 1)]++;
	counts->elapsed_us += elapsed_us;
}

void metrics_family(GString *out, const char *name, enum metric_type type, const char *help)
{
	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
		type == METRIC_COUNTER ? "counter" : "gauge");
}

void metrics_sample(GString *out, const char *name, const char *labels, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(out, "%s%s %s\n", name, labels,
		g_ascii_formatd(
			text, sizeof text, value == (double)(s64)value ? "%.0f" : "%.6f", value));
}

typedef void (*write_fn)(const struct method_counts *counts, const char *labels, GString *out);

static void write_requests(const struct method_counts *counts, const char *labels, GString *out)
{
	for (unsigned c = 0; c < N_CLASSES; c++)
		if (counts->by_class[c])
			g_string_append_printf(out,
				"weft_http_requests_total{%s,status=\"%uxx\"} %" PRIu64 "\n",
				labels, c, counts->by_class[c]);
}

static void write_durations(const struct method_counts *counts, const char *labels, GString *out)
{
	u64 n = 0;

	for (unsigned b = 0; b < G_N_ELEMENTS(bounds_us); b++) {
		n += counts->buckets[b];
		g_string_append_printf(out,
			"weft_http_request_duration_seconds_bucket{%s,le=\"%g\"} %" PRIu64 "\n",
			labels, (double)bounds_us[b] / 1e6, n);
	}
	n += counts->buckets[G_N_ELEMENTS(bounds_us)];
	if (!n)
		return;
	g_string_append_printf(out,
		"weft_http_request_duration_seconds_bucket{%s,le=\"+Inf\"} %" PRIu64
		"\nweft_http_request_duration_seconds_sum{%s} %.6f"
		"\nweft_http_request_duration_seconds_count{%s} %" PRIu64 "\n",
		labels, n, labels, (double)counts->elapsed_us / 1e6, labels, n);
}

static void write_route(const struct metrics_route *route, const char *name,
	const struct kind *kind, write_fn write, GString *out)
{
	for (unsigned m = 0; m < N_METHODS; m++) {
		const struct method_counts *counts = &route->methods[m];
		g_autofree char *labels = NULL;
		u64 n = 0;

		for (unsigned c = 0; c < N_CLASSES; c++)
			n += counts->by_class[c];
		if (!n)
			continue;
		labels = g_strdup_printf("route=\"%s\",kind=\"%s\",method=\"%s\"", name,
			kind ? kind_name(kind) : "", method_names[m]);
		write(counts, labels, out);
	}
}

static void write_all(const struct metrics *metrics, write_fn write, GString *out)
{
	for (unsigned r = 0; r < metrics->n_routes; r++)
		for (unsigned k = 0; k < N_KINDS; k++)
			write_route(&metrics->routes[r * N_KINDS + k], metrics->route_name(r),
				kind_by_id((enum kind_id)k), write, out);
	write_route(&metrics->unknown, "none", NULL, write, out);
}

void metrics_write(const struct metrics *metrics, GString *out)
{
	metrics_family(out, "weft_http_requests_total", METRIC_COUNTER, "Requests answered.");
	write_all(metrics, write_requests, out);
	g_string_append(out,
		"# HELP weft_http_request_duration_seconds From the request's line to its answer.\n"
		"# TYPE weft_http_request_duration_seconds histogram\n");
	write_all(metrics, write_durations, out);
}
