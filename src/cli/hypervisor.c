/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/hypervisor.h"

#include <string.h>

#include "cli/agent_client.h"
#include "cli/resolve.h"
#include "model/port/port.h"

static const char *socket_pattern(const struct cli *cli)
{
	const char *environment = g_getenv("WEFT_AGENT_SOCKET");

	return cli_option_or(
		cli, "socket", environment && *environment ? environment : AGENT_SOCKET_DEFAULT);
}

static char *fill_pattern(const char *pattern, const char *host, GError **error)
{
	g_auto(GStrv) parts = g_strsplit(pattern, "%h", 0);

	if (parts[0] && parts[1] && (!host || !*host)) {
		cli_usage(error,
			"on which host? the agent's socket is %s; give --host, or a port that is bound to one",
			pattern);
		return NULL;
	}
	return g_strjoinv(host ? host : "", parts);
}

/* Without a controller: the name is looked for among the ports that the agent knows. */
static char *id_from_agent(const char *socket, const char *name, GError **error)
{
	json_t *result = agent_call(
		       socket, json_pack("{s:s,s:s}", "op", "view", "kind", "port"), error),
	       *record;
	char *found = NULL;
	unsigned n = 0;
	size_t i;

	if (!result)
		return NULL;
	json_array_foreach(json_object_get(result, "records"), i, record) {
		json_t *record_name = json_object_get(json_object_get(record, "data"), "name");

		if (g_strcmp0(json_string_value(record_name), name))
			continue;
		n++;
		g_free(found);
		found = g_strdup(json_string_value(json_object_get(record, "id")));
	}
	json_decref(result);
	if (n > 1) {
		g_clear_pointer(&found, g_free);
		weft_fail(error, CONFLICT,
			"%u ports of this host are called '%s'; say which by its id", n, name);
	} else if (!n) {
		weft_fail(error, PORT_NOT_FOUND,
			"no port that is bound to this host is called '%s'", name);
	}
	return found;
}

/* The controller's port: its id, and the host that it is bound to. */
static bool ask_controller(
	struct cli *cli, const char *port, char **ret_id, char **ret_host, GError **error)
{
	struct client *client = cli_client(cli, error);
	json_t *object = client ? resolve_object(client, &port_kind, port, NULL, error) : NULL;

	if (!object)
		return false;
	*ret_id = g_strdup(json_string_value(json_object_get(object, "id")));
	*ret_host = g_strdup(json_string_value(json_object_get(object, "binding:host_id")));
	json_decref(object);
	return true;
}

bool hypervisor_find(
	struct cli *cli, const char *port, const char *host, struct hypervisor *ret, GError **error)
{
	const char *pattern = socket_pattern(cli);
	g_autofree char *id = NULL, *bound_host = NULL;
	bool is_id = port && g_uuid_string_is_valid(port);
	bool need_host = strstr(pattern, "%h") && !host;

	if (port && cli_has_controller(cli) && (!is_id || need_host)) {
		if (!ask_controller(cli, port, &id, &bound_host, error))
			return false;
	} else if (is_id) {
		id = g_ascii_strdown(port, -1);
	}
	g_autofree char *socket = fill_pattern(pattern, host ? host : bound_host, error);

	if (!socket || (port && !id && !(id = id_from_agent(socket, port, error))))
		return false;
	ret->socket = g_steal_pointer(&socket);
	ret->port_id = g_steal_pointer(&id);
	return true;
}

void hypervisor_clear(struct hypervisor *hypervisor)
{
	g_free(hypervisor->socket);
	g_free(hypervisor->port_id);
}

json_t *hypervisor_port(const struct hypervisor *hypervisor, GError **error)
{
	json_t *result = agent_call(hypervisor->socket,
		json_pack("{s:s,s:s}", "op", "ports", "port", hypervisor->port_id), error);
	json_t *port =
		result ? json_incref(json_array_get(json_object_get(result, "ports"), 0)) : NULL;

	if (result && !port)
		weft_fail(error, PORT_NOT_FOUND, "port %s is not on the host of %s",
			hypervisor->port_id, hypervisor->socket);
	json_decref(result);
	return port;
}
