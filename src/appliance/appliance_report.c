/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "appliance/appliance_impl.h"
#include "appliance/packet/counted.h"
#include "appliance/packet/explain.h"
#include "appliance/files.h"
#include "appliance/daemon/haproxy.h"
#include "base/json_writer.h"

static void append_drift(const struct appliance *appliance, struct json_writer *w)
{
	unsigned drift =
		appliance->document ? files_drift(appliance->folder, &appliance->rendered) : 0;

	jw_key(w, "drift");
	jw_begin_array(w);
	for (unsigned i = 0; i < RENDER_THINGS; i++)
		if (drift & 1u << i)
			jw_string(w, render_name(i));
	jw_end_array(w);
}

/* A daemon that does not run is an error too, though what was to be written is. */
static const char *reason_of(const struct appliance *appliance)
{
	return appliance->reason ?: repair_reason(appliance->repair) ?: services_reason(appliance->services) ?: tunnels_reason(appliance->tunnels);
}

static void append_redundancy(const struct appliance *appliance, struct json_writer *w)
{
	if (!appliance->document || !appliance->document->redundancy.enabled)
		return;
	jw_key(w, "redundancy");
	jw_begin_object(w);
	jw_member_string(w, "state", redundancy_state_name(appliance->redundancy));
	jw_member_int(w, "since_s",
		(g_get_monotonic_time() - redundancy_since_us(appliance->redundancy)) /
			G_USEC_PER_SEC);
	jw_end_object(w);
}

GString *appliance_status(const struct appliance *appliance)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	const struct document *document = appliance->document;

	jw_begin_object(&w);
	jw_member_string(&w, "version", WEFT_VERSION);
	jw_member_string(&w, "id", document ? document->id : NULL);
	jw_member_int(&w, "revision", document ? (s64)document->revision : 0);
	jw_member_string(&w, "status",
		!document	       ? "UNCONFIGURED"
		: reason_of(appliance) ? "ERROR"
				       : "ACTIVE");
	jw_member_string(&w, "status_reason", document ? reason_of(appliance) : NULL);
	jw_member_int(
		&w, "uptime_s", (g_get_monotonic_time() - appliance->started_us) / G_USEC_PER_SEC);
	jw_key(&w, "daemons");
	jw_begin_object(&w);
	services_append(appliance->services, &w);
	jw_end_object(&w);
	append_redundancy(appliance, &w);
	jw_key(&w, "tunnels");
	jw_begin_object(&w);
	tunnels_append(appliance->tunnels, &w);
	jw_end_object(&w);
	jw_key(&w, "bgp_sessions");
	jw_begin_array(&w);
	speaker_append(appliance->speaker, &w);
	jw_end_array(&w);
	append_drift(appliance, &w);
	jw_key(&w, "repairs");
	jw_begin_object(&w);
	repair_append(appliance->repair, &w);
	services_append_repairs(appliance->services, &w);
	jw_end_object(&w);
	if (document && document->load_balancers->len)
		haproxy_append_status(
			appliance->folder, appliance->rendered.texts[RENDER_HAPROXY], &w);
	jw_end_object(&w);
	return text;
}

GString *appliance_digest(const struct appliance *appliance)
{
	g_autofree char *here = files_digest_on_disk(appliance->folder);
	g_autofree char *wanted = appliance->document ? files_digest(&appliance->rendered) : NULL;
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_int(&w, "revision", appliance->document ? (s64)appliance->document->revision : 0);
	jw_member_string(&w, "digest", here);
	jw_member_string(&w, "desired_digest", wanted);
	append_drift(appliance, &w);
	jw_end_object(&w);
	return text;
}

/* Of /proc/self/net/dev: name, then eight numbers of what was received, then what was sent. */
static void append_device(const char *line, struct json_writer *w)
{
	unsigned long long n[12];
	char name[DEVICE_STRLEN];

	if (sscanf(line, " %15[^:]: %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
		    name, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9],
		    &n[10], &n[11]) != 13 ||
		!strcmp(name, "lo"))
		return;
	jw_key(w, name);
	jw_begin_object(w);
	jw_member_int(w, "rx_bytes", (s64)n[0]);
	jw_member_int(w, "rx_packets", (s64)n[1]);
	jw_member_int(w, "rx_dropped", (s64)n[3]);
	jw_member_int(w, "tx_bytes", (s64)n[8]);
	jw_member_int(w, "tx_packets", (s64)n[9]);
	jw_member_int(w, "tx_dropped", (s64)n[11]);
	jw_end_object(w);
}

static bool append_devices(struct json_writer *w, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/self/net/dev", &text, NULL, error))
		return false;
	lines = g_strsplit(text, "\n", -1);
	jw_key(w, "interfaces");
	jw_begin_object(w);
	for (char **line = lines; *line; line++)
		append_device(*line, w);
	jw_end_object(w);
	return true;
}

/* Of listeners there are several; haproxy_append_counters() has them, and counted_append_rules()
 * those of rules. */
static void append_counters(const json_t *root, struct json_writer *w)
{
	const json_t *item;
	size_t i;

	jw_key(w, "counters");
	jw_begin_object(w);
	json_array_foreach(json_object_get(root, "nftables"), i, item) {
		const json_t *counter = json_object_get(item, "counter");
		const char *name = json_string_value(json_object_get(counter, "name"));

		if (!name || g_str_has_prefix(name, "listener_") ||
			g_str_has_prefix(name, "rule_") || g_str_has_prefix(name, "suppressed_"))
			continue;
		jw_key(w, name);
		jw_begin_object(w);
		jw_member_int(
			w, "packets", json_integer_value(json_object_get(counter, "packets")));
		jw_member_int(w, "bytes", json_integer_value(json_object_get(counter, "bytes")));
		jw_end_object(w);
	}
	jw_end_object(w);
}

GString *appliance_counters(const struct appliance *appliance, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_int(&w, "revision", appliance->document ? (s64)appliance->document->revision : 0);
	jw_member_int(&w, "life", appliance->life);
	if (!append_devices(&w, error))
		return NULL;
	if (appliance->document) {
		json_auto_t *counters = counted_read(error);

		if (!counters)
			return NULL;
		append_counters(counters, &w);
		haproxy_append_counters(appliance->folder, appliance->document, counters, &w);
		counted_append_rules(appliance->document, counters, &w);
		counted_append_drops(counters, &w);
	}
	jw_end_object(&w);
	return g_steal_pointer(&text);
}

GString *appliance_explain(
	const struct appliance *appliance, const struct explain_packet *packet, GError **error)
{
	const struct document *document = appliance->document;
	GString *text;
	struct json_writer w;

	if (!document || !document_interface_named(document, packet->interface)) {
		weft_fail(error, CONFLICT, "There is no NIC %s here.", packet->interface);
		return NULL;
	}
	text = g_string_new(NULL);
	w = json_writer_on(text);
	explain(document, packet, explain_kernel_route, &w);
	return text;
}

GString *appliance_events(const struct appliance *appliance, u64 since, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	json_t *counters;

	jw_begin_object(&w);
	jw_member_int(&w, "life", appliance->life);
	events_append(appliance->events, since, &w);
	if (appliance->document &&
		events_are_recent(appliance->events)) { /* or none was too much */
		counters = counted_read(error);
		if (!counters)
			return NULL;
		counted_append_suppressed(appliance->document, counters, &w);
		json_decref(counters);
	}
	jw_end_object(&w);
	return g_steal_pointer(&text);
}
