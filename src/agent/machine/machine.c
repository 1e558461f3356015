/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/machine/ask.h"
#include "agent/machine/machine_listeners.h"
#include "agent/machine/machine_process.h"
#include "agent/machine/machine_text.h"
#include "agent/machine/machine_tunnels.h"
#include "base/log.h"

#define ASK_MIN_MS 20
#define ASK_MAX_MS 3000
#define ASK_TUNNELS_MS 1000 /* while one is down */
#define ASK_PAIR_MS 500	    /* which of the two it is changes by itself */
#define KILL_MS 6000	    /* after SIGTERM */
#define BACKOFF_MAX_S 60
/* It reads what it is told, and says what it thinks of it. */
#define TAKES_US (2 * G_USEC_PER_SEC)
#define STEADY_US (60 * G_USEC_PER_SEC)

enum status { STATUS_BUILD, STATUS_ACTIVE, STATUS_ERROR };

struct machine {
	const struct machine_place *place;
	char *id;
	struct machine_files files;
	void (*changed)(void *data);
	void *data;
	char *description, *shape;  /* as it should be */
	char *told, *running_shape; /* as the process knows it */
	bool is_virtual;
	json_int_t wanted_revision;
	int pidfd; /* -1: it does not run */
	bool ending, retired;
	guint watch, timer, ask_timer;
	unsigned ask_ms, backoff_s;
	s64 started_us, told_us;
	struct ask *ask;
	enum status status;
	char *reason, *digest, *drift;
	bool stepped_down;
	char *redundancy;    /* which of a pair it says that it is; "": it says nothing of that */
	json_int_t revision; /* that it has done */
	json_t *balancers;   /* what it says of load balancers; NULL: it has none */
	struct machine_listeners *listeners;
	json_t *tunnels; /* of machine_tunnels(); NULL: it has none, or does not answer */
};

static void drive(struct machine *machine);

struct machine *machine_new(
	const struct machine_place *place, const char *id, void (*changed)(void *data), void *data)
{
	struct machine *machine = g_new0(struct machine, 1);

	*machine = (struct machine){ .place = place,
		.id = g_strdup(id),
		.files = machine_files_of(place, id),
		.changed = changed,
		.data = data,
		.pidfd = -1,
		.reason = g_strdup("it has not been started yet"),
		.digest = g_strdup(""),
		.drift = g_strdup(""),
		.redundancy = g_strdup("") };
	machine->ask = ask_new(machine->files.folder);
	machine->listeners = machine_listeners_new(machine->files.listeners);
	return machine;
}

static void replace(char **text, const char *with)
{
	g_free(*text);
	*text = g_strdup(with);
}

static void say(struct machine *machine, enum status status, const char *reason)
{
	if (machine->status == status && !strcmp(machine->reason, reason))
		return;
	if (status == STATUS_ERROR)
		log_warning("appliance %s: %s", machine->id, reason);
	else if (status == STATUS_ACTIVE)
		log_info("appliance %s does what it is told", machine->id);
	machine->status = status;
	replace(&machine->reason, reason);
	machine->changed(machine->data);
}

/* --- asking --- */

static gboolean ask_now(gpointer data);

static void ask_in(struct machine *machine, unsigned ms)
{
	g_clear_handle_id(&machine->ask_timer, g_source_remove);
	machine->ask_timer = g_timeout_add(ms, ask_now, machine);
}

static void ask_soon(struct machine *machine)
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

/* Somebody has changed files inside: the same told anew repairs that. */
static void repair(struct machine *machine, const json_t *files)
{
	g_autofree char *names = machine_names(files);

	log_warning("appliance %s: drift: %s; told anew", machine->id, names);
	if (strcmp(machine->drift, names)) {
		replace(&machine->drift, names);
		machine->changed(machine->data);
	}
	machine_process_signal(machine->pidfd, SIGHUP);
	machine->ask_ms = ASK_MIN_MS;
}

static void got_counters(const json_t *answer, void *data)
{
	struct machine *machine = data;

	machine_listeners_note(machine->listeners, answer);
	ask_later(machine);
}

static void got_digest(const json_t *answer, void *data)
{
	struct machine *machine = data;
	const char *digest = json_string_value(json_object_get(answer, "digest"));

	if (digest && !json_array_size(json_object_get(answer, "drift"))) {
		if (strcmp(digest, machine->digest)) {
			replace(&machine->digest, digest);
			machine->changed(machine->data);
		}
		machine->revision = machine->wanted_revision;
		say(machine, STATUS_ACTIVE, "");
		machine->ask_ms = ask_max_ms(machine);
	}
	if (machine->balancers)
		ask_get(machine->ask, "/v1/counters", got_counters, machine);
	else
		ask_later(machine);
}

/* Why it does not do what it is told, if it says so. */
static void judge(struct machine *machine, bool answers, bool is_current)
{
	g_autofree char *reason = NULL, *state = machine_state(&machine->files, &reason);
	g_autofree char *word = machine_last_word(&machine->files);

	if (!g_strcmp0(state, "ERROR"))
		say(machine, STATUS_ERROR, reason ?: "it gives no reason");
	else if (!answers && machine->status == STATUS_ACTIVE)
		say(machine, STATUS_BUILD, "it does not answer");
	else if (answers && !is_current && g_get_monotonic_time() - machine->told_us > TAKES_US)
		say(machine, STATUS_ERROR, word ?: "it does not take what it is told");
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
	replace(&machine->redundancy, state);
	machine->changed(machine->data);
}

/* Nothing is known to be up of one that does not answer. */
static void note_status(struct machine *machine, const json_t *status)
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

	note_status(machine, status ? answer : NULL);
	if (!g_strcmp0(status, "ACTIVE") && revision == machine->wanted_revision &&
		!json_array_size(drift))
		return ask_get(machine->ask, "/v1/digest", got_digest, machine);
	if (!g_strcmp0(status, "ERROR"))
		say(machine, STATUS_ERROR, reason ?: "it gives no reason");
	else if (status && revision == machine->wanted_revision && json_array_size(drift))
		repair(machine, drift);
	else
		judge(machine, status != NULL, revision == machine->wanted_revision);
	ask_later(machine);
}

/* One that is being made, or told, has nobody who would answer, or an answer that is out of date.
 */
static gboolean ask_now(gpointer data)
{
	struct machine *machine = data;
	g_autofree char *reason = NULL, *state = machine_state(&machine->files, &reason);

	machine->ask_timer = 0;
	if (!g_strcmp0(state, "BUILD"))
		ask_later(machine);
	else
		ask_get(machine->ask, "/v1/status", got_status, machine);
	return G_SOURCE_REMOVE;
}

static void stop_asking(struct machine *machine)
{
	ask_cancel(machine->ask);
	g_clear_handle_id(&machine->ask_timer, g_source_remove);
}

/* --- the process --- */

static void forget_process(struct machine *machine)
{
	stop_asking(machine);
	g_clear_handle_id(&machine->watch, g_source_remove);
	g_clear_handle_id(&machine->timer, g_source_remove);
	if (machine->pidfd >= 0)
		close(machine->pidfd);
	machine->pidfd = -1;
	replace(&machine->redundancy, "");
}

static gboolean drive_again(gpointer data)
{
	struct machine *machine = data;

	machine->timer = 0;
	drive(machine);
	return G_SOURCE_REMOVE;
}

static void back_off(struct machine *machine, const char *why)
{
	g_autofree char *text = NULL;

	machine->backoff_s = CLAMP(machine->backoff_s * 2, 1, BACKOFF_MAX_S);
	text = g_strdup_printf("%s; it is started again", why);
	say(machine, STATUS_ERROR, text);
	machine->timer = g_timeout_add_seconds(machine->backoff_s, drive_again, machine);
}

static gboolean ended(int fd, GIOCondition condition, gpointer data)
{
	struct machine *machine = data;
	g_autofree char *word = machine_last_word(&machine->files), *why = NULL;
	bool wanted = machine->ending;

	(void)fd;
	(void)condition;
	machine->watch = 0;
	forget_process(machine);
	note_status(machine, NULL);
	machine->ending = false;
	if (g_get_monotonic_time() - machine->started_us > STEADY_US)
		machine->backoff_s = 0;
	if (machine->retired)
		machine_files_remove(&machine->files);
	else if (wanted)
		drive(machine);
	if (machine->retired || wanted)
		return G_SOURCE_REMOVE;
	why = g_strdup_printf("it has ended (%s)", word ?: "without a word");
	back_off(machine, why);
	return G_SOURCE_REMOVE;
}

static void watch(struct machine *machine, int pidfd)
{
	machine->pidfd = pidfd;
	machine->started_us = machine->told_us = g_get_monotonic_time();
	machine->watch = g_unix_fd_add(pidfd, G_IO_IN, ended, machine);
	ask_soon(machine);
}

static void adopt(struct machine *machine)
{
	int pidfd = machine->pidfd < 0 ? machine_process_find(&machine->files) : -1;

	if (pidfd < 0)
		return;
	log_info("appliance %s: found as it was left", machine->id);
	g_free(machine->told);
	g_free(machine->running_shape);
	machine->told = machine_file_read(machine->files.description);
	machine->running_shape = machine_file_read(machine->files.shape);
	watch(machine, pidfd);
}

static gboolean kill_it(gpointer data)
{
	struct machine *machine = data;

	machine->timer = 0;
	machine_process_signal(machine->pidfd, SIGKILL);
	return G_SOURCE_REMOVE;
}

static void begin_end(struct machine *machine)
{
	machine->ending = true;
	stop_asking(machine);
	machine_process_signal(machine->pidfd, SIGTERM);
	machine->timer = g_timeout_add(KILL_MS, kill_it, machine);
}

static bool start(struct machine *machine, GError **error)
{
	int pidfd;

	if (!machine_file_write(machine->files.description, machine->description, error) ||
		!machine_file_write(machine->files.shape, machine->shape, error))
		return false;
	pidfd = machine_process_start(machine->place, &machine->files, machine->is_virtual, error);
	if (pidfd < 0)
		return false;
	replace(&machine->told, machine->description);
	replace(&machine->running_shape, machine->shape);
	say(machine, STATUS_BUILD, "it is starting");
	watch(machine, pidfd);
	return true;
}

static bool tell(struct machine *machine, GError **error)
{
	if (!machine_file_write(machine->files.description, machine->description, error) ||
		!machine_file_write(machine->files.shape, machine->shape, error))
		return false;
	replace(&machine->told, machine->description);
	replace(&machine->running_shape, machine->shape);
	machine->told_us = g_get_monotonic_time();
	machine_process_signal(machine->pidfd, SIGHUP);
	say(machine, STATUS_BUILD, "it is told something new");
	ask_soon(machine);
	return true;
}

/* One step towards what it should be. */
static void drive(struct machine *machine)
{
	g_autoptr(GError) error = NULL;
	bool ok = true;

	if (machine->ending || machine->timer)
		return; /* later */
	adopt(machine);
	if (machine->pidfd < 0)
		ok = start(machine, &error);
	else if (!machine_shape_fits(machine->running_shape ?: "", machine->shape))
		begin_end(machine);
	else if (g_strcmp0(machine->told, machine->description))
		ok = tell(machine, &error);
	if (!ok)
		back_off(machine, error->message);
}

void machine_set(
	struct machine *machine, const char *description, const char *shape, bool is_virtual)
{
	bool again = machine->retired;
	json_t *json;

	machine->retired = false;
	if (!again && !g_strcmp0(machine->description, description) &&
		!g_strcmp0(machine->shape, shape))
		return;
	json = json_loads(description, 0, NULL);
	machine->wanted_revision =
		json_integer_value(json_object_get(json_object_get(json, "config"), "revision"));
	json_decref(json);
	replace(&machine->description, description);
	replace(&machine->shape, shape);
	machine->is_virtual = is_virtual;
	drive(machine);
}

void machine_retire(struct machine *machine)
{
	if (machine->retired)
		return;
	machine->retired = true;
	adopt(machine);
	if (machine->pidfd < 0) {
		forget_process(machine);
		machine_files_remove(&machine->files);
	} else if (!machine->ending) {
		g_clear_handle_id(&machine->timer, g_source_remove);
		begin_end(machine);
	}
}

bool machine_is_retired(const struct machine *machine)
{
	return machine->retired;
}

bool machine_is_gone(const struct machine *machine)
{
	return machine->retired && machine->pidfd < 0;
}

void machine_end(struct machine *machine)
{
	int pidfd =
		machine->pidfd >= 0 ? dup(machine->pidfd) : machine_process_find(&machine->files);

	forget_process(machine);
	if (pidfd >= 0)
		machine_process_end(pidfd);
	machine_files_remove(&machine->files);
}

void machine_free(struct machine *machine)
{
	forget_process(machine);
	ask_free(machine->ask);
	machine_listeners_free(machine->listeners);
	machine_files_clear(&machine->files);
	g_free(machine->id);
	g_free(machine->description);
	g_free(machine->shape);
	g_free(machine->told);
	g_free(machine->running_shape);
	g_free(machine->reason);
	g_free(machine->digest);
	g_free(machine->drift);
	g_free(machine->redundancy);
	json_decref(machine->balancers);
	json_decref(machine->tunnels);
	g_free(machine);
}

bool machine_has_stepped_down(struct machine *machine)
{
	bool has = machine->stepped_down;

	machine->stepped_down = false;
	return has;
}

void machine_listeners_of(const struct machine *machine, listener_stats_fn each, void *data)
{
	machine_listeners_each(machine->listeners, each, data);
}

json_t *machine_describe(const struct machine *machine)
{
	static const char *const statuses[] = { "BUILD", "ACTIVE", "ERROR" };

	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:O*, s:O*}", "status",
		statuses[machine->status], "reason", machine->reason, "revision", machine->revision,
		"digest", machine->digest, "drift", machine->drift, "redundancy",
		machine->redundancy, "load_balancers", machine->balancers, "tunnels",
		machine->tunnels);
}
