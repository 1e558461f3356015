/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics and /healthz. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controller/api/call.h"
#include "controller/keystone/keystone.h"

#define STORE_HANGS_US (5 * G_USEC_PER_SEC)
#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

void api_answered(
	struct api *api, const struct http_request *request, unsigned status, u64 elapsed_us)
{
	metrics_count(api->metrics, http_request_tag(request), http_request_method(request), status,
		elapsed_us);
}

static void write_model(const struct api *api, GString *out)
{
	metrics_family(out, "weft_objects", METRIC_GAUGE, "Objects by kind.");
	for (unsigned id = KIND_NONE + 1; id < N_KINDS; id++) {
		const struct kind *kind = kind_by_id((enum kind_id)id);
		g_autofree char *labels = g_strdup_printf("{kind=\"%s\"}", kind_name(kind));

		metrics_sample(out, "weft_objects", labels, model_count_all(api->model, kind->id));
	}
}

struct number {
	const char *name;
	enum metric_type type;
	const char *help;
	double value;
};

static void write_numbers(const struct number *numbers, unsigned n, GString *out)
{
	for (unsigned i = 0; i < n; i++) {
		metrics_family(out, numbers[i].name, numbers[i].type, numbers[i].help);
		metrics_sample(out, numbers[i].name, "", numbers[i].value);
	}
}

static void write_store(const struct api *api, GString *out)
{
	struct store_stats stats = store_stats(api->store);
	const struct number numbers[] = {
		{ "weft_revision", METRIC_GAUGE, "Last durable revision.",
			(double)commit_durable_revision(api->commit) },
		{ "weft_store_commits_total", METRIC_COUNTER, "Durable change-sets.",
			(double)stats.commits },
		{ "weft_store_syncs_total", METRIC_COUNTER,
			"Synced transactions that carried them; commits by syncs is the group size.",
			(double)stats.syncs },
		{ "weft_store_failures_total", METRIC_COUNTER, "Writes that the store refused.",
			(double)stats.failures },
		{ "weft_store_sync_seconds_total", METRIC_COUNTER, "Time spent in them.",
			(double)stats.sync_us_total / 1e6 },
		{ "weft_store_sync_last_seconds", METRIC_GAUGE, "Duration of the last one.",
			(double)stats.sync_us_last / 1e6 },
		{ "weft_store_pending", METRIC_GAUGE, "Change-sets that wait for the store.",
			commit_pending(api->commit) },
	};

	write_numbers(numbers, G_N_ELEMENTS(numbers), out);
}

/* The host's name cannot end the label: host_kind allows no such characters but '"' and '\'. */
static void write_host(const struct object *host, bool connected, u64 told, u64 acked, void *user)
{
	g_autofree char *escaped = g_strescape(object_str(host, SLOT_NAME), "\x7f");
	GString *out = user;

	g_string_append_printf(out,
		"weft_host_connected{host=\"%s\"} %d\n"
		"weft_host_told_revision{host=\"%s\"} %" G_GUINT64_FORMAT "\n"
		"weft_host_acked_revision{host=\"%s\"} %" G_GUINT64_FORMAT "\n",
		escaped, connected, escaped, told, escaped, acked);
}

static void write_sync(const struct api *api, GString *out)
{
	struct sync_totals totals;

	sync_server_totals(api->sync, &totals);

	const struct number numbers[] = {
		{ "weft_sync_streams", METRIC_GAUGE, "View streams that are open.",
			totals.streams },
		{ "weft_sync_waiters", METRIC_GAUGE, "Requests that wait for a state.",
			totals.waiters },
		{ "weft_sync_lines_total", METRIC_COUNTER, "Lines sent to hosts.",
			(double)totals.lines },
		{ "weft_sync_bytes_total", METRIC_COUNTER, "Their bytes.", (double)totals.bytes },
		{ "weft_sync_snapshots_total", METRIC_COUNTER, "Streams begun by a snapshot.",
			(double)totals.snapshots },
		{ "weft_sync_resumes_total", METRIC_COUNTER, "Streams begun by a resume.",
			(double)totals.resumes },
		{ "weft_sync_reports_total", METRIC_COUNTER, "Reports of hosts.",
			(double)totals.reports },
		{ "weft_sync_refused_instances_total", METRIC_COUNTER,
			"Streams refused because another agent has the host.",
			(double)totals.refused_instances },
	};

	write_numbers(numbers, G_N_ELEMENTS(numbers), out);
	sync_server_each_host(api->sync, write_host, out);
}

static void write_keystone(const struct api *api, GString *out)
{
	struct keystone_stats stats;

	if (!api->keystone)
		return;
	stats = keystone_stats(api->keystone);

	const struct number numbers[] = {
		{ "weft_keystone_questions_total", METRIC_COUNTER, "Requests to Keystone.",
			(double)stats.asked },
		{ "weft_keystone_failures_total", METRIC_COUNTER,
			"Those without an answer that was of use.", (double)stats.failures },
		{ "weft_keystone_hits_total", METRIC_COUNTER, "Tokens that were known.",
			(double)stats.hits },
		{ "weft_keystone_valid_tokens", METRIC_GAUGE, "Known valid tokens.", stats.valid },
		{ "weft_keystone_invalid_tokens", METRIC_GAUGE, "Known invalid tokens.",
			stats.invalid },
		{ "weft_keystone_pending", METRIC_GAUGE, "Tokens that Keystone is asked about.",
			stats.pending },
	};

	write_numbers(numbers, G_N_ELEMENTS(numbers), out);
}

static void write_notify(const struct api *api, GString *out)
{
	struct notify_stats stats = notify_stats(api->notify);
	const struct number numbers[] = {
		{ "weft_notify_pending", METRIC_GAUGE, "Events that wait to be delivered.",
			stats.pending },
		{ "weft_notify_sent_total", METRIC_COUNTER, "Events delivered.",
			(double)stats.sent },
		{ "weft_notify_refused_total", METRIC_COUNTER,
			"Events that the receiver refused for good.", (double)stats.refused },
		{ "weft_notify_dropped_total", METRIC_COUNTER,
			"Events dropped because too many waited.", (double)stats.dropped },
		{ "weft_notify_failures_total", METRIC_COUNTER,
			"Requests that failed and were tried again.", (double)stats.failures },
	};

	write_numbers(numbers, G_N_ELEMENTS(numbers), out);
}

static u64 resident_bytes(void)
{
	unsigned long total = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	if (!file)
		return 0;
	if (fscanf(file, "%lu %lu", &total, &resident) != 2)
		resident = 0;
	fclose(file);
	return (u64)resident * (u64)sysconf(_SC_PAGESIZE);
}

void metrics_get(struct call *call)
{
	GString *out = g_string_sized_new(8192);
	const struct number process[] = {
		{ "process_resident_memory_bytes", METRIC_GAUGE, "Memory in use.",
			(double)resident_bytes() },
	};

	g_string_append(out, "# HELP weft_build_info Version.\n# TYPE weft_build_info gauge\n"
			     "weft_build_info{version=\"" WEFT_VERSION "\"} 1\n");
	write_numbers(process, G_N_ELEMENTS(process), out);
	write_model(call->api, out);
	write_store(call->api, out);
	write_sync(call->api, out);
	write_keystone(call->api, out);
	if (call->api->notify)
		write_notify(call->api, out);
	metrics_write(call->api->metrics, out);
	http_request_answer(call->request, 200, METRICS_TYPE, out);
}

/* Is weftd of use: does the store take writes, and in reasonable time? */
void healthz_get(struct call *call)
{
	struct store_stats stats = store_stats(call->api->store);
	GError *error = NULL;

	if (stats.failing)
		weft_fail(&error, UNAVAILABLE,
			"The store refused the last write; reads work, writes are answered 503.");
	else if (commit_oldest_us(call->api->commit) > STORE_HANGS_US)
		weft_fail(&error, UNAVAILABLE, "The store has not finished a write for %d s.",
			(int)(STORE_HANGS_US / G_USEC_PER_SEC));
	if (error)
		return call_fail(call, error);
	call_answer(call, 200, g_string_new("{\"status\":\"ok\"}"));
}
