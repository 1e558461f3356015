/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/runtime/machine.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/runtime/certificate.h"
#include "appliance/runtime/cgroup.h"
#include "appliance/runtime/folder.h"
#include "appliance/runtime/machine_impl.h"
#include "appliance/runtime/push.h"
#include "appliance/runtime/renewal.h"
#include "appliance/runtime/state.h"
#include "base/log.h"

#define BACKOFF_MAX_S 60
#define STEADY_US (60 * G_USEC_PER_SEC)
#define END_MS 3000
#define POLL_US 2000
/* Its keepalived, which takes a NIC that goes for a failure, has read by then that it is not asked
 * to watch it any more. */
#define UNPLUG_S 2

/* Each machine has others: who could read those of one before is nobody here. */
static void forget_certificates(struct machine *machine)
{
	if (machine->renewal)
		renewal_stop(machine->renewal);
	g_clear_pointer(&machine->certificates, certificates_free);
}

static void forget(struct machine *machine)
{
	machine->pid = 0;
	push_stop(machine->push);
	forget_certificates(machine);
	g_clear_handle_id(&machine->deadline, g_source_remove);
	g_clear_handle_id(&machine->unplug, g_source_remove);
	g_ptr_array_set_size(machine->leaving, 0);
	if (machine->runtime->ended)
		machine->runtime->ended(machine);
}

/* Ends it for good, without a word to on_end(). */
static void end(struct machine *machine)
{
	s64 end_us = g_get_monotonic_time() + END_MS * 1000;

	g_clear_handle_id(&machine->timer, g_source_remove);
	g_clear_handle_id(&machine->watch, g_source_remove);
	if (!machine->pid)
		return;
	kill(machine->pid, SIGTERM);
	while (waitpid(machine->pid, NULL, WNOHANG) == 0) {
		if (g_get_monotonic_time() > end_us) {
			kill(machine->pid, SIGKILL);
			waitpid(machine->pid, NULL, 0);
			break;
		}
		g_usleep(POLL_US);
	}
	forget(machine);
}

static gboolean make_again(gpointer data);

static void make_later(struct machine *machine, const char *why)
{
	if (g_get_monotonic_time() - machine->started_us > STEADY_US)
		machine->backoff_s = 1;
	log_warning("the machine %s; it is made again in %u s", why, machine->backoff_s);
	state_write(machine->folder, STATE_ERROR, why);
	machine->timer = g_timeout_add_seconds(machine->backoff_s, make_again, machine);
	machine->backoff_s = MIN(2 * machine->backoff_s, BACKOFF_MAX_S);
}

/* What it said last, or what it does not know of itself; g_free(). NULL: nothing. */
static char *last_words(const struct machine *machine)
{
	const struct runtime *runtime = machine->runtime;

	if (machine->cgroup && cgroup_kills(machine->cgroup) > machine->kills)
		return g_strdup_printf(
			"it needed more memory than its limit, %u MiB (memory_mib), and the kernel killed it",
			machine->description->memory_mib);
	return runtime->last_words ? runtime->last_words(machine) : NULL;
}

static char *how_it_ended(const struct machine *machine, int status)
{
	g_autofree char *words = last_words(machine);

	if (machine->why)
		return g_strdup(machine->why);
	if (WIFSIGNALED(status))
		return g_strdup_printf("has ended by signal %d%s%s", WTERMSIG(status),
			words ? ": " : "", words ?: "");
	return g_strdup_printf("has ended with status %d%s%s", WEXITSTATUS(status),
		words ? ": " : "", words ?: "");
}

static void on_end(GPid pid, int status, gpointer data)
{
	struct machine *machine = data;
	g_autofree char *why = how_it_ended(machine, status);

	(void)pid;
	machine->watch = 0;
	forget(machine);
	make_later(machine, why);
}

/* Whatever it does, it is of no use to anybody. */
static gboolean give_up(gpointer data)
{
	struct machine *machine = data;

	machine->deadline = 0;
	g_free(machine->why);
	machine->why =
		g_strdup_printf(machine->answered ? "does not answer any more, for %u s"
						  : "has not answered since its start, %u s ago",
			machine->description->start_timeout_s);
	kill(machine->pid, SIGKILL);
	return G_SOURCE_REMOVE;
}

/* Nobody can tell it anything any more; another one has other certificates. */
static void on_expired(const char *why, void *user)
{
	struct machine *machine = user;

	g_free(machine->why);
	machine->why = g_strdup(why);
	kill(machine->pid, SIGKILL);
}

static gboolean unplug(gpointer data)
{
	struct machine *machine = data;

	machine->unplug = 0;
	machine->runtime->unplug(machine);
	return G_SOURCE_REMOVE;
}

static void expect_answer(struct machine *machine)
{
	machine->deadline =
		g_timeout_add_seconds(machine->description->start_timeout_s, give_up, machine);
}

static void on_told(enum push_result result, const char *problem, void *user)
{
	struct machine *machine = user;

	if (result != PUSH_UNANSWERED) {
		g_clear_handle_id(&machine->deadline, g_source_remove);
		machine->answered = true;
	} else if (!machine->deadline) {
		expect_answer(machine);
	}
	if (result == PUSH_DONE && machine->leaving->len && !machine->unplug)
		machine->unplug = g_timeout_add_seconds(UNPLUG_S, unplug, machine);
	if (result == PUSH_DONE)
		state_write(machine->folder, STATE_ACTIVE, NULL);
	else
		state_write(machine->folder, STATE_ERROR, problem);
}

static bool make_certificates(struct machine *machine, GError **error)
{
	s64 now_s = g_get_real_time() / G_USEC_PER_SEC;

	if (machine->certificates)
		return true;
	certificates_remove(machine->folder);
	if (!machine->runtime->uses_tls)
		return true;
	machine->certificates = certificates_make(
		machine->id, now_s + machine->description->certificate_lifetime_s, error);
	return machine->certificates &&
	       certificates_save(machine->certificates, machine->folder, "", error);
}

static bool make(struct machine *machine, GError **error)
{
	machine->started_us = g_get_monotonic_time();
	machine->kills = machine->cgroup ? cgroup_kills(machine->cgroup) : 0;
	machine->answered = false;
	g_clear_pointer(&machine->why, g_free);
	if (!make_certificates(machine, error) || !machine->runtime->start(machine, error)) {
		machine->pid = 0;
		forget_certificates(machine);
		return false;
	}
	if (machine->renewal)
		renewal_begin(machine->renewal, machine->certificates->end_s,
			machine->description->certificate_lifetime_s);
	machine->watch = g_child_watch_add(machine->pid, on_end, machine);
	expect_answer(machine);
	push_config(machine->push, machine->description->config);
	return true;
}

static gboolean make_again(gpointer data)
{
	g_autoptr(GError) error = NULL;
	struct machine *machine = data;

	machine->timer = 0;
	if (!make(machine, &error)) {
		g_autofree char *why = g_strconcat("can't be made: ", error->message, NULL);

		make_later(machine, why);
	}
	return G_SOURCE_REMOVE;
}

/* A group that a killed process has left is empty by now: all that was in it has ended with it. */
static bool make_cgroup(struct machine *machine, GError **error)
{
	const struct description *description = machine->description;
	u32 memory_mib = machine->runtime->limits_memory ? description->memory_mib : 0;
	g_autofree char *mounts = NULL, *mount = NULL;
	g_autofree char *name = g_path_get_basename(machine->folder);

	if (!description->cpu_percent && !memory_mib)
		return true;
	if (!g_file_get_contents("/proc/self/mountinfo", &mounts, NULL, error))
		return false;
	mount = cgroup_mount(mounts);
	if (!mount)
		return weft_fail(error, UNAVAILABLE,
			"cgroup v2 is not mounted, so the appliance's limits can't be kept");
	return cgroup_make(
		mount, name, description->cpu_percent, memory_mib, &machine->cgroup, error);
}

/* What is the same in each machine that is made of the description. */
static bool prepare(struct machine *machine, GError **error)
{
	if (!folder_make(machine->folder, &machine->lock, &machine->credential, error))
		return false;
	state_write(machine->folder, STATE_BUILD, NULL);
	if (!make_certificates(machine, error) || !make_cgroup(machine, error))
		return false;
	machine->listening = folder_listen(machine->folder, error);
	if (machine->listening < 0)
		return false;
	machine->push = push_new(machine->folder, on_told, machine);
	if (machine->runtime->uses_tls)
		machine->renewal = renewal_new(machine->folder, machine->id, on_expired, machine);
	return true;
}

bool machine_new(struct description *description, const struct runtime *runtime, const char *folder,
	const char *program, struct machine **ret, GError **error)
{
	g_autoptr(machine) machine = g_new0(struct machine, 1);
	g_autoptr(GError) problem = NULL;

	*machine = (struct machine){ .runtime = runtime,
		.description = description,
		.folder = folder,
		.program = program,
		.lock = -1,
		.listening = -1,
		.leaving = g_ptr_array_new_with_free_func(g_free),
		.backoff_s = 1,
		.id = g_strdup(description->id) };
	if (!description->start_timeout_s)
		description->start_timeout_s = runtime->start_s;
	if (!prepare(machine, error))
		return false;
	if (!make(machine, &problem)) {
		g_autofree char *why = g_strconcat("can't be made: ", problem->message, NULL);

		make_later(machine, why);
	}
	*ret = g_steal_pointer(&machine);
	return true;
}

static bool may_become(
	const struct machine *machine, const struct description *description, GError **error)
{
	if (!machine->runtime->plug)
		return (description_same_machine(machine->description, description) &&
			       description_same_nics(machine->description, description)) ||
		       weft_fail(error, CONFLICT,
			       "all but config is the machine's: stop it and start it anew");
	return description_same_machine(machine->description, description) ||
	       weft_fail(error, CONFLICT,
		       "all but nics and config is the machine's: stop it and start it anew");
}

/* False: it has to be made anew, which on_end() sees to. */
static bool plug(struct machine *machine, const struct description *wanted)
{
	g_autoptr(GError) error = NULL;

	if (description_same_nics(machine->description, wanted) ||
		machine->runtime->plug(machine, wanted, &error))
		return true;
	g_free(machine->why);
	machine->why = g_strdup_printf("can't take other NICs: %s", error->message);
	kill(machine->pid, SIGKILL);
	return false;
}

bool machine_change(struct machine *machine, struct description *description, GError **error)
{
	bool tells;

	if (!may_become(machine, description, error))
		return false;
	tells = machine->pid && plug(machine, description);
	if (!description->start_timeout_s)
		description->start_timeout_s = machine->description->start_timeout_s;
	description_free(machine->description);
	machine->description = description;
	if (tells) {
		state_write(machine->folder, STATE_BUILD, NULL);
		push_config(machine->push, description->config);
	}
	return true;
}

void machine_free(struct machine *machine)
{
	if (machine->push) {
		end(machine);
		push_free(machine->push);
		g_clear_pointer(&machine->renewal, renewal_free);
	}
	if (machine->cgroup)
		cgroup_remove(machine->cgroup);
	if (machine->listening >= 0)
		close(machine->listening);
	if (machine->lock >= 0) {
		folder_remove(machine->folder);
		close(machine->lock);
	}
	description_free(machine->description);
	g_ptr_array_unref(machine->leaving);
	g_free(machine->cgroup);
	g_free(machine->credential);
	forget_certificates(machine);
	g_free(machine->id);
	g_free(machine->why);
	g_free(machine);
}
