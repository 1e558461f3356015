/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/metadata.h"

#include "agent/metadata/relay.h"
#include "agent/service_port.h"
#include "http/server.h"
#include "metadata/serve.h"

#define CONNECTIONS_MAX 512
#define IDLE_S 10

struct metadata {
	const struct desired *desired;
	struct relay *relay;
	struct http_server *servers[2]; /* IPv4, IPv6; NULL: none */
};

/* The port of whom a request is from, by the peer of its connection. */
static const struct port *asker(const struct metadata *metadata, const struct http_request *request)
{
	const struct port *port;
	struct uuid id;
	struct ip peer;

	if (!metadata_peer(request, &peer) || !relay_who(metadata->relay, &peer, &id))
		return NULL;
	port = desired_port(metadata->desired, &id);
	return port && port->known && port->network->known && port->network->metadata ? port : NULL;
}

static void answer_to(
	const struct metadata *metadata, const struct port *port, struct http_request *request)
{
	struct service_port_owned *owned = service_port_of(metadata->desired, port);
	json_t *given = port->record.metadata ? json_loads(port->record.metadata, 0, NULL) : NULL;
	const struct metadata_guest guest = {
		.port = &owned->port,
		.device_id = port->record.device_id,
		.project_id = port->record.project_id,
		.name = port->record.name,
		.zone = METADATA_ZONE,
		.given = given,
	};

	metadata_serve(request, &guest);
	json_decref(given);
	service_port_owned_free(owned);
}

static void handle(struct http_request *request, void *user)
{
	const struct metadata *metadata = user;
	const struct port *port = asker(metadata, request);

	if (port)
		answer_to(metadata, port, request);
	else
		metadata_serve(request, NULL);
}

static bool serve(struct metadata *metadata, const int listeners[static 2], GError **error)
{
	for (unsigned i = 0; i < 2; i++) {
		g_autofree char *listen = g_strdup_printf("fd:%d", listeners[i]);
		const struct http_server_config config = {
			.listen = listen,
			.body_max = 1024,
			.connections_max = CONNECTIONS_MAX,
			.idle_s = IDLE_S,
			.handler = handle,
			.user = metadata,
		};

		if (listeners[i] < 0)
			continue;
		metadata->servers[i] = http_server_new(&config, error);
		if (!metadata->servers[i])
			return false;
	}
	return true;
}

struct metadata *metadata_new(
	const struct desired *desired, metadata_send_fn send, void *user, GError **error)
{
	struct metadata *metadata = g_new0(struct metadata, 1);
	int listeners[2];

	metadata->desired = desired;
	metadata->relay = relay_new(send, user, listeners, error);
	if (metadata->relay && serve(metadata, listeners, error))
		return metadata;
	metadata_free(metadata);
	return NULL;
}

void metadata_free(struct metadata *metadata)
{
	if (!metadata)
		return;
	for (unsigned i = 0; i < 2; i++)
		g_clear_pointer(&metadata->servers[i], http_server_free);
	g_clear_pointer(&metadata->relay, relay_free);
	g_free(metadata);
}

void metadata_frame(struct metadata *metadata, const struct uuid *port, const u8 *frame, size_t len)
{
	relay_frame(metadata->relay, port, frame, len);
}

void metadata_port_gone(struct metadata *metadata, const struct uuid *port)
{
	relay_port_gone(metadata->relay, port);
}
