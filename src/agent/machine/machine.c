/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/machine/machine.h"

#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/machine/machine_impl.h"
#include "agent/machine/machine_text.h"
#include "agent/machine/machine_tunnels.h"
#include "base/log.h"

#define KILL_MS 6000 /* after SIGTERM */
#define BACKOFF_MAX_S 60
#define STEADY_US (60 * G_USEC_PER_SEC)

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

static void forget_process(struct machine *machine)
{
	machine_stop_asking(machine);
	g_clear_handle_id(&machine->watch, g_source_remove);
	g_clear_handle_id(&machine->timer, g_source_remove);
	if (machine->pidfd >= 0)
		close(machine->pidfd);
	machine->pidfd = -1;
	machine_replace(&machine->redundancy, "");
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
	machine_say(machine, STATUS_ERROR, text);
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
	machine_note_status(machine, NULL); /* of a pair it was master: it is no more */
	forget_process(machine);
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
	machine->started_us = machine->told_us = machine->answered_us = g_get_monotonic_time();
	machine->watch = g_unix_fd_add(pidfd, G_IO_IN, ended, machine);
	machine_ask_soon(machine);
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

void machine_begin_end(struct machine *machine)
{
	machine->ending = true;
	machine_stop_asking(machine);
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
	machine_replace(&machine->told, machine->description);
	machine_replace(&machine->running_shape, machine->shape);
	machine_say(machine, STATUS_BUILD, "it is starting");
	watch(machine, pidfd);
	return true;
}

static bool tell(struct machine *machine, GError **error)
{
	if (!machine_file_write(machine->files.description, machine->description, error) ||
		!machine_file_write(machine->files.shape, machine->shape, error))
		return false;
	machine_replace(&machine->told, machine->description);
	machine_replace(&machine->running_shape, machine->shape);
	machine->told_us = g_get_monotonic_time();
	machine_process_signal(machine->pidfd, SIGHUP);
	machine_say(machine, STATUS_BUILD, "it is told something new");
	machine_ask_soon(machine);
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
		machine_begin_end(machine);
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
	machine_replace(&machine->description, description);
	machine_replace(&machine->shape, shape);
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
		machine_begin_end(machine);
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
	json_decref(machine->repairs);
	json_decref(machine->counters);
	g_free(machine);
}

bool machine_has_stepped_down(struct machine *machine)
{
	bool has = machine->stepped_down;

	machine->stepped_down = false;
	return has;
}

const json_t *machine_repairs(const struct machine *machine)
{
	return machine->repairs;
}

const json_t *machine_counters(const struct machine *machine)
{
	return machine->counters;
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
