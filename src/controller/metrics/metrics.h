/* SPDX-License-Identifier: Apache-2.0 */
/* Counts of requests and their durations, by route and kind, in Prometheus' text format. */
#pragma once

#include "http/request.h"
#include "model/kind.h"

struct metrics;
struct metrics_route;

struct metrics *metrics_new(unsigned n_routes, const char *(*route_name)(unsigned number));
void metrics_free(struct metrics *metrics);

/* Where requests of that route (and kind, when its path has one) are counted. */
struct metrics_route *metrics_route(
	struct metrics *metrics, unsigned route, const struct kind *kind);

/* @route NULL: a path that has no route. */
void metrics_count(struct metrics *metrics, const struct metrics_route *route,
	enum http_method method, unsigned status, u64 elapsed_us);

void metrics_write(const struct metrics *metrics, GString *out);

/* One sample with its help; @labels like `{host="h1"}`, or "". */
enum metric_type { METRIC_GAUGE, METRIC_COUNTER };
void metrics_family(GString *out, const char *name, enum metric_type type, const char *help);
void metrics_sample(GString *out, const char *name, const char *labels, double value);
