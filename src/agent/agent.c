/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/desired/domain.h"
#include "agent/ops/exporter.h"
#include "agent/ops/ops.h"
#include "agent/desired/rule_names.h"
#include "base/log.h"
#include "host/rtnl.h"
#include "http/server.h"

#define SOCKET "agent.sock"
/* After what has come in and what is on its way out: most flushes find the echo of our own doing.
 */
#define FLUSH_PRIORITY G_PRIORITY_HIGH_IDLE
#define RETRY_S 5 /* a datapath call failed: state everything again after this */
/* The kernel tells of a new alias only while the device is up (rtmsg_ifinfo of
 * netdev_state_change()). */
#define RESCAN_S 3

static char *state_path(const struct config *config, const char *name)
{
	return g_build_filename(config->state_dir, name, NULL);
}

/* --- what the parts say to each other --- */

static void flushed(struct agent *agent)
{
	if (agent->bfd)
		liveness_update(agent->bfd, &agent->reconcile);
	bgp_update(agent->bgp, !agent->reconcile.partial);
	appliances_update(agent->appliances, !agent->reconcile.partial);
	masters_update(agent->masters);
	report_synced(agent->report, agent->view->revision);
	ops_plug_progress(agent);
}

/* First those who wait to plug into what has just become known: so the port is wired at once, and
 * not reported as lacking a device. */
void agent_flush(struct agent *agent)
{
	ops_plug_progress(agent);
	reconcile_flush(&agent->reconcile);
	flushed(agent);
}

static gboolean flush_now(gpointer data)
{
	struct agent *agent = data;

	agent->flush_source = 0;
	agent_flush(agent);
	return G_SOURCE_REMOVE;
}

void agent_flush_later(struct agent *agent)
{
	if (!agent->flush_source)
		agent->flush_source = g_idle_add_full(FLUSH_PRIORITY, flush_now, agent, NULL);
}

static void device_changed(const struct uuid *port, const struct link *device, void *data)
{
	struct agent *agent = data;

	desired_set_device(agent->desired, port, device);
	if (agent->report) /* not while starting: everything is stated then */
		agent_flush_later(agent);
}

static void found_link(const struct link *link, const char *alias, void *data)
{
	plugs_link(data, link, alias);
}

bool agent_scan_links(struct agent *agent, GError **error)
{
	plugs_scan_begin(agent->plugs);
	if (!link_foreach(agent->rtnl, found_link, agent->plugs, error))
		return false;
	plugs_scan_end(agent->plugs);
	agent_look_at_wires(agent);
	return true;
}

static void rescan(struct agent *agent)
{
	g_autoptr(GError) error = NULL;

	if (!agent_scan_links(agent, &error))
		log_limited(warning, "%s", error->message);
}

static void link_event(
	enum link_event event, const struct link *link, const char *alias, void *data)
{
	struct agent *agent = data;

	if (event != LINK_EVENTS_LOST)
		agent_link_changed(agent, link);
	switch (event) {
	case LINK_CHANGED:
		plugs_link(agent->plugs, link, alias);
		break;
	case LINK_GONE:
		plugs_link_gone(agent->plugs, link);
		break;
	case LINK_EVENTS_LOST:
		rescan(agent);
		break;
	}
	if (event != LINK_EVENTS_LOST && g_strv_contains(agent->reconcile.uplinks, link->name)) {
		agent->desired->tunnel_changed =
			true; /* an uplink came (again), or its MTU changed */
		agent_flush_later(agent);
	}
}

static void port_changed(struct port *port, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("port %s: %s%s", uuid_format(&port->id, id),
		port->state == PORT_WIRED ? "wired to " : "not wired: ",
		port->state == PORT_WIRED ? port->applied_name : port->reason);
	if (port->state == PORT_WIRED)
		handover_wired(agent->handover, port);
	if (agent->punt && port->state == PORT_WIRED)
		punt_port_wired(agent->punt, port);
	else if (agent->punt)
		punt_port_gone(agent->punt, &port->id);
	report_port(agent->report, &port->id);
}

static void interface_changed(struct interface *interface, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("router interface %s: %s%s", uuid_format(&interface->id, id),
		interface->state == PORT_WIRED ? "wired" : "not wired: ",
		interface->state == PORT_WIRED ? "" : interface->reason);
	report_port(agent->report, &interface->id);
}

static void routers_changed(struct network *network, void *data)
{
	struct agent *agent = data;

	if (agent->punt)
		punt_routers_changed(agent->punt, network);
}

static void host_changed(const struct ip *peer, bool up, void *data)
{
	char text[IP_STRLEN];

	if (up)
		log_info("the host at %s is alive", ip_format(peer, text));
	else
		log_warning("the host at %s does not answer", ip_format(peer, text));
	agent_judge_hosts(data);
}

static void self_changed(void *data)
{
	report_soon(((struct agent *)data)->report);
}

static void list_listeners(listener_stats_fn each, void *each_data, void *data)
{
	appliances_each_listener(((struct agent *)data)->appliances, each, each_data);
}

static void port_leaves(const struct port *port, void *data)
{
	struct agent *agent = data;

	handover_leave(agent->handover, port);
}

static void port_deleted(const struct port *port, void *data)
{
	struct agent *agent = data;
	char id[UUID_STRLEN];

	log_info("port %s: no longer of this host", uuid_format(&port->id, id));
	if (agent->punt)
		punt_port_gone(agent->punt, &port->id);
	plugs_forget(agent->plugs, &port->id);
}

static void take_connections(struct agent *agent, const struct sync_message *message)
{
	struct uuid port;

	if (uuid_parse(message->port, &port))
		handover_arrive(agent->handover, &port, message->connections);
}

static bool take_line(const char *line, size_t len, void *data, GError **error)
{
	struct agent *agent = data;
	g_autoptr(GError) why = NULL;
	struct sync_message message;
	bool synced, done;

	if (!sync_line_parse(line, len, &message, &why)) {
		if (g_error_matches(why, WEFT_ERROR, WEFT_ERROR_NOT_FOUND))
			return true; /* an op of a newer controller */
		g_propagate_error(error, g_steal_pointer(&why));
		return false;
	}
	if (message.op == SYNC_CONNECTIONS)
		take_connections(agent, &message);
	done = view_line(agent->view, &message, line, len, &synced, error);
	sync_message_clear(&message);
	if (done && synced) {
		agent->needs_snapshot = false;
		stream_completed(agent->stream);
		ops_plug_progress(agent);
		reconcile_complete(&agent->reconcile);
		flushed(agent);
	}
	return done;
}

static gboolean every_second(gpointer data)
{
	struct agent *agent = data;

	dp_flows_expire(agent->dp);
	logs_second(agent->logs);
	handover_second(agent->handover);
	agent_masters_second(agent);
	agent_domains_second(agent);
	agent_outside_second(agent);
	healths_second(agent->healths);
	if (++agent->rescan_s >= RESCAN_S) {
		agent->rescan_s = 0;
		rescan(agent);
	}
	if (agent->reconcile.failed && ++agent->retry_s >= RETRY_S) {
		agent->retry_s = 0;
		reconcile_all(&agent->reconcile);
		agent_flush(agent);
	}
	return G_SOURCE_CONTINUE;
}

/* --- start and end --- */

static bool make_folder(const char *path, GError **error)
{
	return g_mkdir_with_parents(path, 0700) == 0 ||
	       weft_fail_errno(error, errno, "folder %s", path);
}

/* Two agents on one state would undo each other's work. */
static bool take_lock(struct agent *agent, GError **error)
{
	g_autofree char *path = state_path(agent->config, "lock");

	agent->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (agent->lock_fd < 0)
		return weft_fail_errno(error, errno, "%s", path);
	if (flock(agent->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return weft_fail(error, IN_USE,
			"another weft-agent runs with state-dir %s: stop it, or give this one its own",
			agent->config->state_dir);
	return true;
}

/* Our files in the state folder; what is written to replace one is named after it: "view.new". */
static const char *const state_names[] = { "view", "plugs", "ipv6", "domains", "liveness", "lock",
	NULL };

/* Replacements that an agent was killed amid. */
static void remove_unfinished(const struct config *config)
{
	g_autoptr(GDir) dir = g_dir_open(config->state_dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_auto(GStrv) parts = g_strsplit(name, ".", 2);
		g_autofree char *path = state_path(config, name);

		if (parts[0] && parts[1] && g_strv_contains(state_names, parts[0]))
			unlink(path);
	}
}

static bool open_state(struct agent *agent, GError **error)
{
	const struct config *config = agent->config;
	g_autofree char *view = state_path(config, "view"), *plugs = state_path(config, "plugs"),
			*quiet = state_path(config, "ipv6"),
			*domains = state_path(config, "domains");

	remove_unfinished(config);
	if (!view_open(view, agent->desired, &agent->view, &agent->needs_snapshot, error) ||
		!plugs_new(plugs, device_changed, agent, &agent->plugs, error))
		return false;
	if (agent->needs_snapshot)
		log_warning("%s was damaged: what is good is used until the controller has sent it "
			    "again",
			view);
	domains_open(agent->desired->firewall, domains);
	agent->quiet = quiet_new(quiet);
	return true;
}

static bool open_host(struct agent *agent, GError **error)
{
	const struct config *config = agent->config;
	struct dp_options options = { .pin_dir = config->bpf_dir,
		.connections_per_port = config->connections_per_port,
		.half_open_per_port = config->half_open_per_port,
		.connections_per_project = config->connections_per_project,
		.translations_per_project = config->translations_per_project };

	return rtnl_open(&agent->rtnl, error) &&
	       link_monitor_new(link_event, agent, &agent->monitor, error) &&
	       dp_open(&options, &agent->dp, error) && agent_scan_links(agent, error);
}

static void start_parts(struct agent *agent)
{
	g_autofree char *liveness = state_path(agent->config, "liveness");
	const struct dp_names names = rule_names(agent->desired);
	const struct stream_io stream_io = agent_stream_io(agent);
	const struct stream_events stream_events = { take_line, agent_stream_changed, agent };
	const struct report_io report_io = agent_report_io(agent);
	const struct handover_io handover_io = agent_handover_io(agent);

	agent->listener_reports = listener_reports_new(agent->dp, agent->desired);
	agent->report = report_new(
		agent->desired, agent->instance, agent->config->bridge_mappings, &report_io);
	agent->handover = handover_new(agent->dp, agent->desired, &handover_io);
	agent->stream = stream_new(
		(const char *const *)agent->config->controllers, &stream_io, &stream_events);
	agent->reconcile = (struct reconcile){
		.dp = agent->dp,
		.desired = agent->desired,
		.rtnl = agent->rtnl,
		.quiet = agent->quiet,
		.uplinks = (const char *const *)agent->config->uplinks,
		.capacity_kbps = agent->config->uplink_kbps,
		.tunnel_ip4 = agent->config->tunnel_ip4,
		.tunnel_ip6 = agent->config->tunnel_ip6,
		.port_changed = port_changed,
		.interface_changed = interface_changed,
		.routers_changed = routers_changed,
		.port_leaves = port_leaves,
		.port_deleted = port_deleted,
		.data = agent,
		.alone = true,
		.partial = true,
	};
	agent_start_masters(agent);
	dp_set_names(agent->dp, &names);
	agent->logs = logs_new(agent->dp, agent->desired, agent->config);
	agent_outside_events(agent);
	if (agent->config->bfd) {
		agent->liveness = liveness_new(liveness);
		agent->bfd = bfd_new(host_changed, agent);
		agent_judge_wires(agent);
	}
	reconcile_all(&agent->reconcile);
	agent->bgp = bgp_new(agent->config, agent->desired, self_changed, agent);
	bgp_update(agent->bgp, false);
	agent->appliances =
		appliances_new(agent->config, agent->desired, agent_machine_changed, agent);
	agent_watch_appliances(agent);
	listener_reports_add(agent->listener_reports, list_listeners, agent);
	if (agent->bfd)
		liveness_update(agent->bfd, &agent->reconcile);
	agent->punt = punt_new(agent->dp, agent->desired, agent->outside, agent->holders,
		agent->config->resolv_conf);
	agent_start_health(agent);
	agent_domains_start(agent);
	agent->second_timer = g_timeout_add_seconds(1, every_second, agent);
	stream_start(agent->stream);
}

bool agent_new(const struct config *config, GMainLoop *loop, struct agent **ret, GError **error)
{
	g_autofree char *socket = g_build_filename(config->run_dir, SOCKET, NULL);
	struct uuid instance = uuid_random();
	struct agent *agent = g_new0(struct agent, 1);
	struct client_events events = agent_client_events(agent);

	agent->config = config;
	agent->loop = loop;
	agent->instance = g_malloc(UUID_STRLEN);
	uuid_format(&instance, agent->instance);
	agent->lock_fd = -1;
	agent->started_us = g_get_monotonic_time();
	agent->desired = desired_new();
	agent->outside = outside_new();
	agent_map_wires(agent);
	if (!make_folder(config->state_dir, error) || !make_folder(config->run_dir, error) ||
		!take_lock(agent, error) || !open_state(agent, error) || !open_host(agent, error) ||
		!client_new(config, agent->instance, &events, &agent->client, error) ||
		!control_new(socket, ops_handle, agent, &agent->control, error) ||
		!exporter_new(agent, &agent->exporter, error)) {
		agent_free(agent);
		return false;
	}
	start_parts(agent);
	*ret = agent;
	return true;
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	g_clear_handle_id(&agent->second_timer, g_source_remove);
	g_clear_handle_id(&agent->flush_source, g_source_remove);
	g_clear_handle_id(&agent->back_timer, g_source_remove);
	ops_plug_abandon(agent);
	control_free(agent->control);
	if (agent->exporter)
		http_server_free(agent->exporter);
	stream_free(agent->stream);
	client_free(agent->client);
	g_clear_handle_id(&agent->stream_timer, g_source_remove);
	g_clear_handle_id(&agent->report_timer, g_source_remove);
	bgp_free(agent->bgp);
	appliances_free(agent->appliances);
	bfd_free(agent->bfd);
	liveness_free(agent->liveness);
	report_free(agent->report);
	listener_reports_free(agent->listener_reports);
	punt_free(agent->punt);
	agent_domains_stop(agent);
	healths_free(agent->healths);
	logs_free(agent->logs);
	outside_free(agent->outside);
	handover_free(agent->handover);
	agent_stop_masters(agent);
	link_monitor_free(agent->monitor);
	plugs_free(agent->plugs);
	view_free(agent->view);
	desired_free(agent->desired);
	quiet_free(agent->quiet);
	rtnl_close(agent->rtnl);
	if (agent->dp)
		dp_close(agent->dp);
	if (agent->lock_fd >= 0)
		close(agent->lock_fd);
	g_free(agent->instance);
	g_free(agent);
}

/* Devices first, while it is known how they were; then what is known. */
static void remove_state(const struct config *config)
{
	g_autofree char *socket = g_build_filename(config->run_dir, SOCKET, NULL);
	g_autofree char *ipv6 = state_path(config, "ipv6");
	struct quiet *quiet = quiet_new(ipv6);

	quiet_end_all(quiet);
	quiet_free(quiet);
	remove_unfinished(config);
	for (const char *const *name = state_names; *name; name++) {
		g_autofree char *path = state_path(config, *name);

		unlink(path);
	}
	unlink(socket);		  /* of an agent that was killed */
	rmdir(config->state_dir); /* they stay when they hold what is not ours */
	rmdir(config->run_dir);
}

bool agent_cleanup(const struct config *config, GError **error)
{
	struct agent holder = { .config = config, .lock_fd = -1 };
	bool done = make_folder(config->state_dir, error) && take_lock(&holder, error) &&
		    dp_destroy(config->bpf_dir, error);

	if (done) {
		bgp_end_all(config);
		appliances_end_all(config);
		remove_state(config);
	}
	if (holder.lock_fd >= 0)
		close(holder.lock_fd);
	return done;
}
