/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which attachments there have to be. A change marks the networks and routers that it is about;
 * shortly after, each of them is looked at as it is then: its service map against its attachments.
 */
#include <string.h>

#include "base/log.h"
#include "controller/provider/appliance.h"
#include "controller/provider/providers_impl.h"
#include "model/provider/flavor.h"
#include "model/vpn/gre_tunnel.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/router/floating_ip.h"
#include "model/balancer/lb_listener.h"
#include "model/balancer/lb_provider.h"
#include "model/balancer/lb_status.h"
#include "model/network/network.h"
#include "model/router/port_forwarding.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"
#include "model/vpn/wireguard_peer.h"

#define SETTLE_MS 20 /* changes that come together are one call */

/* The services of a subject at one provider. */
struct wanted {
	char provider[PROVIDER_NAME_MAX + 1];
	unsigned services;
};

struct look {
	struct providers *providers;
	struct txn *txn;
	const struct object *subject; /* NULL: gone */
	char id[UUID_STRLEN];
	GArray *wanted;
};

static char *services_text(unsigned services)
{
	json_t *list = json_array();
	char *text;

	for (unsigned i = 0; i < N_SERVICES; i++)
		if (services & SERVICE_BIT(i))
			json_array_append_new(list, json_string(service_name(i)));
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	return text;
}

static void want(const char *provider, unsigned services, void *user)
{
	struct look *look = user;
	struct wanted wanted = { .services = services };

	g_strlcpy(wanted.provider, provider, sizeof(wanted.provider));
	g_array_append_val(look->wanted, wanted);
}

/* 0: nothing is wanted of that provider. */
static unsigned wanted_of(const struct look *look, const char *provider)
{
	for (guint i = 0; i < look->wanted->len; i++) {
		const struct wanted *wanted = &g_array_index(look->wanted, struct wanted, i);

		if (!strcmp(wanted->provider, provider))
			return wanted->services;
	}
	return 0;
}

static void put(struct look *look, struct object *draft)
{
	g_autoptr(GError) error = NULL;

	if (!txn_put(look->txn, draft, &error))
		log_limited(warning, "provider: %s", error->message);
}

static void end_appliances(struct look *look, const struct object *attachment)
{
	g_autoptr(GError) error = NULL;
	bool waits;

	if (!appliances_follow(look->txn, attachment, NULL, &waits, &error))
		log_limited(warning, "provider: %s", error->message);
}

/* Attachments that there are: with other services, or to be ended, or wanted again. */
static void look_at_old(struct look *look, const struct object *attachment)
{
	unsigned services = wanted_of(look, object_str(attachment, ATTACHMENT_PROVIDER));
	bool ends = object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_PENDING_DELETE;
	g_autofree char *text = services_text(services);
	struct object *draft;

	if (!services == ends &&
		(ends || !strcmp(object_str(attachment, ATTACHMENT_SERVICES), text)))
		return;
	draft = object_edit(attachment);
	if (services) {
		object_set_str(draft, ATTACHMENT_SERVICES, text);
		object_set_choice(draft, ATTACHMENT_STATUS, ATTACHMENT_BUILD);
	} else {
		object_set_choice(draft, ATTACHMENT_STATUS, ATTACHMENT_PENDING_DELETE);
		object_set_str(draft, ATTACHMENT_EDGE, "{}");
		object_set_str(draft, ATTACHMENT_APPLIANCES, "[]");
	}
	object_set_str(draft, ATTACHMENT_STATUS_REASON, "");
	put(look, draft);
	if (!services)
		end_appliances(look, attachment);
}

static void make(struct look *look, const struct wanted *wanted)
{
	bool router = object_kind(look->subject) == &router_kind;
	g_autofree char *text = services_text(wanted->services);
	struct object *draft = object_new(&service_attachment_kind, NULL);

	object_set_str(draft, SLOT_PROJECT_ID, object_str(look->subject, SLOT_PROJECT_ID));
	object_set_str(draft, ATTACHMENT_PROVIDER, wanted->provider);
	object_set_str(draft, ATTACHMENT_SERVICES, text);
	object_set_str(draft, ATTACHMENT_OBJECT_TYPE, router ? "router" : "network");
	object_set_str(draft, ATTACHMENT_OBJECT_ID, look->id);
	put(look, draft);
}

static void look_at(struct providers *providers, struct txn *txn, const struct uuid *id)
{
	struct look look = { .providers = providers, .txn = txn };
	const struct object *attachment;
	struct model_iter iter;

	uuid_format(id, look.id);
	look.wanted = g_array_new(FALSE, FALSE, sizeof(struct wanted));
	look.subject = model_get(providers->model, KIND_NETWORK, id)
			       ?: model_get(providers->model, KIND_ROUTER, id);
	if (look.subject)
		service_map_each(look.subject, want, &look);
	model_iter_init(&iter, providers->model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT,
		look.id, NULL);
	while ((attachment = model_iter_next(&iter)))
		look_at_old(&look, attachment);
	for (guint i = 0; i < look.wanted->len; i++) {
		const struct wanted *wanted = &g_array_index(look.wanted, struct wanted, i);

		if (!model_first(providers->model, KIND_SERVICE_ATTACHMENT,
			    ATTACHMENT_BY_OBJECT_PROVIDER, look.id, wanted->provider, NULL))
			make(&look, wanted);
	}
	attach_idle_balancers(txn, providers->model, look.id);
	g_array_unref(look.wanted);
}

static void run_all_of(struct providers *providers, const struct uuid *subject)
{
	const struct object *attachment;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, providers->model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT,
		uuid_format(subject, id), NULL);
	while ((attachment = model_iter_next(&iter)))
		work_run(providers, object_id(attachment), false);
}

static gboolean settle(gpointer data)
{
	struct providers *providers = data;
	g_autoptr(GHashTable) subjects = g_steal_pointer(&providers->subjects);
	struct txn *txn = txn_new(providers->model, &providers_itself);
	GHashTableIter iter;
	gpointer id;

	providers->settle = 0;
	providers->subjects = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	g_hash_table_iter_init(&iter, subjects);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		look_at(providers, txn, id);
	if (txn_is_empty(txn))
		txn_free(txn);
	else
		commit_submit(providers->commit, txn, NULL, NULL);
	g_hash_table_iter_init(&iter, subjects);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		run_all_of(providers, id);
	return G_SOURCE_REMOVE;
}

void attach_look_at(struct providers *providers, const struct uuid *subject)
{
	g_hash_table_add(providers->subjects, g_memdup2(subject, sizeof(*subject)));
	if (!providers->settle)
		providers->settle = g_timeout_add(SETTLE_MS, settle, providers);
}

static void look_at_text(struct providers *providers, const char *id)
{
	struct uuid uuid;

	if (id && uuid_parse(id, &uuid))
		attach_look_at(providers, &uuid);
}

/* The routers with an interface on the subnet. */
static void look_at_routers_of(struct providers *providers, const struct uuid *subnet)
{
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, providers->model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
		uuid_format(subnet, id), NULL);
	while ((port = model_iter_next(&iter)))
		look_at_text(providers, object_str(port, PORT_DEVICE_ID));
}

/* The routers that a port's network is joined by. */
static void look_at_routers_near(struct providers *providers, const struct object *port)
{
	struct port_ips ips = port_ips_of(port);
	struct uuid subnet;

	while (port_ips_next(&ips))
		if (uuid_parse(ips.subnet_id, &subnet))
			look_at_routers_of(providers, &subnet);
}

static void look_at_routers_on(struct providers *providers, const struct object *network)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, providers->model, KIND_SUBNET, SUBNET_BY_NETWORK,
		uuid_format(object_id(network), id), NULL);
	while ((subnet = model_iter_next(&iter)))
		look_at_routers_of(providers, object_id(subnet));
}

/* Who serves them may change with the router. */
static void look_at_networks_of(struct providers *providers, const struct object *router)
{
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, providers->model, KIND_PORT, PORT_BY_DEVICE,
		uuid_format(object_id(router), id), NULL);
	while ((port = model_iter_next(&iter)))
		if (port_is_router_interface(port))
			look_at_text(providers, object_str(port, PORT_NETWORK_ID));
}

static void look_at_router_of_floating_ip(struct providers *providers, const char *id)
{
	const struct object *floating_ip = model_get_text(providers->model, KIND_FLOATING_IP, id);

	if (floating_ip)
		look_at_text(providers, object_str(floating_ip, FLOATING_IP_ROUTER_ID));
}

/* What the appliance, or the pair, serves. */
static void look_at_device(struct providers *providers, const char *id)
{
	const struct object *appliance = model_get_text(providers->model, KIND_APPLIANCE, id),
			    *attachment =
				    model_get_text(providers->model, KIND_SERVICE_ATTACHMENT, id);

	if (appliance)
		look_at_text(providers, object_str(appliance, APPLIANCE_OBJECT_ID));
	if (attachment)
		look_at_text(providers, object_str(attachment, ATTACHMENT_OBJECT_ID));
}

/* What it served, and the networks of the router that it was. */
static void look_at_served(struct providers *providers, const struct object *appliance)
{
	const char *about = object_str(appliance, APPLIANCE_OBJECT_ID);
	const struct object *router = model_get_text(providers->model, KIND_ROUTER, about);

	look_at_text(providers, about);
	if (router)
		look_at_networks_of(providers, router);
}

/* All that the provider serves, "" that any does: another offering may be theirs. */
static void look_at_users_of(struct providers *providers, const char *provider)
{
	const struct object *attachment;
	struct model_iter iter;

	if (*provider)
		model_iter_init(&iter, providers->model, KIND_SERVICE_ATTACHMENT,
			ATTACHMENT_BY_PROVIDER, provider, NULL);
	else
		model_iter_all(&iter, providers->model, KIND_SERVICE_ATTACHMENT, NULL);
	while ((attachment = model_iter_next(&iter)))
		look_at_text(providers, object_str(attachment, ATTACHMENT_OBJECT_ID));
}

static void follow(struct providers *providers, const struct object *appliance)
{
	struct uuid attachment;

	if (object_uuid(appliance, APPLIANCE_ATTACHMENT_ID, &attachment))
		work_follow(providers, &attachment);
}

/* What is left of one that goes with its load balancer is told with that. */
static void look_at_balancer(struct providers *providers, const struct object *object)
{
	const char *network = object_kind(object) == &load_balancer_kind && !lb_is_at_edge(object)
				      ? object_str(object, LOAD_BALANCER_VIP_NETWORK_ID)
				      : "";
	const struct object *there = model_get_text(providers->model, KIND_NETWORK, network);

	look_at_text(providers, network);
	if (there)
		look_at_routers_on(providers, there);
}

static void look_at_listeners(
	struct providers *providers, const struct object *certificate, unsigned index)
{
	const struct object *listener, *balancer;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(&iter, providers->model, KIND_LB_LISTENER, index,
		uuid_format(object_id(certificate), id), NULL);
	while ((listener = model_iter_next(&iter))) {
		balancer = lb_of(providers->model, listener);
		if (balancer)
			look_at_balancer(providers, balancer);
	}
}

static void look_at_router_of_vpn(struct providers *providers, const char *service_id)
{
	const struct object *service =
		model_get_text(providers->model, KIND_VPNSERVICE, service_id);

	if (service)
		look_at_text(providers, object_str(service, VPNSERVICE_ROUTER_ID));
}

static void look_at_router_of_peer(struct providers *providers, const char *interface_id)
{
	const struct object *interface =
		model_get_text(providers->model, KIND_WIREGUARD_INTERFACE, interface_id);

	if (interface)
		look_at_text(providers, object_str(interface, WIREGUARD_INTERFACE_ROUTER_ID));
}

static void look_at_side(
	struct providers *providers, enum kind_id kind, const struct object *object)
{
	switch (kind) {
	case KIND_NETWORK:
		attach_look_at(providers, object_id(object));
		look_at_routers_on(providers, object);
		break;
	case KIND_ROUTER:
		attach_look_at(providers, object_id(object));
		look_at_networks_of(providers, object);
		break;
	case KIND_PORT_FORWARDING:
		look_at_router_of_floating_ip(
			providers, object_str(object, PORT_FORWARDING_FLOATING_IP_ID));
		break;
	case KIND_SUBNET:
		look_at_text(providers, object_str(object, SUBNET_NETWORK_ID));
		look_at_routers_of(providers, object_id(object));
		attach_look_at_bgp(providers, object);
		break;
	case KIND_BGP_SPEAKER:
	case KIND_BGP_PEER:
	case KIND_SUBNETPOOL:
		attach_look_at_bgp(providers, object);
		break;
	case KIND_PORT:
		look_at_text(providers, object_str(object, PORT_NETWORK_ID));
		look_at_routers_near(providers, object);
		if (port_is_router_interface(object) ||
			port_has_owner(object, OWNER_ROUTER_GATEWAY))
			look_at_text(providers, object_str(object, PORT_DEVICE_ID));
		if (port_has_owner(object, OWNER_APPLIANCE))
			look_at_device(providers, object_str(object, PORT_DEVICE_ID));
		break;
	case KIND_SERVICE_PROFILE:
		look_at_users_of(providers, object_str(object, SERVICE_PROFILE_DRIVER));
		break;
	case KIND_FLAVOR: /* its first profile may be another one */
		look_at_users_of(providers, "");
		break;
	case KIND_APPLIANCE:
		look_at_served(providers, object);
		break;
	case KIND_FLOATING_IP:
		look_at_text(providers, object_str(object, FLOATING_IP_ROUTER_ID));
		break;
	case KIND_FIREWALL_GROUP:
	case KIND_FIREWALL_POLICY:
	case KIND_FIREWALL_RULE:
	case KIND_NETWORK_LOG:
		attach_look_at_firewall(providers, object);
		break;
	case KIND_VPNSERVICE:
		look_at_text(providers, object_str(object, VPNSERVICE_ROUTER_ID));
		break;
	case KIND_GRE_TUNNEL:
		look_at_text(providers, object_str(object, GRE_TUNNEL_ROUTER_ID));
		break;
	case KIND_WIREGUARD_INTERFACE:
		look_at_text(providers, object_str(object, WIREGUARD_INTERFACE_ROUTER_ID));
		break;
	case KIND_WIREGUARD_PEER:
		look_at_router_of_peer(providers, object_str(object, WIREGUARD_PEER_INTERFACE_ID));
		break;
	case KIND_IPSEC_SITE_CONNECTION:
		look_at_router_of_vpn(
			providers, object_str(object, IPSEC_SITE_CONNECTION_SERVICE_ID));
		break;
	case KIND_LOAD_BALANCER:
	case KIND_LB_LISTENER:
	case KIND_LB_POOL:
	case KIND_LB_MEMBER:
	case KIND_LB_HEALTH_MONITOR:
	case KIND_LB_L7POLICY:
	case KIND_LB_L7RULE:
		look_at_balancer(providers, lb_of(providers->model, object) ?: object);
		break;
	case KIND_LB_CERTIFICATE:
		look_at_listeners(providers, object, LB_LISTENER_BY_TLS);
		look_at_listeners(providers, object, LB_LISTENER_BY_SNI);
		break;
	case KIND_SERVICE_ATTACHMENT:
		work_run(providers, object_id(object), false);
		break;
	default:
		break;
	}
}

void attach_changed(const struct changeset *changes, void *user)
{
	struct providers *providers = user;

	if (!providers->drivers->len && !model_count_all(providers->model, KIND_SERVICE_ATTACHMENT))
		return;
	for (unsigned i = 0; i < changes->n; i++) {
		const struct change *change = &changes->changes[i];

		if (change->old && change->kind != KIND_SERVICE_ATTACHMENT)
			look_at_side(providers, change->kind, change->old);
		if (change->new)
			look_at_side(providers, change->kind, change->new);
		if (change->new && change->kind == KIND_APPLIANCE)
			follow(providers, change->new);
	}
}

static void look_at_kind(struct providers *providers, enum kind_id kind)
{
	const struct object *object;
	struct model_iter iter;

	model_iter_all(&iter, providers->model, kind, NULL);
	while ((object = model_iter_next(&iter)))
		attach_look_at(providers, object_id(object));
}

/* At the start: what an earlier weftd has not finished, or this one has been configured to do. */
void attach_look_at_all(struct providers *providers)
{
	const struct object *attachment;
	struct model_iter iter;

	if (!providers->drivers->len && !model_count_all(providers->model, KIND_SERVICE_ATTACHMENT))
		return;
	look_at_kind(providers, KIND_NETWORK);
	look_at_kind(providers, KIND_ROUTER);
	model_iter_all(&iter, providers->model, KIND_SERVICE_ATTACHMENT, NULL);
	while ((attachment = model_iter_next(&iter))) {
		look_at_text(providers, object_str(attachment, ATTACHMENT_OBJECT_ID));
		work_run(providers, object_id(attachment), true);
	}
}
