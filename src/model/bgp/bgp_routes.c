/* SPDX-License-Identifier: Apache-2.0 */
/* What a speaker's hosts announce, made from the model as their agents make it from their views
 * (src/agent/bgp), of the hosts that say that they have a session; and what appliances of routers
 * are told to, of those that say so. */
#include <string.h>

#include "base/addr.h"
#include "model/bgp/bgp_router.h"
#include "model/bgp/bgp_scope.h"
#include "model/bgp/bgp_speaker_parts.h"
#include "model/router/floating_ip.h"
#include "model/router/gateway_hosts.h"
#include "model/host/host.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/port/service_port.h"

struct listing {
	const struct model *model;
	const struct object *speaker;
	s64 version;
	GHashTable *addresses; /* id of each host with a session → its address there */
	json_t *routes;
};

static void add(struct listing *l, const char *destination, const char *next_hop)
{
	json_array_append_new(l->routes,
		json_pack("{s:s, s:s}", "destination", destination, "next_hop", next_hop));
}

static void add_all(struct listing *l, const GPtrArray *prefixes, const char *next_hop)
{
	for (guint i = 0; i < prefixes->len; i++)
		add(l, prefixes->pdata[i], next_hop);
}

/* Does its router's appliance have it, and no host? */
static bool is_routers(const struct listing *l, const struct object *floating_ip)
{
	const struct object *router = model_get_text(
		l->model, KIND_ROUTER, object_str(floating_ip, FLOATING_IP_ROUTER_ID));

	return router && bgp_router_is_own(router);
}

static void add_floating_ips(struct listing *l, const char *network)
{
	const struct object *floating_ip, *port, *host;
	struct model_iter iter;
	const char *address;

	model_iter_init(&iter, l->model, KIND_FLOATING_IP, FLOATING_IP_BY_NETWORK, network, NULL);
	while ((floating_ip = model_iter_next(&iter))) {
		port = model_get_text(
			l->model, KIND_PORT, object_str(floating_ip, FLOATING_IP_PORT_ID));
		if (!port || object_choice(floating_ip, FLOATING_IP_STATUS) != FLOATING_IP_ACTIVE ||
			is_routers(l, floating_ip))
			continue;
		host = model_first(
			l->model, KIND_HOST, HOST_BY_NAME, object_str(port, PORT_HOST_ID), NULL);
		address = host ? g_hash_table_lookup(l->addresses, object_id(host)) : NULL;
		if (address) {
			g_autofree char *prefix = g_strdup_printf(
				"%s/32", object_str(floating_ip, FLOATING_IP_ADDRESS));

			add(l, prefix, address);
		}
	}
}

/* The gateway's first address of the speaker's version; false: none. */
static bool next_hop_of(
	const struct listing *l, const struct object *router, char ret[static IP_STRLEN])
{
	const struct object *port =
		model_get_text(l->model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	struct port_ips ips;

	if (!port)
		return false;
	ips = port_ips_of(port);
	while (port_ips_next(&ips))
		if (!!strchr(ips.ip_text, ':') == (l->version == 6)) {
			g_strlcpy(ret, ips.ip_text, IP_STRLEN);
			return true;
		}
	return false;
}

static bool has_session(const struct listing *l, const struct object *router)
{
	const struct object *port =
		model_get_text(l->model, KIND_PORT, object_str(router, ROUTER_GATEWAY_PORT_ID));
	const struct object *host = port ? model_first(l->model, KIND_HOST, HOST_BY_NAME,
						   object_str(port, PORT_HOST_ID), NULL)
					 : NULL;

	return host && g_hash_table_contains(l->addresses, object_id(host));
}

static void add_router(struct listing *l, const struct object *router, const char *scope)
{
	g_autoptr(GPtrArray) prefixes = NULL;
	char next_hop[IP_STRLEN], id[UUID_STRLEN];
	const struct object *port;
	struct model_iter iter;

	/* what is translated is not reached by its own address */
	if ((l->version == 4 && object_bool(router, ROUTER_ENABLE_SNAT)) ||
		bgp_router_is_own(router) || !has_session(l, router) ||
		!next_hop_of(l, router, next_hop))
		return;
	prefixes = g_ptr_array_new_with_free_func(g_free);
	model_iter_init(&iter, l->model, KIND_PORT, PORT_BY_DEVICE,
		uuid_format(object_id(router), id), NULL);
	while (scope && (port = model_iter_next(&iter)))
		if (port_is_router_interface(port))
			bgp_add_subnets(l->model, port, scope, l->version, prefixes);
	if (l->version == 6)
		router_prefixes_announce(router, prefixes);
	add_all(l, prefixes, next_hop);
}

/* What routers announce by themselves. */
static void add_own(struct listing *l)
{
	g_autoptr(GPtrArray) routers = bgp_speaker_routers(l->model, l->speaker);

	for (guint i = 0; i < routers->len; i++) {
		g_autofree char *next_hop =
			bgp_router_next_hop(l->model, l->speaker, routers->pdata[i]);
		g_autoptr(GPtrArray) prefixes = NULL;

		if (!next_hop)
			continue;
		prefixes = bgp_router_prefixes(l->model, l->speaker, routers->pdata[i], true);
		add_all(l, prefixes, next_hop);
	}
}

static void add_routers(struct listing *l, const char *network)
{
	const char *scope = bgp_outer_scope(l->model, network, l->version);
	const struct object *router;
	struct model_iter iter;

	model_iter_init(&iter, l->model, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK, network, NULL);
	while ((router = model_iter_next(&iter)))
		add_router(l, router, scope);
}

/* Hosts of the speaker with a session. */
static GHashTable *sessions(const struct model *model, const struct object *speaker)
{
	GHashTable *addresses = g_hash_table_new_full(uuid_hash, uuid_equal, NULL, g_free);
	g_autoptr(GPtrArray) hosts = bgp_speaker_hosts(model, speaker);
	char id[UUID_STRLEN];

	uuid_format(object_id(speaker), id);
	for (guint i = 0; i < hosts->len; i++) {
		json_t *said = host_is_alive(model, hosts->pdata[i])
				       ? bgp_said(model, hosts->pdata[i], id)
				       : NULL;
		const char *address = bgp_said_address(said);

		if (address)
			g_hash_table_insert(
				addresses, (gpointer)object_id(hosts->pdata[i]), g_strdup(address));
		json_decref(said);
	}
	return addresses;
}

bool bgp_advertised_routes(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error)
{
	g_autoptr(GHashTable) addresses = sessions(txn_model(txn), speaker);
	struct listing l = { txn_model(txn), speaker, object_int(speaker, BGP_SPEAKER_IP_VERSION),
		addresses, json_array() };
	json_t *networks = object_json(speaker, BGP_SPEAKER_NETWORKS), *network;
	size_t i;

	(void)body;
	(void)error;
	json_array_foreach(networks, i, network) {
		const char *id = json_string_value(network);

		if (object_bool(speaker, BGP_SPEAKER_FLOATING_IPS) && l.version == 4)
			add_floating_ips(&l, id);
		if (object_bool(speaker, BGP_SPEAKER_TENANT_NETWORKS))
			add_routers(&l, id);
	}
	add_own(&l);
	json_decref(networks);
	*ret_answer = json_pack("{s:o}", "advertised_routes", l.routes);
	return true;
}
