/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/node.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cli/agent_client.h"
#include "cli/await.h"
#include "cli/client.h"
#include "cli/lab/process.h"
#include "cli/lab/run.h"

#define WEFTD_START_MS 10000
#define AGENT_START_MS 20000
#define STOP_MS 10000

char *node_name(const struct lab *lab, const char *text, GError **error)
{
	if (!strcmp(text, NODE_WEFTD))
		return g_strdup(NODE_WEFTD);
	unsigned host = lab_host(lab, text, error);

	return host ? g_strdup_printf("h%u", host) : NULL;
}

char *node_program(const char *name, GError **error)
{
	static const char *const places[] = { "../controller", "../agent", ".", "../sbin", NULL };
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *dir = g_path_get_dirname(self ? self : ".");

	for (const char *const *place = places; *place; place++) {
		g_autofree char *path = g_build_filename(dir, *place, name, NULL);

		if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE) &&
			!g_file_test(path, G_FILE_TEST_IS_DIR))
			return g_canonicalize_filename(path, NULL);
	}
	char *path = g_find_program_in_path(name);

	if (!path)
		weft_fail(error, NOT_FOUND,
			"%s is neither beside this program (%s) nor in PATH; is weft built and installed?",
			name, dir);
	return path;
}

static bool write_file(
	const struct lab *lab, const char *node, const char *name, const char *text, GError **error)
{
	g_autofree char *path = lab_path(lab, "%s/%s", node, name);

	return g_file_set_contents_full(
		path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static bool write_weftd_conf(const struct lab *lab, GError **error)
{
	g_autofree char *address = lab_management_address(lab, 0);
	g_autoptr(GString) text = g_string_new(NULL);
	g_auto(GStrv) projects = lab_projects(lab);

	g_string_append_printf(text,
		"# made by 'weft lab'; the management network is this machine's own, so there is no TLS\n"
		"[weftd]\n"
		"listen = %s:9696\n"
		"allow-plain-http = true\n"
		"store = sqlite:%s/weftd/weft.db\n"
		"underlay-mtu = %u\n"
		"\n[identity]\n"
		"admin-password-file = %s/weftd/admin-password\n"
		"\n[tokens]\n%s = admin:admin\n",
		address, lab->dir, lab->mtu, lab->dir, lab->token);
	for (char **project = projects; *project; project++) {
		bool made;
		g_autofree char *token = lab_project_token(lab, *project, &made, error);

		if (!token)
			return false;
		g_string_append_printf(text, "%s = %s:member\n", token, *project);
	}
	return write_file(lab, NODE_WEFTD, "weftd.conf", text->str, error);
}

bool node_prepare_weftd(const struct lab *lab, GError **error)
{
	g_autofree char *password = lab_new_secret();

	return lab_mkdir(lab, NODE_WEFTD, error) &&
	       write_file(lab, NODE_WEFTD, "admin-password", password, error) &&
	       write_weftd_conf(lab, error);
}

/* Tells the controller of the host; returns the host's credential. */
static char *create_host(const struct lab *lab, unsigned host, GError **error)
{
	g_autofree char *url = lab_url(lab), *name = g_strdup_printf("h%u", host);
	g_autofree char *tunnel = lab_tunnel_address(lab, host);
	g_autoptr(client) client = client_new(url, lab->token, NULL, error);
	json_t *body = json_pack("{s:{s:s,s:[s],s:[s,s]}}", "host", "name", name, "tunnel_ips",
		tunnel, "encapsulations", lab->encapsulation,
		strcmp(lab->encapsulation, "geneve") ? "geneve" : "vxlan");
	json_t *answer = client ? client_call(client, "POST", "/v2.0/hosts", body, error) : NULL;
	const char *credential =
		json_string_value(json_object_get(json_object_get(answer, "host"), "credential"));
	char *copy = g_strdup(credential);

	if (answer && !credential)
		weft_fail(error, INTERNAL, "the controller made host %s but gave no credential",
			name);
	json_decref(body);
	json_decref(answer);
	return copy;
}

/* A bpffs of the host's own, mounted before the agent starts: so it outlives the agent, and
 * everything pinned goes when it is unmounted. */
static bool mount_bpf(const struct lab *lab, const char *node, GError **error)
{
	g_autofree char *name = g_strdup_printf("%s/bpf", node), *path = lab_path(lab, "%s", name);

	if (!lab_mkdir(lab, name, error))
		return false;
	return mount("bpf", path, "bpf", 0, "mode=0700") == 0 ||
	       weft_fail_errno(error, errno, "mount a bpffs on %s", path);
}

bool node_prepare_host(const struct lab *lab, unsigned host, GError **error)
{
	g_autofree char *node = g_strdup_printf("h%u", host),
			*state = g_strdup_printf("h%u/state", host);
	g_autofree char *run_dir = g_strdup_printf("h%u/run", host);
	g_autofree char *url = lab_url(lab), *tunnel = lab_tunnel_address(lab, host);
	g_autofree char *credential = NULL;

	if (!lab_mkdir(lab, state, error) || !lab_mkdir(lab, run_dir, error) ||
		!mount_bpf(lab, node, error))
		return false;
	if (!(credential = create_host(lab, host, error)) ||
		!write_file(lab, node, "credential", credential, error))
		return false;
	g_autofree char *conf = g_strdup_printf("# made by 'weft lab'\n"
						"[agent]\n"
						"host = %s\n"
						"controller = %s\n"
						"credential-file = %s/%s/credential\n"
						"uplinks = uplink0\n"
						"tunnel-ips = %s\n"
						"state-dir = %s/%s/state\n"
						"run-dir = %s/%s/run\n"
						"bpf-dir = %s/%s/bpf\n",
		node, url, lab->dir, node, tunnel, lab->dir, node, lab->dir, node, lab->dir, node);

	return write_file(lab, node, "agent.conf", conf, error);
}

static char *pid_path(const struct lab *lab, const char *node)
{
	return lab_path(lab, "%s/pid", node);
}

int node_pid(const struct lab *lab, const char *node)
{
	g_autofree char *path = pid_path(lab, node);

	return process_pid(path);
}

static bool spawn(const struct lab *lab, const char *node, GError **error)
{
	bool controller = !strcmp(node, NODE_WEFTD);
	g_autofree char *program = node_program(controller ? "weftd" : "weft-agent", error);
	g_autofree char *conf =
		lab_path(lab, "%s/%s", node, controller ? "weftd.conf" : "agent.conf");
	g_autofree char *log = lab_path(lab, "%s/log", node), *pid = pid_path(lab, node);
	g_autofree char *netns = controller ? NULL : lab_netns(lab, node);
	const char *argv[] = { program, "--config", conf, NULL };
	struct process process = { .netns = netns, .argv = argv, .log_path = log, .pid_path = pid };

	if (!program)
		return false;
	if (node_pid(lab, node))
		return weft_fail(error, CONFLICT, "%s of lab '%s' runs already", node, lab->name);
	return process_start(&process, error);
}

struct readiness {
	const struct lab *lab;
	const char *node;
	struct client *client;
};

/* The agent listens: this one, not the one before it, of which the controller may still know. */
static bool agent_listens(const struct readiness *r, GError **error)
{
	g_autofree char *socket = lab_path(r->lab, "%s/run/agent.sock", r->node);
	json_t *status = agent_call(socket, json_pack("{s:s}", "op", "status"), error);

	json_decref(status);
	return status != NULL;
}

static enum await_result is_ready(void *data, char **ret_why, GError **error)
{
	struct readiness *r = data;
	g_autoptr(GError) problem = NULL;

	if (!node_pid(r->lab, r->node)) {
		g_autofree char *log = lab_path(r->lab, "%s/log", r->node),
				*tail = process_log_tail(log, 5);

		weft_fail(error, UNAVAILABLE, "%s of lab '%s' has ended; its log ends with:\n%s",
			r->node, r->lab->name, tail);
		return AWAIT_FAILED;
	}
	if (!strcmp(r->node, NODE_WEFTD)) {
		g_autofree char *text = client_get_text(r->client, "/healthz", &problem);

		if (text)
			return AWAIT_DONE;
	} else {
		g_autofree char *path =
			g_strdup_printf("/v2.0/hosts?name=%s&fields=alive", r->node);
		json_t *answer = client_call(r->client, "GET", path, NULL, &problem);
		json_t *host = json_array_get(json_object_get(answer, "hosts"), 0);
		bool alive = json_is_true(json_object_get(host, "alive"));

		json_decref(answer);
		if (alive && agent_listens(r, &problem))
			return AWAIT_DONE;
	}
	*ret_why = g_strdup(problem ? problem->message : "the controller has not heard of it");
	return AWAIT_AGAIN;
}

static bool await_ready(const struct lab *lab, const char *node, GError **error)
{
	bool controller = !strcmp(node, NODE_WEFTD);
	g_autofree char *url = lab_url(lab), *what = g_strdup_printf("start of %s", node);
	g_autoptr(client) client = client_new(url, lab->token, NULL, error);
	struct readiness r = { lab, node, client };

	return client &&
	       await(is_ready, &r, controller ? WEFTD_START_MS : AGENT_START_MS, what, error);
}

bool node_start(const struct lab *lab, const char *node, GError **error)
{
	return spawn(lab, node, error) && await_ready(lab, node, error);
}

bool node_start_hosts(const struct lab *lab, GError **error)
{
	for (unsigned host = 1; host <= lab->n_hosts; host++) {
		g_autofree char *node = g_strdup_printf("h%u", host);

		if (!spawn(lab, node, error))
			return false;
	}
	for (unsigned host = 1; host <= lab->n_hosts; host++) {
		g_autofree char *node = g_strdup_printf("h%u", host);

		if (!await_ready(lab, node, error))
			return false;
	}
	return true;
}

bool node_stop(const struct lab *lab, const char *node, int signal, GError **error)
{
	g_autofree char *path = pid_path(lab, node);

	return process_stop(path, signal, STOP_MS, error);
}

bool node_reload_weftd(const struct lab *lab, GError **error)
{
	int pid = node_pid(lab, NODE_WEFTD);

	if (!write_weftd_conf(lab, error))
		return false;
	return !pid ||
	       (node_stop(lab, NODE_WEFTD, SIGTERM, error) && node_start(lab, NODE_WEFTD, error));
}

bool node_cleanup_host(const struct lab *lab, unsigned host, GError **error)
{
	g_autofree char *conf = lab_path(lab, "h%u/agent.conf", host),
			*bpf = lab_path(lab, "h%u/bpf", host);
	g_autofree char *netns = lab_host_netns(lab, host),
			*path = g_build_filename("/run/netns", netns, NULL);
	g_autofree char *net_option = g_strdup_printf("--net=%s", path);
	g_autofree char *program = node_program("weft-agent", NULL);
	bool cleaned = true;

	if (program && g_file_test(conf, G_FILE_TEST_EXISTS) &&
		g_file_test(path, G_FILE_TEST_EXISTS))
		cleaned = run(
			error, "nsenter", net_option, program, "--cleanup", "--config", conf, NULL);
	/* EINVAL: it isn't mounted. */
	if (umount2(bpf, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT && cleaned)
		return weft_fail_errno(error, errno, "unmount %s", bpf);
	return cleaned;
}
