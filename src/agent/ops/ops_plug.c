/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plug and unplug. A plug may come before the port has arrived in the view (the caller has just
 * created or bound it): it waits in agent->waiting until the port is there and wired, or the time
 * is over. It is remembered only once the port is known to be this host's, so that a typing error
 * leaves nothing behind.
 */
#include "agent/ops/ops.h"

#define TIMEOUT_DEFAULT_MS 10000
#define TIMEOUT_MAX_MS 60000

struct plug_request {
	struct agent *agent;
	struct control_request *request;
	struct uuid port;
	char *device;
	guint timer;
	enum { NOT_SAID, SAID, DURABLE } memory; /* of the plug, on disk */
	u64 serial;
};

static void plug_request_free(struct plug_request *plug)
{
	plug->agent->waiting = g_list_remove(plug->agent->waiting, plug);
	g_clear_handle_id(&plug->timer, g_source_remove);
	g_free(plug->device);
	g_free(plug);
}

static void finish(struct plug_request *plug, json_t *result, GError *error)
{
	struct control_request *request = plug->request;

	plug_request_free(plug);
	if (error)
		control_fail(request, error);
	else
		control_answer(request, result);
}

static json_t *plug_result(const struct plug_request *plug, const struct port *port)
{
	char id[UUID_STRLEN];

	return json_pack("{s:s,s:s,s:I}", "port", uuid_format(&plug->port, id), "device",
		plug->device, "ifindex", (json_int_t)port->applied_ifindex);
}

/* Who asked, while the disk works: the request may have timed out meanwhile. */
struct remembering {
	struct agent *agent;
	u64 serial; /* of the request */
};

static void progress(struct plug_request *plug);

static struct plug_request *find(const struct agent *agent, u64 serial)
{
	for (GList *i = agent->waiting; i; i = i->next)
		if (((struct plug_request *)i->data)->serial == serial)
			return i->data;
	return NULL;
}

static void remembered(const GError *error, void *data)
{
	g_autofree struct remembering *remembering = data;
	struct plug_request *plug = find(remembering->agent, remembering->serial);

	if (!plug)
		return;
	if (error) {
		finish(plug, NULL, g_error_copy(error));
	} else {
		plug->memory = DURABLE;
		progress(plug);
	}
}

static void remember(struct plug_request *plug)
{
	struct remembering *remembering = g_new0(struct remembering, 1);

	remembering->agent = plug->agent;
	remembering->serial = plug->serial;
	plug->memory = SAID;
	plugs_sync_later(plug->agent->plugs, remembered, remembering);
}

/* One that may move here is attached before it is active, and wired when it is. */
static bool is_attached(const struct port *port)
{
	return port->has_device && port->applied_ifindex &&
	       (port->state == PORT_WIRED || !port->record.active);
}

/* Answers the request if it can be answered now. */
static void progress(struct plug_request *plug)
{
	struct port *port = desired_port(plug->agent->desired, &plug->port);
	GError *error = NULL;

	if (!port || !port->known)
		return;
	if (plug->memory == NOT_SAID) {
		if (!plugs_plug(plug->agent->plugs, &plug->port, plug->device, &error)) {
			finish(plug, NULL, error);
			return;
		}
		remember(plug);
	}
	if (plug->memory == DURABLE && is_attached(port) &&
		g_strcmp0(port->applied_name, plug->device) == 0)
		finish(plug, plug_result(plug, port), NULL);
}

void ops_plug_progress(struct agent *agent)
{
	for (GList *next, *i = agent->waiting; i; i = next) {
		next = i->next;
		progress(i->data);
	}
}

void ops_plug_abandon(struct agent *agent)
{
	while (agent->waiting)
		plug_request_free(agent->waiting->data);
}

/* Why the port is still not wired, for somebody who waited. */
static void explain(const struct plug_request *plug, GError **error)
{
	const struct agent *agent = plug->agent;
	const struct port *port = desired_port(agent->desired, &plug->port);
	const struct endpoint *endpoint = desired_endpoint(agent->desired, &plug->port);
	char id[UUID_STRLEN], host[UUID_STRLEN];

	uuid_format(&plug->port, id);
	if (port && port->known)
		weft_fail(error, TIMEOUT, "port %s is plugged but not wired yet: %s", id,
			port->reason ? port->reason : "the agent is busy");
	else if (endpoint && !uuid_equal(&endpoint->member->host, &agent->desired->self))
		weft_fail(error, CONFLICT,
			"port %s is bound to host %s, not to this one (%s): set its binding:host_id",
			id, uuid_format(&endpoint->member->host, host), agent->config->host);
	else
		weft_fail(error, PORT_NOT_FOUND,
			"port %s is not bound to this host (%s)%s: create it with, or set, "
			"binding:host_id=%s",
			id, agent->config->host,
			stream_state(agent->stream) == STREAM_CONNECTED
				? ""
				: ", as far as is known without the controller",
			agent->config->host);
}

static gboolean time_over(gpointer data)
{
	struct plug_request *plug = data;
	GError *error = NULL;

	plug->timer = 0;
	explain(plug, &error);
	finish(plug, NULL, error);
	return G_SOURCE_REMOVE;
}

static bool take_timeout(const json_t *body, guint *ret, GError **error)
{
	const json_t *value = json_object_get(body, "timeout_ms");

	*ret = TIMEOUT_DEFAULT_MS;
	if (!value)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
		json_integer_value(value) > TIMEOUT_MAX_MS)
		return weft_fail(error, BAD_REQUEST, "\"timeout_ms\" must be a number from 0 to %d",
			TIMEOUT_MAX_MS);
	*ret = (guint)json_integer_value(value);
	return true;
}

bool op_plug(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	struct uuid port;
	const char *device;
	guint timeout_ms;

	if (!op_port_id(body, &port, error) || !op_string(body, "device", &device, error) ||
		!take_timeout(body, &timeout_ms, error))
		return false;
	if (g_strv_contains(agent->reconcile.uplinks, device))
		return weft_fail(error, INVALID_INPUT,
			"device %s is an uplink of this host and can be no guest's", device);
	/* The device may be newer than the event that tells of it. */
	if (!plugs_find_link(agent->plugs, device) && !agent_scan_links(agent, error))
		return false;
	if (!plugs_check(agent->plugs, &port, device, error))
		return false;
	static u64 serial;
	struct plug_request *plug = g_new0(struct plug_request, 1);
	plug->serial = ++serial;
	plug->agent = agent;
	plug->request = request;
	plug->port = port;
	plug->device = g_strdup(device);
	plug->timer = g_timeout_add(timeout_ms, time_over, plug);
	agent->waiting = g_list_append(agent->waiting, plug);
	progress(plug);
	agent_flush_later(agent);
	return true;
}

bool op_unplug(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	const char *device = json_string_value(json_object_get(body, "device"));
	char id[UUID_STRLEN];
	struct uuid port;

	if (device && !json_object_get(body, "port")) {
		const struct uuid *plugged = plugs_port(agent->plugs, device);

		if (!plugged)
			return weft_fail(
				error, NOT_FOUND, "device %s is plugged into no port", device);
		port = *plugged;
	} else if (!op_port_id(body, &port, error)) {
		return false;
	}
	const struct link *link = plugs_device(agent->plugs, &port);
	g_autofree char *name = g_strdup(link ? link->name : "");
	if (!plugs_unplug(agent->plugs, &port, error))
		return false;
	reconcile_flush(&agent->reconcile);
	agent_flush_later(agent); /* for the report */
	control_answer(
		request, json_pack("{s:s,s:s}", "port", uuid_format(&port, id), "device", name));
	return true;
}
