/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bgp/bgp_router.h"

#include <string.h>

#include "model/provider/appliance.h"
#include "model/bgp/bgp_peer.h"
#include "model/bgp/bgp_scope.h"
#include "model/bgp/bgp_speaker_parts.h"
#include "model/router/floating_ip.h"
#include "model/balancer/lb_provider.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/provider/service_map.h"
#include "model/port/service_port.h"

bool bgp_router_is_own(const struct object *router)
{
	char buf[PROVIDER_NAME_MAX + 1];

	return !g_strcmp0(service_other_provider(router, SERVICE_ROUTER, buf), LB_VIRTUAL_ROUTER);
}

static const char *gateway_network(const struct model *model, const struct object *router)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));

	return port ? object_str(port, PORT_NETWORK_ID) : NULL;
}

static const struct object *first_speaker(
	const struct model *model, const char *network, s64 version)
{
	const struct object *speaker, *best = NULL;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_BGP_SPEAKER, BGP_SPEAKER_BY_NETWORK, network, NULL);
	while ((speaker = model_iter_next(&iter)))
		if (object_int(speaker, BGP_SPEAKER_IP_VERSION) == version &&
			strcmp(object_str(speaker, BGP_SPEAKER_PEERS), "[]") != 0 &&
			(!best || memcmp(object_id(speaker), object_id(best), sizeof(struct uuid)) <
					  0))
			best = speaker;
	return best;
}

/* Has the router a speaker of IPv4 that is of another AS? */
static const struct object *other_as(
	const struct model *model, const char *network, const struct object *speaker)
{
	const struct object *first = first_speaker(model, network, 4);

	return first && object_int(first, BGP_SPEAKER_AS) != object_int(speaker, BGP_SPEAKER_AS)
		       ? first
		       : NULL;
}

const struct object *bgp_router_speaker(
	const struct model *model, const struct object *router, s64 version)
{
	const char *network = bgp_router_is_own(router) ? gateway_network(model, router) : NULL;
	const struct object *speaker = network ? first_speaker(model, network, version) : NULL;

	return speaker && !other_as(model, network, speaker) ? speaker : NULL;
}

bool bgp_router_has_peer(const struct object *speaker, const struct object *peer)
{
	return (strchr(object_str(peer, BGP_PEER_IP), ':') ? 6 : 4) ==
	       object_int(speaker, BGP_SPEAKER_IP_VERSION);
}

static void add_floating_ips(
	const struct model *model, const char *router, bool active, GPtrArray *prefixes)
{
	const struct object *floating_ip;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER, router, NULL);
	while ((floating_ip = model_iter_next(&iter)))
		if (!active || object_choice(floating_ip, FLOATING_IP_STATUS) == FLOATING_IP_ACTIVE)
			g_ptr_array_add(
				prefixes, g_strdup_printf("%s/32",
						  object_str(floating_ip, FLOATING_IP_ADDRESS)));
}

static void add_subnets(
	const struct model *model, const struct object *router, s64 version, GPtrArray *prefixes)
{
	const char *scope = bgp_outer_scope(model, gateway_network(model, router), version);
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	/* what is translated is not reached by its own address */
	if (!scope || (version == 4 && object_bool(router, ROUTER_ENABLE_SNAT)))
		return;
	model_iter_init(
		&iter, model, KIND_PORT, PORT_BY_DEVICE, uuid_format(object_id(router), id), NULL);
	while ((port = model_iter_next(&iter)))
		if (port_is_router_interface(port))
			bgp_add_subnets(model, port, scope, version, prefixes);
}

GPtrArray *bgp_router_prefixes(const struct model *model, const struct object *speaker,
	const struct object *router, bool active)
{
	GPtrArray *prefixes = g_ptr_array_new_with_free_func(g_free);
	s64 version = object_int(speaker, BGP_SPEAKER_IP_VERSION);
	char id[UUID_STRLEN];

	if (version == 4 && object_bool(speaker, BGP_SPEAKER_FLOATING_IPS))
		add_floating_ips(model, uuid_format(object_id(router), id), active, prefixes);
	if (object_bool(speaker, BGP_SPEAKER_TENANT_NETWORKS))
		add_subnets(model, router, version, prefixes);
	return prefixes;
}

/* The first address of the version, as the provider takes it for the router's. */
static char *outside_of(const struct model *model, const struct object *router, s64 version)
{
	const struct object *port =
		model_get_text(model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	struct port_ips ips;

	if (!port)
		return NULL;
	ips = port_ips_of(port);
	while (port_ips_next(&ips))
		if (!!strchr(ips.ip_text, ':') == (version == 6))
			return g_strdup(ips.ip_text);
	return NULL;
}

/* Those that have an address to speak from. */
static void add_routers(
	const struct model *model, const char *network, s64 version, GPtrArray *routers)
{
	const struct object *router;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, model, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK, network, NULL);
	while ((router = model_iter_next(&iter))) {
		g_autofree char *outside = NULL;

		if (!bgp_router_is_own(router) ||
			!model_first(model, KIND_APPLIANCE, APPLIANCE_BY_OBJECT,
				uuid_format(object_id(router), id), NULL))
			continue;
		outside = outside_of(model, router, version);
		if (outside)
			g_ptr_array_add(routers, (gpointer)router);
	}
}

GPtrArray *bgp_speaker_routers(const struct model *model, const struct object *speaker)
{
	json_t *networks = object_json(speaker, BGP_SPEAKER_NETWORKS), *network;
	GPtrArray *routers = g_ptr_array_new();
	size_t i;

	json_array_foreach(networks, i, network)
		add_routers(model, json_string_value(network),
			object_int(speaker, BGP_SPEAKER_IP_VERSION), routers);
	json_decref(networks);
	return routers;
}

/* NULL: they have one. The caller's. */
static char *why_no_session(const struct model *model, const struct object *speaker,
	const char *router, const struct object *peer)
{
	char *reason = NULL;

	if (!bgp_router_has_peer(speaker, peer))
		return g_strdup_printf(
			"it is no IPv%d address", (int)object_int(speaker, BGP_SPEAKER_IP_VERSION));
	appliance_tunnel(model, router, "bgp", object_str(peer, BGP_PEER_IP), &reason);
	return reason;
}

/* The first peer that it has a session with (@wanted), or none; NULL: there is no such.
 * *@ret_reason of a peer that it has none with. Both are the caller's. */
static char *find_peer(const struct model *model, const struct object *speaker,
	const struct object *router, bool wanted, char **ret_reason)
{
	json_t *peers = object_json(speaker, BGP_SPEAKER_PEERS), *item;
	char id[UUID_STRLEN], *found = NULL;
	size_t i;

	uuid_format(object_id(router), id);
	json_array_foreach(peers, i, item) {
		const struct object *peer =
			model_get_text(model, KIND_BGP_PEER, json_string_value(item));
		g_autofree char *reason = peer ? why_no_session(model, speaker, id, peer) : NULL;

		if (!found && peer && !reason == wanted) {
			found = g_strdup(object_str(peer, BGP_PEER_IP));
			*ret_reason = g_steal_pointer(&reason);
		}
	}
	json_decref(peers);
	return found;
}

char *bgp_router_next_hop(
	const struct model *model, const struct object *speaker, const struct object *router)
{
	g_autofree char *reason = NULL, *peer = NULL;

	s64 version = object_int(speaker, BGP_SPEAKER_IP_VERSION);

	if (bgp_router_speaker(model, router, version) != speaker)
		return NULL;
	peer = find_peer(model, speaker, router, true, &reason);
	return peer ? outside_of(model, router, version) : NULL;
}

char *bgp_router_complaint(
	const struct model *model, const struct object *speaker, const struct object *router)
{
	const char *network = gateway_network(model, router);
	const struct object *own =
		first_speaker(model, network, object_int(speaker, BGP_SPEAKER_IP_VERSION));
	const struct object *other = own == speaker ? other_as(model, network, speaker) : NULL;
	g_autofree char *reason = NULL, *peer = NULL;
	char id[UUID_STRLEN];

	if (own && own != speaker)
		return g_strdup_printf("its appliance speaks for speaker %s, and for one alone",
			uuid_format(object_id(own), id));
	if (other)
		return g_strdup_printf(
			"its appliance speaks for speaker %s, of AS %" G_GINT64_FORMAT
			", and is of one AS alone",
			uuid_format(object_id(other), id),
			(gint64)object_int(other, BGP_SPEAKER_AS));
	peer = find_peer(model, speaker, router, false, &reason);
	return peer ? g_strdup_printf("no session with %s (%s)", peer, reason) : NULL;
}
