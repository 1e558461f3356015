/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "agent/machine/machine_impl.h"
#include "agent/machine/machine_repairs.h"
#include "agent/machine/machine_text.h"
#include "agent/machine/machine_tunnels.h"
#include "base/log.h"

#define ASK_MIN_MS 20
#define ASK_MAX_MS 3000
#define ASK_TUNNELS_MS 1000		  /* while one is down */
#define ASK_PAIR_MS 500			  /* which of the two it is changes by itself */
#define COUNTERS_US (10 * G_USEC_PER_SEC) /* of those that change nothing but metrics */
#define SILENT_S 30			  /* questions in vain, each of five seconds */
/* It reads what it is told, and says what it thinks of it. */
#define TAKES_US (2 * G_USEC_PER_SEC)

static gboolean ask_now(gpointer data);

void machine_replace(char **text, const char *with)
{
	g_free(*text);
	*text = g_strdup(with);
}

void machine_say(struct machine *machine, enum status status, const char *reason)
{
	if (machine->status == status && !strcmp(machine->reason, reason))
		return;
	if (status == STATUS_ERROR)
		log_warning("appliance %s: %s", machine->id, reason);
	else if (status == STATUS_ACTIVE)
		log_info("appliance %s does what it is told", machine->id);
	machine->status = status;
	machine_replace(&machine->reason, reason);
	machine->changed(machine->data);
}

static void ask_in(struct machine *machine, unsigned ms)
{
	g_clear_handle_id(&machine->ask_timer, g_source_remove);
	machine->ask_timer = g_timeout_add(ms, ask_now, machine);
}

void machine_ask_soon(struct machine *machine)
{
	machine->ask_ms = ASK_MIN_MS;
	ask_in(machine, ASK_MIN_MS);
}

static unsigned ask_max_ms(const struct machine *machine)
{
	return *machine->redundancy ? ASK_PAIR_MS : ASK_MAX_MS;
}

static void ask_later(struct machine *machine)
{
	unsigned limit =
		machine_tunnels_are_up(machine->tunnels) ? ask_max_ms(machine) : ASK_TUNNELS_MS;

	ask_in(machine, MIN(machine->ask_ms, limit));
	machine->ask_ms = MIN(2 * machine->ask_ms, ask_max_ms(machine));
}

static void say_drift(struct machine *machine, const char *what)
{
	if (!strcmp(machine->drift, what))
		return;
	machine_replace(&machine->drift, what);
	machine->changed(machine->data);
}

/* What it has repaired by itself. Who asks for the first time knows nothing of what was before. */
static void note_repairs(struct machine *machine, const json_t *said)
{
	g_autofree char *what =
		machine->repairs ? machine_repairs_since(machine->repairs, said) : NULL;

	if (what) {
		log_warning("appliance %s: drift: %s; it has repaired that", machine->id, what);
		say_drift(machine, what);
	}
	json_decref(machine->repairs);
	machine->repairs = json_incref((json_t *)said);
}

/* Somebody has changed files inside: the same told anew repairs that. */
static void repair(struct machine *machine, const json_t *files)
{
	g_autofree char *names = machine_names(files);

	log_warning("appliance %s: drift: %s; told anew", machine->id, names);
	say_drift(machine, names);
	machine_process_signal(machine->pidfd, SIGHUP);
	machine->ask_ms = ASK_MIN_MS;
}

static void got_counters(const json_t *answer, void *data)
{
	struct machine *machine = data;

	if (answer) {
		json_decref(machine->counters);
		machine->counters = json_incref((json_t *)answer);
	}
	machine_listeners_note(machine->listeners, answer);
	ask_later(machine);
}

static void ask_counters(struct machine *machine)
{
	machine->counters_us = g_get_monotonic_time();
	ask_get(machine->ask, "/v1/counters", got_counters, machine);
}

static void got_digest(const json_t *answer, void *data)
{
	struct machine *machine = data;
	const char *digest = json_string_value(json_object_get(answer, "digest"));

	if (digest && !json_array_size(json_object_get(answer, "drift"))) {
		if (strcmp(digest, machine->digest)) {
			machine_replace(&machine->digest, digest);
			machine->changed(machine->data);
		}
		machine->revision = machine->wanted_revision;
		machine_say(machine, STATUS_ACTIVE, "");
		machine->ask_ms = ask_max_ms(machine);
	}
	if (machine->balancers || g_get_monotonic_time() - machine->counters_us > COUNTERS_US)
		ask_counters(machine);
	else
		ask_later(machine);
}

/* It may be busy; but one that hangs would do so for ever, as its process does not end. */
static void doubt(struct machine *machine)
{
	g_autofree char *why = NULL;
	const char *problem;

	if (g_get_monotonic_time() - machine->answered_us < SILENT_S * G_USEC_PER_SEC) {
		if (machine->status == STATUS_ACTIVE)
			machine_say(machine, STATUS_BUILD, "it does not answer");
		return;
	}
	problem = ask_problem(machine->ask);
	why = g_strdup_printf(
		"it has not answered for " G_STRINGIFY(SILENT_S) " s; it is made anew%s%s",
		problem ? ": " : "", problem ?: "");
	machine_say(machine, STATUS_ERROR, why);
	machine_begin_end(machine);
}

/* Why it does not do what it is told, if it says so. */
static void judge(struct machine *machine, bool answers, bool is_current)
{
	g_autofree char *reason = NULL, *state = machine_state(&machine->files, &reason);
	g_autofree char *word = machine_last_word(&machine->files);

	if (answers || g_strcmp0(state, "ACTIVE"))
		machine->answered_us = g_get_monotonic_time(); /* or is not expected to */
	if (!g_strcmp0(state, "ERROR"))
		machine_say(machine, STATUS_ERROR, reason ?: "it gives no reason");
	else if (!answers)
		doubt(machine);
	else if (answers && !is_current && g_get_monotonic_time() - machine->told_us > TAKES_US)
		machine_say(machine, STATUS_ERROR, word ?: "it does not take what it is told");
}

/* What changes by itself: which listeners are open, which members answer, which tunnels are up. */
static void note(struct machine *machine, json_t **known, const json_t *said)
{
	if (*known == said || (*known && said && json_equal(*known, said)))
		return;
	json_decref(*known);
	*known = json_incref((json_t *)said);
	machine->changed(machine->data);
}

static void note_redundancy(struct machine *machine, const json_t *said)
{
	const char *state = json_string_value(json_object_get(said, "state")) ?: "";

	if (!strcmp(machine->redundancy, state))
		return;
	machine->stepped_down = !strcmp(machine->redundancy, "MASTER");
	machine_replace(&machine->redundancy, state);
	machine->changed(machine->data);
}

void machine_note_status(struct machine *machine, const json_t *status)
{
	json_t *tunnels = machine_tunnels(status);

	note_redundancy(machine, json_object_get(status, "redundancy"));
	note(machine, &machine->tunnels, tunnels);
	json_decref(tunnels);
	if (status)
		note(machine, &machine->balancers, json_object_get(status, "load_balancers"));
}

static void got_status(const json_t *answer, void *data)
{
	struct machine *machine = data;
	const char *status = json_string_value(json_object_get(answer, "status"));
	const char *reason = json_string_value(json_object_get(answer, "status_reason"));
	const json_t *drift = json_object_get(answer, "drift");
	json_int_t revision = json_integer_value(json_object_get(answer, "revision"));

	machine_note_status(machine, status ? answer : NULL);
	if (status)
		note_repairs(machine, json_object_get(answer, "repairs"));
	if (!g_strcmp0(status, "ACTIVE") && revision == machine->wanted_revision &&
		!json_array_size(drift)) {
		machine->answered_us = g_get_monotonic_time();
		return ask_get(machine->ask, "/v1/digest", got_digest, machine);
	}
	if (!g_strcmp0(status, "ERROR"))
		machine_say(machine, STATUS_ERROR, reason ?: "it gives no reason");
	else if (status && revision == machine->wanted_revision && json_array_size(drift))
		repair(machine, drift);
	else
		judge(machine, status != NULL, revision == machine->wanted_revision);
	if (!machine->ending)
		ask_later(machine);
}

/* One that is being made, or told, has nobody who would answer, or an answer that is out of date.
 */
static gboolean ask_now(gpointer data)
{
	struct machine *machine = data;
	g_autofree char *reason = NULL, *state = machine_state(&machine->files, &reason);

	machine->ask_timer = 0;
	if (!g_strcmp0(state, "BUILD")) {
		machine->answered_us = g_get_monotonic_time(); /* or would have */
		ask_later(machine);
	} else {
		ask_get(machine->ask, "/v1/status", got_status, machine);
	}
	return G_SOURCE_REMOVE;
}

void machine_stop_asking(struct machine *machine)
{
	ask_cancel(machine->ask);
	g_clear_handle_id(&machine->ask_timer, g_source_remove);
}
