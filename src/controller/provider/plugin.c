/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process per plug-in, one call at a time.
 *
 *	        hello                    call                 result
 *	STARTING ────────► IDLE ──────────────────► ASKED ───────────────► IDLE
 *	   │ silence, end   │ end                     │ silence, end, nonsense: the call fails
 *	   └────────────────┴───────────► DOWN ◄──────┘
 *	                     back-off: 1, 2, 4 … 60 s; STARTING
 *	"refused", or a file that may not be loaded: REFUSED, for good
 *
 * Calls that wait stay in the queue while the process is down, but for the one that it died of.
 */
#include "controller/provider/plugin.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "controller/provider/host.h"
#include "controller/provider/load.h"
#include "controller/provider/message.h"

#define BACKOFF_MAX_S 60
#define READ_SIZE 65536

enum state { STATE_DOWN, STATE_STARTING, STATE_IDLE, STATE_ASKED, STATE_REFUSED };

struct call {
	u64 id;
	char *line;
	provider_done_fn done;
	void *user;
};

struct plugin {
	struct provider_driver driver;
	enum state state;
	unsigned timeout_s, backoff_s;
	plugin_known_fn known;
	void *user;
	GSubprocess *process;
	GCancellable *cancel; /* of the wait for its end */
	int fd;
	GString *in, *out;
	guint in_source, out_source, timer;
	GQueue calls; /* the first is the one that is asked */
	u64 last_id;
};

static void start(struct plugin *plugin);
static void ask_next(struct plugin *plugin);

static void free_call(gpointer data)
{
	struct call *call = data;

	g_free(call->line);
	g_free(call);
}

static void finish_call(struct plugin *plugin, const struct provider_result *result)
{
	struct call *call = g_queue_pop_head(&plugin->calls);

	if (result->result != WEFT_PROVIDER_OK)
		plugin->driver.failures++;
	call->done(result, call->user);
	free_call(call);
}

static void fail_call(struct plugin *plugin, enum weft_provider_result how, const char *reason)
{
	const struct provider_result result = { .result = how, .reason = reason };

	finish_call(plugin, &result);
}

static void set_problem(struct plugin *plugin, const char *problem)
{
	g_free(plugin->driver.problem);
	plugin->driver.problem = g_strdup(problem);
	plugin->known(&plugin->driver, plugin->user);
}

static void disconnect(struct plugin *plugin)
{
	g_clear_handle_id(&plugin->in_source, g_source_remove);
	g_clear_handle_id(&plugin->out_source, g_source_remove);
	g_clear_handle_id(&plugin->timer, g_source_remove);
	if (plugin->fd >= 0)
		close(plugin->fd);
	plugin->fd = -1;
	g_string_truncate(plugin->in, 0);
	g_string_truncate(plugin->out, 0);
	if (!plugin->process)
		return;
	g_cancellable_cancel(plugin->cancel);
	g_subprocess_force_exit(plugin->process);
	g_clear_object(&plugin->cancel);
	g_clear_object(&plugin->process);
}

static gboolean restart(gpointer data)
{
	struct plugin *plugin = data;

	plugin->timer = 0;
	start(plugin);
	return G_SOURCE_REMOVE;
}

/* The process is of no more use; its call fails, and it is started again later. */
static void down(struct plugin *plugin, const char *why)
{
	enum state was = plugin->state;
	g_autofree char *reason = g_strdup(why);

	disconnect(plugin);
	plugin->state = STATE_DOWN;
	plugin->backoff_s = plugin->backoff_s ? MIN(plugin->backoff_s * 2, BACKOFF_MAX_S) : 1;
	plugin->driver.restarts++;
	plugin->timer = g_timeout_add_seconds(plugin->backoff_s, restart, plugin);
	log_limited(warning, "provider %s: its process %s; started again in %u s",
		plugin->driver.name, reason, plugin->backoff_s);
	if (was == STATE_STARTING) {
		g_autofree char *problem = g_strdup_printf("its process %s", reason);

		set_problem(plugin, problem);
	}
	if (was == STATE_ASKED) {
		g_autofree char *text = g_strdup_printf("the plug-in's process %s", reason);

		fail_call(plugin, WEFT_PROVIDER_FAILED, text);
	}
}

/* For good, until weftd is started again. */
static void refuse(struct plugin *plugin, const char *reason)
{
	g_autofree char *text = g_strdup(reason);

	disconnect(plugin);
	plugin->state = STATE_REFUSED;
	log_warning("provider %s: %s is not used: %s", plugin->driver.name, plugin->driver.source,
		text);
	set_problem(plugin, text);
	while (plugin->calls.length)
		fail_call(plugin, WEFT_PROVIDER_FAILED, text);
}

static gboolean too_late(gpointer data)
{
	struct plugin *plugin = data;
	g_autofree char *why = g_strdup_printf("did not answer within %u s", plugin->timeout_s);

	plugin->timer = 0;
	down(plugin, why);
	return G_SOURCE_REMOVE;
}

static void set_deadline(struct plugin *plugin)
{
	g_clear_handle_id(&plugin->timer, g_source_remove);
	plugin->timer = g_timeout_add_seconds(plugin->timeout_s, too_late, plugin);
}

static void greeted(struct plugin *plugin, const struct message *message)
{
	g_clear_handle_id(&plugin->timer, g_source_remove);
	plugin->state = STATE_IDLE;
	plugin->driver.services = message->services;
	plugin->driver.tells_status = message->tells_status;
	g_free(plugin->driver.name);
	plugin->driver.name = g_strdup(message->name);
	set_problem(plugin, NULL);
}

static void answered(struct plugin *plugin, const struct message *message)
{
	const struct call *call = g_queue_peek_head(&plugin->calls);

	if (plugin->state != STATE_ASKED || call->id != message->id)
		return down(plugin, "answered what it was not asked");
	g_clear_handle_id(&plugin->timer, g_source_remove);
	plugin->state = STATE_IDLE;
	plugin->backoff_s = 0;
	finish_call(plugin, &message->result);
}

static void take_line(struct plugin *plugin, const char *line, size_t len)
{
	g_autoptr(GError) error = NULL;
	struct message message;

	if (!message_parse(line, len, &message, &error)) {
		if (plugin->state == STATE_STARTING)
			return refuse(plugin, error->message);
		return down(plugin, "said something that is no message");
	}
	if (message.kind == MESSAGE_LOG)
		log_limited(info, "provider %s: %s", plugin->driver.name, message.text);
	else if (message.kind == MESSAGE_RESULT)
		answered(plugin, &message);
	else if (plugin->state != STATE_STARTING)
		down(plugin, "greeted a second time");
	else if (message.kind == MESSAGE_REFUSED)
		refuse(plugin, message.text);
	else
		greeted(plugin, &message);
	message_clear(&message);
}

/* How its process ended is known a moment after the socket's end. */
static void ended(GObject *source, GAsyncResult *result, gpointer data)
{
	GSubprocess *process = G_SUBPROCESS(source);
	struct plugin *plugin = data;
	g_autofree char *why = NULL;

	if (!g_subprocess_wait_finish(process, result, NULL))
		return; /* cancelled: killed by us, or weftd ends */
	if (process != plugin->process)
		return; /* it ended while it was being killed */
	if (g_subprocess_get_if_signaled(process))
		why = g_strdup_printf("was ended by signal %d (%s)",
			g_subprocess_get_term_sig(process),
			g_strsignal(g_subprocess_get_term_sig(process)));
	else
		why = g_strdup_printf("ended with exit code %d",
			g_subprocess_get_if_exited(process) ? g_subprocess_get_exit_status(process)
							    : -1);
	if (plugin->state != STATE_REFUSED)
		down(plugin, why);
}

/* Lines of @plugin->in; the process may go with any of them. */
static void take_lines(struct plugin *plugin)
{
	const GSubprocess *process = plugin->process;
	char *end;

	while (plugin->process == process &&
		(end = memchr(plugin->in->str, '\n', plugin->in->len))) {
		size_t len = (size_t)(end - plugin->in->str);
		g_autofree char *line = g_strndup(plugin->in->str, len);

		g_string_erase(plugin->in, 0, (gssize)len + 1);
		take_line(plugin, line, len);
	}
	if (plugin->process == process && plugin->in->len > MESSAGE_MAX)
		down(plugin, "said a line that is too long");
	if (plugin->process)
		ask_next(plugin);
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct plugin *plugin = data;
	char buf[READ_SIZE];
	ssize_t n = read(fd, buf, sizeof(buf));

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) { /* ended() says why */
		plugin->in_source = 0;
		return G_SOURCE_REMOVE;
	}
	g_string_append_len(plugin->in, buf, n);
	take_lines(plugin);
	return plugin->in_source && plugin->fd == fd ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean writable(gint fd, GIOCondition condition, gpointer data)
{
	struct plugin *plugin = data;
	ssize_t n = send(fd, plugin->out->str, plugin->out->len, MSG_NOSIGNAL);

	(void)condition;
	if (n > 0)
		g_string_erase(plugin->out, 0, n);
	if (plugin->out->len && (n > 0 || errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	plugin->out_source = 0;
	return G_SOURCE_REMOVE;
}

static void ask_next(struct plugin *plugin)
{
	const struct call *call = g_queue_peek_head(&plugin->calls);

	if (plugin->state != STATE_IDLE || !call)
		return;
	plugin->state = STATE_ASKED;
	plugin->driver.calls++;
	g_string_append(plugin->out, call->line);
	if (!plugin->out_source)
		plugin->out_source =
			g_unix_fd_add(plugin->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, writable, plugin);
	set_deadline(plugin);
}

static GSubprocess *spawn(const struct plugin *plugin, int fd, GError **error)
{
	const char *environment[] = { "LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		NULL };
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
	g_autofree char *self = g_file_read_link("/proc/self/exe", error);

	if (!self)
		return NULL;
	g_subprocess_launcher_set_environ(launcher, (char **)environment);
	g_subprocess_launcher_set_cwd(launcher, "/");
	g_subprocess_launcher_take_fd(launcher, fd, PROVIDER_HOST_FD);
	return g_subprocess_launcher_spawn(
		launcher, error, self, "--provider-host", plugin->driver.source, NULL);
}

static void start(struct plugin *plugin)
{
	g_autoptr(GError) error = NULL;
	int fds[2];

	if (!provider_file_check(plugin->driver.source, &error))
		return refuse(plugin, error->message);
	plugin->state = STATE_STARTING;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return down(plugin, g_strerror(errno));
	plugin->fd = fds[0];
	plugin->process = spawn(plugin, fds[1], &error);
	if (!plugin->process)
		return down(plugin, error->message);
	g_unix_set_fd_nonblocking(plugin->fd, TRUE, NULL);
	plugin->cancel = g_cancellable_new();
	g_subprocess_wait_async(plugin->process, plugin->cancel, ended, plugin);
	plugin->in_source =
		g_unix_fd_add(plugin->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, plugin);
	set_deadline(plugin);
}

static const char *const call_names[] = {
	[PROVIDER_APPLY] = "apply", [PROVIDER_REMOVE] = "remove", [PROVIDER_STATUS] = "status"
};

static void call_plugin(struct provider_driver *driver, const struct provider_request *request,
	provider_done_fn done, void *user)
{
	struct plugin *plugin = (struct plugin *)driver;
	struct call *call = g_new(struct call, 1);

	*call = (struct call){ .id = ++plugin->last_id, .done = done, .user = user };
	call->line =
		g_strdup_printf("{\"id\":%" G_GUINT64_FORMAT ",\"call\":\"%s\",\"document\":%s}\n",
			call->id, call_names[request->call], request->document);
	g_queue_push_tail(&plugin->calls, call);
	ask_next(plugin);
}

static void free_plugin(struct provider_driver *driver)
{
	struct plugin *plugin = (struct plugin *)driver;

	disconnect(plugin);
	g_queue_clear_full(&plugin->calls, free_call);
	g_string_free(plugin->in, TRUE);
	g_string_free(plugin->out, TRUE);
	g_free(driver->name);
	g_free(driver->source);
	g_free(driver->problem);
	g_free(plugin);
}

static const struct provider_driver_ops ops = { .call = call_plugin, .free = free_plugin };

struct provider_driver *plugin_new(
	const char *path, unsigned call_timeout_s, plugin_known_fn known, void *user)
{
	struct plugin *plugin = g_new0(struct plugin, 1);
	g_autofree char *file = g_path_get_basename(path);

	plugin->driver = (struct provider_driver){
		.ops = &ops,
		.name = g_strndup(file, strlen(file) - strlen(".so")),
		.type = "plug-in",
		.source = g_strdup(path),
		.problem = g_strdup("its process has not said anything yet"),
	};
	plugin->timeout_s = call_timeout_s;
	plugin->known = known;
	plugin->user = user;
	plugin->fd = -1;
	plugin->in = g_string_new(NULL);
	plugin->out = g_string_new(NULL);
	g_queue_init(&plugin->calls);
	start(plugin);
	return &plugin->driver;
}

bool plugin_is_settled(const struct provider_driver *driver)
{
	const struct plugin *plugin = (const struct plugin *)driver;

	return plugin->state != STATE_STARTING;
}
