/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/router/node.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "appliance/netns/description.h"
#include "appliance/netns/folder.h"
#include "appliance/router/client.h"
#include "base/uuid.h"

#define READY_US (8 * G_USEC_PER_SEC) /* weftd waits for ten seconds */
#define POLL_US 10000
#define END_MS 6000

static char *path_of(const struct router_settings *settings, const char *id)
{
	g_autofree char *name = g_strconcat(id, ".json", NULL);

	return g_build_filename(settings->state_dir, name, NULL);
}

static char *folder_of(const struct router_settings *settings, const char *id)
{
	return g_build_filename(settings->run_dir, id, NULL);
}

json_t *node_description(const struct router_settings *settings, const char *id)
{
	g_autofree char *path = path_of(settings, id);

	return json_load_file(path, 0, NULL);
}

static bool write_description(const struct router_settings *settings, const char *id,
	const json_t *description, GError **error)
{
	g_autofree char *path = path_of(settings, id);
	char *text = json_dumps(description, JSON_COMPACT);
	bool ok = !g_mkdir_with_parents(settings->state_dir, 0700) ||
		  weft_fail_errno(error, errno, "make %s", settings->state_dir);

	ok = ok &&
	     g_file_set_contents_full(path, text, -1,
		     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
	free(text);
	return ok;
}

/* In the child: it is nobody's, and goes on without us. */
static void leave(gpointer data)
{
	(void)data;
	setsid();
}

static void reap(GPid pid, int status, gpointer data)
{
	(void)pid, (void)status, (void)data;
}

static bool spawn(const struct router_settings *settings, const char *id, GError **error)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", error);
	g_autofree char *bin = self ? g_path_get_dirname(self) : NULL;
	g_autofree char *program = bin ? g_build_filename(bin, "weft-appliance-netns", NULL) : NULL;
	g_autofree char *path = path_of(settings, id), *folder = folder_of(settings, id);
	const char *const argv[] = { program, "--folder", folder, path, NULL };
	GPid pid;

	if (!program || !g_spawn_async(NULL, (char **)argv, NULL,
				G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, leave, NULL,
				&pid, error))
		return false;
	g_child_watch_add(pid, reap, NULL);
	return true;
}

static struct rest *client_of(
	const struct router_settings *settings, const char *id, GError **error)
{
	g_autofree char *folder = folder_of(settings, id);
	g_autofree char *socket = g_build_filename(folder, "api.sock", NULL);
	g_autofree char *path = g_build_filename(folder, "credential", NULL);
	g_autofree char *credential = NULL, *bearer = NULL;

	if (!g_file_get_contents(path, &credential, NULL, error))
		return NULL;
	bearer = g_strconcat("Bearer ", g_strstrip(credential), NULL);
	return rest_new("http://appliance", socket, NULL, "Authorization", bearer, 5, error);
}

static json_t *status_of(const struct router_settings *settings, const char *id, GError **error)
{
	g_autoptr(rest) rest = client_of(settings, id, error);

	return rest ? rest_call(rest, "GET", "/v1/status", NULL, error) : NULL;
}

static json_int_t revision_of(const json_t *description)
{
	return json_integer_value(
		json_object_get(json_object_get(description, "config"), "revision"));
}

/* Has it done what the description says? False without @error: not yet. */
static bool has_done(const json_t *status, const json_t *description, GError **error)
{
	const char *what = json_string_value(json_object_get(status, "status"));
	const char *why = json_string_value(json_object_get(status, "status_reason"));

	if (!what ||
		json_integer_value(json_object_get(status, "revision")) != revision_of(description))
		return false;
	if (!strcmp(what, "ERROR"))
		return weft_fail(error, UNAVAILABLE, "the appliance: %s", why ?: "no reason");
	return !strcmp(what, "ACTIVE") && !json_array_size(json_object_get(status, "drift"));
}

static bool await(const struct router_settings *settings, const char *id, const json_t *description,
	GError **error)
{
	s64 end_us = g_get_monotonic_time() + READY_US;
	g_autoptr(GError) failed = NULL;

	do {
		g_autoptr(GError) problem = NULL;
		json_t *status;
		bool done;

		g_clear_error(&failed);
		status = status_of(settings, id, &problem);
		done = has_done(status, description, &failed);
		json_decref(status);
		if (done)
			return true;
		g_usleep(POLL_US);
	} while (g_get_monotonic_time() < end_us);
	return weft_fail(error, UNAVAILABLE, "%s",
		failed ? failed->message : "the appliance did not come up within 8 s");
}

static bool same_machine(const json_t *a, const json_t *b)
{
	char *x = json_dumps(a, 0), *y = json_dumps(b, 0);
	g_autoptr(description) one = description_parse(x, strlen(x), NULL);
	g_autoptr(description) other = description_parse(y, strlen(y), NULL);

	free(x);
	free(y);
	return one && other && description_same_machine(one, other);
}

/* weftd may say what no appliance understands; then it is refused before anything is touched. */
static bool check(const json_t *description, GError **error)
{
	char *text = json_dumps(description, 0);
	g_autoptr(description) parsed = description_parse(text, strlen(text), error);

	free(text);
	return parsed != NULL;
}

static void end(const struct router_settings *settings, const char *id)
{
	g_autofree char *folder = folder_of(settings, id);
	struct pollfd wait = { .fd = folder_owner(folder), .events = POLLIN };

	if (wait.fd < 0)
		return;
	pidfd_send_signal(wait.fd, SIGTERM, NULL, 0);
	if (poll(&wait, 1, END_MS) != 1) {
		pidfd_send_signal(wait.fd, SIGKILL, NULL, 0);
		poll(&wait, 1, END_MS);
	}
	close(wait.fd);
}

/* The one that runs reads its description again; without one, one is started. */
static bool wake(const struct router_settings *settings, const char *id, GError **error)
{
	g_autofree char *folder = folder_of(settings, id);
	int owner = folder_owner(folder);

	if (owner < 0)
		return spawn(settings, id, error);
	pidfd_send_signal(owner, SIGHUP, NULL, 0);
	close(owner);
	return true;
}

bool node_apply(
	const struct router_settings *settings, const char *id, json_t *description, GError **error)
{
	json_t *old = node_description(settings, id);
	json_t *config = json_object_get(description, "config");
	bool ok;

	if (old)
		json_object_set_new(config, "revision", json_integer(revision_of(old)));
	if (old && json_equal(old, description) && node_is_well(settings, id)) {
		json_decref(old);
		return true;
	}
	if (old && !json_equal(old, description))
		json_object_set_new(config, "revision", json_integer(revision_of(old) + 1));
	ok = check(description, error) && write_description(settings, id, description, error);
	if (ok && old && !same_machine(old, description))
		end(settings, id);
	json_decref(old);
	return ok && wake(settings, id, error) && await(settings, id, description, error);
}

bool node_is_well(const struct router_settings *settings, const char *id)
{
	json_t *description = node_description(settings, id);
	g_autofree char *folder = folder_of(settings, id);
	int owner = folder_owner(folder);
	json_t *status = owner >= 0 && description ? status_of(settings, id, NULL) : NULL;
	bool well = has_done(status, description, NULL);

	if (owner >= 0)
		close(owner);
	json_decref(status);
	json_decref(description);
	return well;
}

bool node_remove(const struct router_settings *settings, const char *id, GError **error)
{
	g_autofree char *path = path_of(settings, id);

	end(settings, id);
	return !unlink(path) || errno == ENOENT || weft_fail_errno(error, errno, "remove %s", path);
}

bool node_reconnect(const struct router_settings *settings, const char *id, GError **error)
{
	struct uuid uuid;
	json_t *description = uuid_parse(id, &uuid) ? node_description(settings, id) : NULL;
	bool ok;

	if (!description)
		return weft_fail(error, NOT_FOUND, "there is no virtual router %s", id);
	end(settings, id);
	ok = spawn(settings, id, error) && await(settings, id, description, error);
	json_decref(description);
	return ok;
}
