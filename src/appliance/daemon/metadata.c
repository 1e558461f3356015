/* SPDX-License-Identifier: Apache-2.0 */
#include "appliance/daemon/metadata.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "appliance/document/document_metadata.h"
#include "base/log.h"
#include "http/server.h"
#include "metadata/serve.h"

#define CONNECTIONS_MAX 512
#define IDLE_S 10

DEFINE_AUTOPTR(json_t, json_decref)

struct caller {
	const struct document_metadata_network *network;
	const struct document_metadata_port *port;
};

struct service {
	const char *path;
	struct stat seen; /* of the file that was read */
	GMainLoop *loop;
	struct document_metadata metadata;
	GHashTable *callers; /* struct ip to struct caller */
};

static void add_port(GHashTable *callers, const struct document_metadata_network *network,
	const struct document_metadata_port *port)
{
	const struct caller caller = { network, port };

	for (guint i = 0; i < port->addresses->len; i++)
		g_hash_table_insert(callers, &g_array_index(port->addresses, struct ip, i),
			g_memdup2(&caller, sizeof(caller)));
}

static GHashTable *callers_of(const struct document_metadata *metadata)
{
	GHashTable *callers = g_hash_table_new_full(ip_hash, ip_equal, NULL, g_free);

	for (guint n = 0; n < metadata->networks->len; n++) {
		const struct document_metadata_network *network =
			&g_array_index(metadata->networks, struct document_metadata_network, n);

		for (guint i = 0; i < network->ports->len; i++)
			add_port(callers, network,
				&g_array_index(network->ports, struct document_metadata_port, i));
	}
	return callers;
}

static bool read_file(const char *path, struct document_metadata *ret, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(json_t) json = NULL;
	const char *begin;

	if (!g_file_get_contents(path, &text, NULL, error))
		return false;
	begin = strchr(text, '\n'); /* the first line says what the file is */
	json = begin ? json_loads(begin, JSON_REJECT_DUPLICATES, NULL) : NULL;
	if (!json)
		return weft_fail(error, INVALID_INPUT, "%s: no JSON in it", path);
	return document_read_metadata(json, ret, error);
}

/* What was known stays when the file can't be read. */
static bool load(struct service *service, GError **error)
{
	struct document_metadata metadata;

	if (stat(service->path, &service->seen))
		return weft_fail_errno(error, errno, "look at %s", service->path);
	document_metadata_init(&metadata);
	if (!read_file(service->path, &metadata, error)) {
		document_metadata_clear(&metadata);
		return false;
	}
	g_clear_pointer(&service->callers, g_hash_table_unref);
	document_metadata_clear(&service->metadata);
	service->metadata = metadata;
	service->callers = callers_of(&service->metadata);
	return true;
}

static const struct service_subnet *subnet_of(
	const struct document_metadata_network *network, const struct ip *ip)
{
	for (guint i = 0; i < network->subnets->len; i++) {
		const struct document_metadata_subnet *one =
			&g_array_index(network->subnets, struct document_metadata_subnet, i);

		if (prefix_contains(&one->subnet.cidr, ip))
			return &one->subnet;
	}
	return NULL;
}

static GArray *addresses_of(const struct caller *caller)
{
	GArray *addresses = g_array_new(FALSE, FALSE, sizeof(struct service_address));

	for (guint i = 0; i < caller->port->addresses->len; i++) {
		struct service_address one = { .ip = g_array_index(
						       caller->port->addresses, struct ip, i) };

		one.subnet = subnet_of(caller->network, &one.ip);
		if (one.subnet)
			g_array_append_val(addresses, one);
	}
	return addresses;
}

static const char *text_of(const struct caller *caller, const char *key)
{
	return json_string_value(json_object_get(caller->port->json, key));
}

static void answer(struct http_request *request, const struct caller *caller)
{
	g_autoptr(GArray) addresses = addresses_of(caller);
	const struct service_port port = {
		.id = caller->port->id,
		.network_id = caller->network->id,
		.mac = caller->port->mac,
		.addresses = (const struct service_address *)(void *)addresses->data,
		.n_addresses = addresses->len,
		.mtu_bytes = caller->network->mtu,
		.dns_name = text_of(caller, "dns_name"),
	};
	const struct metadata_guest guest = {
		.port = &port,
		.device_id = text_of(caller, "device_id"),
		.project_id = text_of(caller, "project_id"),
		.name = text_of(caller, "name"),
		.zone = METADATA_ZONE,
		.given = json_object_get(caller->port->json, "given"),
	};

	metadata_serve(request, &guest);
}

/* A changed one is another one: it is written beside it, and renamed. By a signal instead, one that
 * comes while this process begins would end it. */
static void read_another(struct service *service)
{
	g_autoptr(GError) error = NULL;
	struct stat now;

	if (!stat(service->path, &now) && now.st_ino == service->seen.st_ino &&
		now.st_mtim.tv_sec == service->seen.st_mtim.tv_sec &&
		now.st_mtim.tv_nsec == service->seen.st_mtim.tv_nsec)
		return;
	if (!load(service, &error))
		log_limited(warning, "%s", error->message);
}

static void handle(struct http_request *request, void *user)
{
	struct service *service = user;
	const struct caller *caller;
	struct ip peer;

	read_another(service);
	caller =
		metadata_peer(request, &peer) ? g_hash_table_lookup(service->callers, &peer) : NULL;
	if (caller)
		answer(request, caller);
	else
		metadata_serve(request, NULL);
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_CONTINUE;
}

/* It listens already; nothing that a guest may do to this process gives it more. */
static bool drop_powers(GError **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return !syscall(SYS_capset, &header, none) ||
	       weft_fail_errno(error, errno, "drop capabilities");
}

static bool serve(struct service *service, GError **error)
{
	const struct http_server_config config = {
		.listen = METADATA_ADDRESS ":80",
		.body_max = 1024,
		.connections_max = CONNECTIONS_MAX,
		.idle_s = IDLE_S,
		.handler = handle,
		.user = service,
	};
	g_autoptr(http_server) server = http_server_new(&config, error);

	if (!server || !drop_powers(error))
		return false;
	g_main_loop_run(service->loop);
	return true;
}

bool metadata_run(const char *path, GError **error)
{
	struct service service = { .path = path, .loop = g_main_loop_new(NULL, FALSE) };
	bool ok;

	document_metadata_init(&service.metadata);
	g_unix_signal_add(SIGTERM, quit, service.loop);
	ok = load(&service, error) && serve(&service, error);
	g_clear_pointer(&service.callers, g_hash_table_unref);
	document_metadata_clear(&service.metadata);
	g_main_loop_unref(service.loop);
	return ok;
}
