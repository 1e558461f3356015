/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "appliance/oom.h"
#include "base/log.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define STEADY_US                                                                       \
	(10 * G_USEC_PER_SEC) /* who ran this long begins again with the shortest pause \
			       */
#define END_MS 2000	      /* then it is killed */
#define POLL_US 2000

struct daemon {
	char **argv;
	bool wanted;
	pid_t pid;
	guint child_watch, timer;
	unsigned backoff_ms, restarts;
	s64 started_us;
	char *reason;
	char *last_end; /* NULL: it has not ended by itself yet */
	u64 kills;	/* oom_kills() as it was started */
	char *lock;	/* NULL: none */
};

/* Is that the command of process @pid? */
static bool runs(const char *pid, char *const *argv)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/cmdline", pid);
	g_autofree char *text = NULL;
	size_t len = 0, at = 0;

	if (!g_file_get_contents(path, &text, &len, NULL))
		return false;
	for (; *argv; argv++) {
		size_t word = strlen(*argv) + 1;

		if (len - at < word || memcmp(text + at, *argv, word))
			return false;
		at += word;
	}
	return at == len;
}

static void end_leftover(char *const *argv, const char *pid_file)
{
	g_autofree char *text = NULL;
	struct pollfd wait = { .fd = -1, .events = POLLIN };
	guint64 pid;

	if (!g_file_get_contents(pid_file, &text, NULL, NULL) ||
		!g_ascii_string_to_unsigned(g_strstrip(text), 10, 2, G_MAXINT, &pid, NULL))
		return;
	wait.fd = pidfd_open((pid_t)pid, 0);
	if (wait.fd < 0)
		return;
	if (runs(text, argv) && !pidfd_send_signal(wait.fd, SIGKILL, NULL, 0))
		poll(&wait, 1, END_MS);
	close(wait.fd);
}

struct daemon *daemon_new(const char *const *argv, const char *pid_file)
{
	struct daemon *daemon = g_new0(struct daemon, 1);

	daemon->argv = g_strdupv((char **)argv);
	end_leftover(daemon->argv, pid_file);
	daemon->backoff_ms = BACKOFF_MIN_MS;
	return daemon;
}

void daemon_set_lock(struct daemon *daemon, const char *folder, const char *name)
{
	g_free(daemon->lock);
	daemon->lock = g_build_filename(folder, name, NULL);
}

static void end_with_parent(gpointer data)
{
	(void)data;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean start_again(gpointer data);

static void try_later(struct daemon *daemon, char *reason)
{
	g_free(daemon->reason);
	daemon->reason = reason;
	log_limited(warning, "%s: %s; it is started again", daemon->argv[0], reason);
	if (g_get_monotonic_time() - daemon->started_us > STEADY_US)
		daemon->backoff_ms = BACKOFF_MIN_MS;
	daemon->timer = g_timeout_add(daemon->backoff_ms, start_again, daemon);
	daemon->backoff_ms = MIN(2 * daemon->backoff_ms, BACKOFF_MAX_MS);
}

/* What the kernel kills for want of memory ends by SIGKILL. */
static char *how_it_ended(const struct daemon *daemon, int status)
{
	bool oom =
		WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && oom_kills() > daemon->kills;

	if (!WIFSIGNALED(status))
		return g_strdup_printf("ended with status %d", WEXITSTATUS(status));
	return g_strdup_printf("ended by signal %d%s", WTERMSIG(status),
		oom ? ": it needed more memory than the machine has (memory_mib), and the kernel killed it"
		    : "");
}

static void on_end(GPid pid, int status, gpointer data)
{
	struct daemon *daemon = data;

	(void)pid;
	daemon->pid = 0;
	daemon->child_watch = 0;
	daemon->restarts++;
	g_free(daemon->last_end);
	daemon->last_end = how_it_ended(daemon, status);
	try_later(daemon, g_strdup(daemon->last_end));
}

static void spawn(struct daemon *daemon)
{
	g_autoptr(GError) error = NULL;

	daemon->started_us = g_get_monotonic_time();
	daemon->kills = oom_kills();
	if (daemon->lock)
		unlink(daemon->lock);
	if (!g_spawn_async(NULL, daemon->argv, NULL,
		    G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
		    end_with_parent, NULL, &daemon->pid, &error)) {
		daemon->pid = 0;
		try_later(daemon, g_strdup(error->message));
		return;
	}
	g_clear_pointer(&daemon->reason, g_free);
	daemon->child_watch = g_child_watch_add(daemon->pid, on_end, daemon);
}

static gboolean start_again(gpointer data)
{
	struct daemon *daemon = data;

	daemon->timer = 0;
	spawn(daemon);
	return G_SOURCE_REMOVE;
}

void daemon_start(struct daemon *daemon)
{
	daemon->wanted = true;
	if (daemon->pid)
		return;
	g_clear_handle_id(&daemon->timer, g_source_remove);
	spawn(daemon);
}

/* The kernel says when it has ended; a daemon that does not listen is killed. */
static void await_end(pid_t pid)
{
	s64 end_us = g_get_monotonic_time() + END_MS * 1000;

	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		if (g_get_monotonic_time() > end_us) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
			return;
		}
		g_usleep(POLL_US);
	}
}

void daemon_stop(struct daemon *daemon)
{
	daemon->wanted = false;
	daemon->backoff_ms = BACKOFF_MIN_MS;
	g_clear_handle_id(&daemon->timer, g_source_remove);
	g_clear_handle_id(&daemon->child_watch, g_source_remove);
	g_clear_pointer(&daemon->reason, g_free);
	if (daemon->pid)
		await_end(daemon->pid);
	daemon->pid = 0;
}

void daemon_signal(struct daemon *daemon, int number)
{
	if (daemon->pid)
		kill(daemon->pid, number);
}

int daemon_pid(const struct daemon *daemon)
{
	return daemon->pid;
}

bool daemon_wanted(const struct daemon *daemon)
{
	return daemon->wanted;
}

unsigned daemon_restarts(const struct daemon *daemon)
{
	return daemon->restarts;
}

const char *daemon_reason(const struct daemon *daemon)
{
	return daemon->reason;
}

const char *daemon_last_end(const struct daemon *daemon)
{
	return daemon->last_end;
}

void daemon_free(struct daemon *daemon)
{
	daemon_stop(daemon);
	g_strfreev(daemon->argv);
	g_free(daemon->lock);
	g_free(daemon->last_end);
	g_free(daemon);
}
