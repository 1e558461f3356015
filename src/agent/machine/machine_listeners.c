/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_listeners.h"

#include <stdlib.h>

#include "agent/machine/machine_process.h"
#include "base/log.h"
#include "base/uuid.h"

struct machine_listeners {
	char *path;
	json_t *known; /* {"life", "listeners": {id: counters}}; NULL: nothing is */
};

struct machine_listeners *machine_listeners_new(const char *path)
{
	struct machine_listeners *listeners = g_new0(struct machine_listeners, 1);
	g_autofree char *text = machine_file_read(path);

	listeners->path = g_strdup(path);
	listeners->known = text ? json_loads(text, 0, NULL) : NULL;
	return listeners;
}

void machine_listeners_free(struct machine_listeners *listeners)
{
	json_decref(listeners->known);
	g_free(listeners->path);
	g_free(listeners);
}

static json_int_t life_of(const json_t *said)
{
	return json_integer_value(json_object_get(said, "life"));
}

static void save(const struct machine_listeners *listeners)
{
	char *text = json_dumps(listeners->known, JSON_COMPACT | JSON_SORT_KEYS);
	g_autoptr(GError) error = NULL;

	if (!machine_file_write(listeners->path, text, &error))
		log_limited(warning, "counters of an appliance: %s", error->message);
	free(text);
}

void machine_listeners_note(struct machine_listeners *listeners, const json_t *answer)
{
	json_t *said = json_object_get(answer, "listeners");

	if (life_of(answer) < 1 || life_of(answer) > G_MAXUINT32 || !json_is_object(said))
		return;
	if (life_of(listeners->known) != life_of(answer)) {
		json_decref(listeners->known);
		listeners->known = json_pack("{s:I, s:{}}", "life", life_of(answer), "listeners");
	}
	json_object_update(json_object_get(listeners->known, "listeners"), said);
	save(listeners);
}

static u64 number_of(const json_t *counters, const char *key)
{
	json_int_t number = json_integer_value(json_object_get(counters, key));

	return number > 0 ? (u64)number : 0;
}

void machine_listeners_each(
	const struct machine_listeners *listeners, listener_stats_fn each, void *data)
{
	struct uuid listener;
	json_t *counters;
	const char *id;

	json_object_foreach(json_object_get(listeners->known, "listeners"), id, counters) {
		const struct dp_listener_stats stats = {
			.number = (u32)life_of(listeners->known),
			.active = number_of(counters, "active_connections"),
			.total = number_of(counters, "total_connections"),
			.bytes_in = number_of(counters, "bytes_in"),
			.bytes_out = number_of(counters, "bytes_out"),
			.errors = number_of(counters, "request_errors"),
		};

		if (uuid_parse(id, &listener))
			each(&listener, &stats, data);
	}
}
