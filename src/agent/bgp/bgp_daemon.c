/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/bgp/bgp_daemon.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "agent/bgp/bgp_process.h"
#include "base/log.h"

#define BACKOFF_MAX_S 60
#define STEADY_S 60 /* who has run that long begins with a short back-off again */
#define ASK_SOON_S 1
#define ASK_S 10 /* while all sessions are established */
#define ESTABLISHED "Established"

struct bgp_daemon {
	char *bgpd, *folder;
	void (*changed)(void *data);
	void *data;
	struct bgp_config *wanted;  /* NULL: nobody has said yet */
	struct bgp_config *applied; /* what it has been told; NULL: nobody knows */
	struct bgp_config *pending; /* what it is being told */
	int pidfd;		    /* -1: it does not run */
	guint watch, timer;
	unsigned backoff_s;
	s64 started_us;
	GCancellable *program; /* that runs; NULL: none */
	bool ending;	       /* as soon as it has started */
	char *reason;
	json_t *peers;
};

static void advance(struct bgp_daemon *daemon);

static void say(struct bgp_daemon *daemon, const char *reason)
{
	if (!g_strcmp0(daemon->reason, reason))
		return;
	if (reason)
		log_warning("BGP: %s", reason);
	else
		log_info("BGP: bgpd runs in %s", daemon->folder);
	g_free(daemon->reason);
	daemon->reason = g_strdup(reason);
	daemon->changed(daemon->data);
}

static gboolean timed_out(gpointer data);

static void set_timer(struct bgp_daemon *daemon, unsigned seconds)
{
	g_clear_handle_id(&daemon->timer, g_source_remove);
	daemon->timer = g_timeout_add_seconds(seconds, timed_out, daemon);
}

/* Another attempt, later. */
static void back_off(struct bgp_daemon *daemon, const char *reason)
{
	say(daemon, reason);
	daemon->backoff_s = CLAMP(daemon->backoff_s * 2, 1, BACKOFF_MAX_S);
	set_timer(daemon, daemon->backoff_s);
}

static void forget_process(struct bgp_daemon *daemon)
{
	g_clear_handle_id(&daemon->watch, g_source_remove);
	if (daemon->pidfd >= 0)
		close(daemon->pidfd);
	daemon->pidfd = -1;
	g_clear_pointer(&daemon->applied, bgp_config_free);
	json_object_clear(daemon->peers);
}

static gboolean ended(int fd, GIOCondition condition, gpointer data)
{
	struct bgp_daemon *daemon = data;

	(void)fd;
	(void)condition;
	daemon->watch = 0;
	if (g_get_monotonic_time() - daemon->started_us > STEADY_S * G_USEC_PER_SEC)
		daemon->backoff_s = 0;
	forget_process(daemon);
	back_off(daemon, "bgpd has ended; it is started again");
	return G_SOURCE_REMOVE;
}

/* False: there is none. */
static bool adopt(struct bgp_daemon *daemon)
{
	daemon->pidfd = bgp_process_find(daemon->folder);
	if (daemon->pidfd < 0)
		return false;
	daemon->started_us = g_get_monotonic_time();
	daemon->watch = g_unix_fd_add(daemon->pidfd, G_IO_IN, ended, daemon);
	set_timer(daemon, ASK_SOON_S);
	return true;
}

/* --- programs --- */

typedef void (*done_fn)(struct bgp_daemon *daemon, const char *output, const char *complaint);

struct program {
	struct bgp_daemon *daemon;
	done_fn done;
};

static char *complaint_of(GSubprocess *process, const char *output, const char *errors)
{
	const char *text = errors && *errors ? errors : output;
	char *line;

	if (g_subprocess_get_successful(process))
		return NULL;
	if (!text || !*text)
		return g_strdup("it gives no reason");
	line = g_strndup(text, 200);
	return g_strdelimit(g_strstrip(line), "\n", ' ');
}

static void program_done(GObject *object, GAsyncResult *result, gpointer data)
{
	g_autofree struct program *program = data;
	struct bgp_daemon *daemon = program->daemon;
	g_autofree char *output = NULL, *errors = NULL, *complaint = NULL;
	g_autoptr(GError) error = NULL;

	if (g_subprocess_communicate_utf8_finish(
		    G_SUBPROCESS(object), result, &output, &errors, &error))
		complaint = complaint_of(G_SUBPROCESS(object), output, errors);
	else if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* the daemon is no more */
	else
		complaint = g_strdup(error->message);
	g_clear_object(&daemon->program);
	program->done(daemon, output, complaint);
}

/* Takes @words. */
static void run(struct bgp_daemon *daemon, char **words, done_fn done)
{
	g_auto(GStrv) owned = words;
	g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
		G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
	g_autoptr(GError) error = NULL;
	g_autoptr(GSubprocess) process = NULL;
	struct program *program;

	g_subprocess_launcher_setenv(launcher, "VTYSH_HISTFILE", "/dev/null", TRUE);
	process = g_subprocess_launcher_spawnv(launcher, (const char *const *)owned, &error);
	if (!process) {
		done(daemon, NULL, error->message);
		return;
	}
	program = g_new(struct program, 1);
	*program = (struct program){ daemon, done };
	daemon->program = g_cancellable_new();
	g_subprocess_communicate_utf8_async(process, NULL, daemon->program, program_done, program);
}

static void started(struct bgp_daemon *daemon, const char *output, const char *complaint)
{
	g_autofree char *reason = NULL;

	(void)output;
	if (daemon->ending) {
		bgp_daemon_end(daemon);
		return;
	}
	if (complaint && !g_file_test(daemon->bgpd, G_FILE_TEST_IS_EXECUTABLE))
		reason = g_strdup_printf(
			"%s is not there: install FRR (Debian's package frr)", daemon->bgpd);
	else if (complaint)
		reason = g_strdup_printf("bgpd does not start: %s", complaint);
	else if (!adopt(daemon))
		reason = g_strdup("bgpd has ended at once");
	if (reason) {
		g_clear_pointer(&daemon->pending, bgp_config_free);
		back_off(daemon, reason);
		return;
	}
	daemon->applied = g_steal_pointer(&daemon->pending);
	say(daemon, NULL);
	advance(daemon);
}

static struct bgp_config *copy_of(const struct bgp_config *config)
{
	g_autofree char *text = bgp_config_text(config);

	return bgp_config_parse(text);
}

static void start(struct bgp_daemon *daemon)
{
	g_autofree char *text = bgp_config_text(daemon->wanted);
	g_autoptr(GError) error = NULL;

	if (!bgp_folder_make(daemon->folder, &error) ||
		!bgp_folder_write(daemon->folder, BGP_FILE, text, &error)) {
		back_off(daemon, error->message);
		return;
	}
	daemon->pending = copy_of(daemon->wanted);
	run(daemon, bgp_start_command(daemon->bgpd, daemon->folder), started);
}

/* What it was told; the file is for who comes after us. */
static void told(struct bgp_daemon *daemon, const char *output, const char *complaint)
{
	g_autofree char *text = bgp_config_text(daemon->pending), *reason = NULL;
	g_autoptr(GError) error = NULL;

	(void)output;
	if (!complaint && !bgp_folder_write(daemon->folder, BGP_FILE, text, &error))
		complaint = error->message;
	bgp_config_free(daemon->applied);
	daemon->applied = g_steal_pointer(&daemon->pending);
	if (complaint) {
		reason = g_strdup_printf("bgpd refuses what it is told: %s", complaint);
		say(daemon, reason);
		bgp_process_signal(daemon->pidfd, SIGTERM); /* and begins with all of it */
		return;
	}
	set_timer(daemon, ASK_SOON_S);
	advance(daemon);
}

static void tell(struct bgp_daemon *daemon)
{
	g_autofree char *commands =
		daemon->applied ? bgp_config_commands(daemon->applied, daemon->wanted) : NULL;
	g_autofree char *path = g_build_filename(daemon->folder, BGP_COMMANDS, NULL);
	g_autoptr(GError) error = NULL;

	if (!commands) {
		bgp_process_signal(daemon->pidfd, SIGTERM);
		return;
	}
	if (!bgp_folder_write(daemon->folder, BGP_COMMANDS, commands, &error)) {
		say(daemon, error->message);
		set_timer(daemon, ASK_S);
		return;
	}
	daemon->pending = copy_of(daemon->wanted);
	run(daemon, bgp_vtysh_command(daemon->folder, "-f", path), told);
}

/* Of the answer about its neighbours. @ret_all: every one is established. */
static json_t *read_peers(const struct bgp_config *config, const char *output, bool *ret_all)
{
	json_t *answer = json_loads(output ? output : "", 0, NULL), *peers = json_object(), *said;
	const char *ip;

	*ret_all = true;
	json_object_foreach(answer, ip, said) {
		const char *state = json_string_value(json_object_get(said, "bgpState"));
		const char *local = json_string_value(json_object_get(said, "hostLocal"));
		json_t *peer;

		if (!state || !bgp_config_has_peer(config, ip))
			continue;
		peer = json_pack("{s:s}", "state", state);
		if (!strcmp(state, ESTABLISHED) && local)
			json_object_set_new(peer, "local_address", json_string(local));
		*ret_all &= !strcmp(state, ESTABLISHED);
		json_object_set_new(peers, ip, peer);
	}
	json_decref(answer);
	return peers;
}

static void answered(struct bgp_daemon *daemon, const char *output, const char *complaint)
{
	g_autofree char *reason =
		complaint ? g_strdup_printf("bgpd does not answer: %s", complaint) : NULL;
	bool all = false;
	json_t *peers;

	if (daemon->pidfd < 0)
		return advance(daemon);
	peers = read_peers(daemon->wanted, output, &all);
	if (!json_equal(peers, daemon->peers)) {
		json_decref(daemon->peers);
		daemon->peers = json_incref(peers);
		daemon->changed(daemon->data);
	}
	json_decref(peers);
	say(daemon, reason);
	set_timer(daemon, all ? ASK_S : ASK_SOON_S);
	advance(daemon);
}

/* --- what comes next --- */

static gboolean timed_out(gpointer data)
{
	struct bgp_daemon *daemon = data;

	daemon->timer = 0;
	if (daemon->program)
		return G_SOURCE_REMOVE; /* what has run sets it again */
	if (daemon->pidfd >= 0 && daemon->wanted)
		run(daemon, bgp_vtysh_command(daemon->folder, "-c", "show bgp neighbors json"),
			answered);
	else
		advance(daemon);
	return G_SOURCE_REMOVE;
}

static void advance(struct bgp_daemon *daemon)
{
	if (daemon->program || !daemon->wanted)
		return;
	if (daemon->pidfd < 0) {
		if (!daemon->timer)
			start(daemon);
	} else if (!daemon->applied || !bgp_config_equal(daemon->applied, daemon->wanted)) {
		tell(daemon);
	} else if (!daemon->timer) {
		set_timer(daemon, ASK_SOON_S);
	}
}

struct bgp_daemon *bgp_daemon_new(
	const char *bgpd, const char *folder, void (*changed)(void *data), void *data)
{
	struct bgp_daemon *daemon = g_new0(struct bgp_daemon, 1);
	g_autofree char *text = NULL;

	daemon->bgpd = g_strdup(bgpd);
	daemon->folder = g_strdup(folder);
	daemon->changed = changed;
	daemon->data = data;
	daemon->pidfd = -1;
	daemon->reason = g_strdup("bgpd has not been started yet");
	daemon->peers = json_object();
	if (!adopt(daemon))
		return daemon;
	text = bgp_folder_read(folder, BGP_FILE);
	daemon->applied = text ? bgp_config_parse(text) : NULL;
	g_clear_pointer(&daemon->reason, g_free);
	return daemon;
}

void bgp_daemon_set(struct bgp_daemon *daemon, struct bgp_config *config)
{
	if (daemon->wanted && bgp_config_equal(daemon->wanted, config)) {
		bgp_config_free(config);
		return;
	}
	bgp_config_free(daemon->wanted);
	daemon->wanted = config;
	advance(daemon);
}

const char *bgp_daemon_reason(const struct bgp_daemon *daemon)
{
	return daemon->reason;
}

json_t *bgp_daemon_peers(const struct bgp_daemon *daemon)
{
	return daemon->peers;
}

void bgp_daemon_free(struct bgp_daemon *daemon)
{
	if (daemon->program) {
		g_cancellable_cancel(daemon->program);
		g_object_unref(daemon->program);
	}
	g_clear_handle_id(&daemon->timer, g_source_remove);
	forget_process(daemon);
	bgp_config_free(daemon->wanted);
	bgp_config_free(daemon->pending);
	json_decref(daemon->peers);
	g_free(daemon->reason);
	g_free(daemon->bgpd);
	g_free(daemon->folder);
	g_free(daemon);
}

void bgp_daemon_end(struct bgp_daemon *daemon)
{
	daemon->ending = daemon->program && daemon->pidfd < 0;
	if (daemon->ending)
		return;
	if (daemon->pidfd < 0)
		daemon->pidfd = bgp_process_find(daemon->folder);
	if (daemon->pidfd >= 0)
		bgp_process_end(daemon->pidfd);
	bgp_folder_remove(daemon->folder);
	bgp_daemon_free(daemon);
}
