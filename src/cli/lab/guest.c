/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lab/guest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/agent_client.h"
#include "guest-kit.h"
#include "cli/lab/process.h"
#include "cli/lab/run.h"
#include "cli/resolve.h"
#include "cli/wait.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/network/subnet.h"

#define STOP_MS 2000

GBytes *guest_kit(const char *name)
{
	g_autofree char *path = g_build_filename("/weft/lab", name, NULL);
	GBytes *bytes = g_resource_lookup_data(guest_kit_get_resource(), path, 0, NULL);

	g_assert(bytes); /* it is in this program */
	return bytes;
}

bool guest_kit_write(const char *name, const char *path, GError **error)
{
	g_autoptr(GBytes) bytes = guest_kit(name);
	size_t len;
	const char *text = g_bytes_get_data(bytes, &len);

	return g_file_set_contents_full(
		path, text, (gssize)len, G_FILE_SET_CONTENTS_CONSISTENT, 0755, error);
}

char *guest_agent_socket(const struct lab *lab, unsigned host)
{
	return lab_path(lab, "h%u/run/agent.sock", host);
}

/* Calls the API with @body taken over; the inner object of the answer, a new reference. */
static json_t *create(struct client *client, const struct kind *kind, json_t *body, GError **error)
{
	json_t *wrapped = json_pack("{s:o}", kind->singular, body);
	g_autofree char *path = resolve_path(kind, NULL, NULL);
	json_t *answer = client_call(client, "POST", path, wrapped, error);
	json_t *object = answer ? json_incref(json_object_get(answer, kind->singular)) : NULL;

	json_decref(wrapped);
	json_decref(answer);
	return object;
}

static void set_project(json_t *body, const struct guest_wish *wish)
{
	if (wish->project)
		json_object_set_new(body, "project_id", json_string(wish->project));
}

/* The id of the wished network, which is made if a range was given for it. */
static char *find_network(struct client *client, const struct guest_wish *wish, GError **error)
{
	g_autoptr(GError) problem = NULL;
	char *id = resolve_id(client, &network_kind, wish->network, wish->project, &problem);

	if (id)
		return id;
	if (!g_error_matches(problem, WEFT_ERROR, WEFT_ERROR_NOT_FOUND) || !wish->subnet_range) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return NULL;
	}
	json_t *body = json_pack("{s:s}", "name", wish->network);

	set_project(body, wish);
	json_t *network = create(client, &network_kind, body, error);

	if (!network)
		return NULL;
	id = g_strdup(json_string_value(json_object_get(network, "id")));
	json_decref(network);
	body = json_pack("{s:s,s:s,s:s,s:i}", "name", wish->network, "network_id", id, "cidr",
		wish->subnet_range, "ip_version", strchr(wish->subnet_range, ':') ? 6 : 4);
	set_project(body, wish);
	if (strchr(wish->subnet_range, ':')) {
		json_object_set_new(body, "ipv6_ra_mode", json_string("slaac"));
		json_object_set_new(body, "ipv6_address_mode", json_string("slaac"));
	}
	json_t *subnet = create(client, &subnet_kind, body, error);

	if (!subnet)
		g_clear_pointer(&id, g_free);
	json_decref(subnet);
	return id;
}

static json_t *make_port(struct client *client, const struct guest_wish *wish, GError **error)
{
	g_autofree char *network = find_network(client, wish, error),
			*host = g_strdup_printf("h%u", wish->host);

	if (!network)
		return NULL;
	json_t *body = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s}", "name", wish->name, "network_id",
		network, "binding:host_id", host, "device_owner", "compute:lab", "device_id",
		wish->name, "dns_name", wish->name);

	set_project(body, wish);
	if (wish->fixed_ip)
		json_object_set_new(
			body, "fixed_ips", json_pack("[{s:s}]", "ip_address", wish->fixed_ip));
	return create(client, &port_kind, body, error);
}

/* An existing port, bound to the host. */
static json_t *take_port(struct client *client, const struct guest_wish *wish, GError **error)
{
	g_autofree char *host = g_strdup_printf("h%u", wish->host);
	json_t *port = resolve_object(client, &port_kind, wish->port, wish->project, error);

	if (!port)
		return NULL;
	g_autofree char *path =
		g_strdup_printf("/v2.0/ports/%s", json_string_value(json_object_get(port, "id")));
	json_t *body = json_pack("{s:{s:s}}", "port", "binding:host_id", host);
	json_t *answer = client_call(client, "PUT", path, body, error);

	json_decref(port);
	port = answer ? json_incref(json_object_get(answer, "port")) : NULL;
	json_decref(body);
	json_decref(answer);
	return port;
}

static struct guest *guest_of(const struct guest_wish *wish, const json_t *port)
{
	struct guest *guest = g_new0(struct guest, 1);

	guest->name = g_strdup(wish->name);
	guest->host = wish->host;
	guest->vm = wish->kind == GUEST_VM;
	guest->own_port = wish->port == NULL;
	guest->device = g_strdup_printf("%s-%s", guest->vm ? "t" : "v", wish->name);
	guest->port_id = g_strdup(json_string_value(json_object_get(port, "id")));
	guest->port_name = g_strdup(json_string_value(json_object_get(port, "name")));
	guest->mac = g_strdup(json_string_value(json_object_get(port, "mac_address")));
	return guest;
}

static bool start(const struct lab *lab, const struct guest *guest, struct client *client,
	const json_t *port, const struct guest_wish *wish, GError **error)
{
	u64 timeout_s = wish->timeout_ms / 1000;

	if (guest->vm)
		return guest_vm_start(lab, guest, wish, error) &&
		       wait_for_port(client, guest->port_id, "ACTIVE", timeout_s, error);
	return guest_netns_start(lab, guest, client, port, wish, error) &&
	       wait_for_port(client, guest->port_id, "ACTIVE", timeout_s, error);
}

bool guest_make(
	const struct lab *lab, const struct guest_wish *wish, json_t **ret_port, GError **error)
{
	g_autofree char *url = lab_url(lab), *dir = lab_path(lab, "guest-%s", wish->name);
	g_autoptr(client) client = client_new(url, lab->token, NULL, error);
	json_t *port;

	if (!client || !guest_check_name(wish->name, error))
		return false;
	if (g_mkdir(dir, 0700) < 0)
		return weft_fail(error, CONFLICT,
			"lab '%s' has a guest '%s' already; 'weft lab remove %s' removes it",
			lab->name, wish->name, wish->name);
	port = wish->port ? take_port(client, wish, error) : make_port(client, wish, error);
	if (!port) {
		g_rmdir(dir);
		return false;
	}
	g_autoptr(guest) guest = guest_of(wish, port);

	if (!guest_save(lab, guest, error) || !start(lab, guest, client, port, wish, error)) {
		json_decref(port);
		guest_remove(lab, guest, NULL);
		return false;
	}
	json_decref(port);
	*ret_port = resolve_object(client, &port_kind, guest->port_id, NULL, error);
	return *ret_port != NULL;
}

bool guest_stop(const struct lab *lab, const char *name, GError **error)
{
	static const char *const records[] = { "qemu.pid", "udhcpc.pid", "dhclient6.pid" };

	for (size_t i = 0; i < G_N_ELEMENTS(records); i++) {
		g_autofree char *path = lab_path(lab, "guest-%s/%s", name, records[i]);

		if (!process_stop(path, SIGTERM, STOP_MS, error))
			return false;
	}
	return true;
}

static void delete_port(const struct lab *lab, const struct guest *guest)
{
	g_autofree char *url = lab_url(lab),
			*path = g_strdup_printf("/v2.0/ports/%s", guest->port_id);
	g_autoptr(client) client = client_new(url, lab->token, NULL, NULL);
	json_t *answer = client_call(client, "DELETE", path, NULL, NULL); /* may be gone already */

	json_decref(answer);
}

bool guest_remove(const struct lab *lab, const struct guest *guest, GError **error)
{
	g_autofree char *netns = lab_netns(lab, guest->name),
			*host_netns = lab_host_netns(lab, guest->host);
	g_autofree char *netns_path = g_build_filename("/run/netns", netns, NULL);
	g_autofree char *etc = g_build_filename("/etc/netns", netns, NULL),
			*dir = lab_path(lab, "guest-%s", guest->name);
	g_autofree char *socket = guest_agent_socket(lab, guest->host);

	if (!guest_stop(lab, guest->name, error))
		return false;
	json_decref(agent_call(
		socket, json_pack("{s:s,s:s}", "op", "unplug", "port", guest->port_id), NULL));
	if (guest->own_port)
		delete_port(lab, guest);
	if (g_file_test(netns_path, G_FILE_TEST_EXISTS) &&
		(!process_stop_netns(netns, error) ||
			!run(error, "ip", "netns", "delete", netns, NULL)))
		return false;
	/* The veth goes with its other end a moment later, so it may be gone or not. */
	run_ip(NULL, host_netns, "link delete %s\n", guest->device);
	return run(error, "rm", "-rf", "--one-file-system", etc, dir, NULL);
}
