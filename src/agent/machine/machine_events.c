/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine_events.h"

#include <glib.h>
#include <stdlib.h>

#include "agent/machine/ask.h"
#include "agent/machine/machine_process.h"
#include "base/log.h"

#define ASK_MS 500

struct machine_events {
	struct ask *ask;
	char *path;
	json_t *known; /* "life", "next", "lost", "suppressed": as it has said last; NULL: nothing
			*/
	guint timer;
	machine_events_fn told;
	void *data;
};

struct machine_events *machine_events_new(
	const char *folder, const char *path, machine_events_fn told, void *data)
{
	struct machine_events *events = g_new0(struct machine_events, 1);
	g_autofree char *text = machine_file_read(path);

	events->ask = ask_new(folder);
	events->path = g_strdup(path);
	events->known = text ? json_loads(text, 0, NULL) : NULL;
	events->told = told;
	events->data = data;
	return events;
}

void machine_events_free(struct machine_events *events)
{
	g_clear_handle_id(&events->timer, g_source_remove);
	ask_free(events->ask);
	json_decref(events->known);
	g_free(events->path);
	g_free(events);
}

static json_int_t number_of(const json_t *said, const char *key)
{
	return json_integer_value(json_object_get(said, key));
}

static void save(const struct machine_events *events)
{
	char *text = json_dumps(events->known, JSON_COMPACT | JSON_SORT_KEYS);
	g_autoptr(GError) error = NULL;

	if (!machine_file_write(events->path, text, &error))
		log_limited(warning, "events of an appliance: %s", error->message);
	free(text);
}

/* What NICs have suppressed since; those that it says nothing of have what they had. */
static json_t *suppressed_since(const json_t *before, json_t *now)
{
	json_t *since = json_object(), *total;
	const char *nic;

	json_object_foreach(now, nic, total) {
		json_int_t n = json_integer_value(total) - number_of(before, nic);

		if (n > 0)
			json_object_set_new(since, nic, json_integer(n));
	}
	return since;
}

/* Another life has begun with nothing. */
static void take(struct machine_events *events, const json_t *answer)
{
	bool same = number_of(events->known, "life") == number_of(answer, "life");
	const json_t *known = same ? events->known : NULL;
	json_t *suppressed = json_object_get(answer, "suppressed"), *told;
	json_int_t missed = number_of(answer, "first") - number_of(known, "next") +
			    number_of(answer, "lost") - number_of(known, "lost");
	json_t *next = json_pack("{s:I, s:I, s:I, s:O*}", "life", number_of(answer, "life"), "next",
		number_of(answer, "next"), "lost", number_of(answer, "lost"), "suppressed",
		suppressed ?: json_object_get(known, "suppressed"));

	told = json_pack("{s:O*, s:o, s:I}", "events", json_object_get(answer, "events"),
		"suppressed", suppressed_since(json_object_get(known, "suppressed"), suppressed),
		"missed", MAX(missed, 0));
	json_decref(events->known);
	events->known = next;
	save(events);
	events->told(told, events->data);
	json_decref(told);
}

/* What is not of the life that was asked about begins with another number: asked for again. */
static void answered(const json_t *answer, void *data)
{
	struct machine_events *events = data;

	if (number_of(answer, "life") < 1 || !json_is_array(json_object_get(answer, "events")))
		return;
	if (number_of(events->known, "life") == number_of(answer, "life"))
		return take(events, answer);
	json_decref(events->known);
	events->known = json_pack("{s:I}", "life", number_of(answer, "life"));
}

static gboolean ask_now(gpointer data)
{
	struct machine_events *events = data;
	g_autofree char *path = g_strdup_printf(
		"/v1/events?since=%" JSON_INTEGER_FORMAT, number_of(events->known, "next"));

	ask_get(events->ask, path, answered, events);
	return G_SOURCE_CONTINUE;
}

void machine_events_set(struct machine_events *events, bool wanted)
{
	if (wanted && !events->timer)
		events->timer = g_timeout_add(ASK_MS, ask_now, events);
	if (wanted || !events->timer)
		return;
	g_clear_handle_id(&events->timer, g_source_remove);
	ask_cancel(events->ask);
}
