/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/provider/document.h"

#include <string.h>

#include "controller/provider/providers_impl.h"
#include "model/provider/appliance.h"
#include "model/bgp/bgp_router.h"
#include "model/firewall/firewall_provider.h"
#include "model/router/floating_ip.h"
#include "model/balancer/lb_provider.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"

struct writer {
	const struct model *model;
	struct json_writer w;
};

static const struct caller administrator = { CALLER_ADMIN, "" };

/* What changes by itself would make each document another one. */
static u64 lasting_slots(const struct kind *kind)
{
	static const char *const passing[] = { "status", "status_reason", "revision_number",
		"updated_at", "availability_zones", "port_details", "provisioning_status",
		"operating_status", NULL };
	u64 slots = 0;

	for (unsigned slot = 0; slot < kind->n_slots; slot++)
		if (kind->attrs[slot].name && !g_strv_contains(passing, kind->attrs[slot].name))
			slots |= SLOT_BIT(slot);
	return slots;
}

void provider_write_object(
	const struct model *model, const struct object *object, struct json_writer *w)
{
	object_write_json(object, model, &administrator, lasting_slots(object_kind(object)), w);
}

static void write_object(struct writer *writer, const struct object *object)
{
	provider_write_object(writer->model, object, &writer->w);
}

static void write_by(struct writer *writer, const char *key, enum kind_id kind, unsigned index,
	const char *value)
{
	const struct object *object;
	struct model_iter iter;

	jw_key(&writer->w, key);
	jw_begin_array(&writer->w);
	model_iter_init(&iter, writer->model, kind, index, value, NULL);
	while ((object = model_iter_next(&iter)))
		write_object(writer, object);
	jw_end_array(&writer->w);
}

/* The router that joins the network with others and is this provider's; NULL: there is none. */
static const struct object *router_of(
	const struct model *model, const struct object *network, const char *provider)
{
	const struct object *subnet, *port, *router;
	struct model_iter subnets, ports;
	char id[UUID_STRLEN], buf[PROVIDER_NAME_MAX + 1];

	model_iter_init(&subnets, model, KIND_SUBNET, SUBNET_BY_NETWORK,
		uuid_format(object_id(network), id), NULL);
	while ((subnet = model_iter_next(&subnets))) {
		model_iter_init(&ports, model, KIND_PORT, PORT_BY_ROUTER_SUBNET,
			uuid_format(object_id(subnet), id), NULL);
		while ((port = model_iter_next(&ports))) {
			router = model_get_text(
				model, KIND_ROUTER, object_str(port, PORT_DEVICE_ID));
			if (router &&
				!g_strcmp0(service_other_provider(router, SERVICE_ROUTER, buf),
					provider))
				return router;
		}
	}
	return NULL;
}

static void write_network(struct writer *writer, const struct object *network, const char *provider)
{
	const struct object *router = router_of(writer->model, network, provider);
	char id[UUID_STRLEN];

	if (router)
		jw_member_string(&writer->w, "router_id", uuid_format(object_id(router), id));

	jw_key(&writer->w, "network");
	write_object(writer, network);
	uuid_format(object_id(network), id);
	write_by(writer, "subnets", KIND_SUBNET, SUBNET_BY_NETWORK, id);
	write_by(writer, "ports", KIND_PORT, PORT_BY_NETWORK, id);
}

/* Those that the router's ports have addresses of, each once. */
static void write_subnets(struct writer *writer, const char *router)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	const struct object *port, *subnet;
	struct model_iter iter;

	jw_key(&writer->w, "subnets");
	jw_begin_array(&writer->w);
	model_iter_init(&iter, writer->model, KIND_PORT, PORT_BY_DEVICE, router, NULL);
	while ((port = model_iter_next(&iter))) {
		struct port_ips ips = port_ips_of(port);

		while (port_ips_next(&ips)) {
			subnet = model_get_text(writer->model, KIND_SUBNET, ips.subnet_id);
			if (subnet && g_hash_table_add(seen, (gpointer)subnet))
				write_object(writer, subnet);
		}
	}
	jw_end_array(&writer->w);
}

/* Its services at the provider. */
static void write_services(
	struct writer *writer, const struct object *network, const char *provider)
{
	char buf[PROVIDER_NAME_MAX + 1];

	jw_key(&writer->w, "services");
	jw_begin_array(&writer->w);
	for (unsigned i = 0; i < N_SERVICES; i++)
		if (NETWORK_SERVICES & SERVICE_BIT(i) &&
			!g_strcmp0(service_other_provider(network, i, buf), provider))
			jw_string(&writer->w, service_name(i));
	jw_end_array(&writer->w);
}

static void write_joined(struct writer *writer, const struct object *network, const char *provider)
{
	char id[UUID_STRLEN];

	uuid_format(object_id(network), id);
	jw_begin_object(&writer->w);
	jw_key(&writer->w, "network");
	write_object(writer, network);
	write_services(writer, network, provider);
	write_by(writer, "subnets", KIND_SUBNET, SUBNET_BY_NETWORK, id);
	write_by(writer, "ports", KIND_PORT, PORT_BY_NETWORK, id);
	if (!strcmp(provider, LB_VIRTUAL_ROUTER))
		provider_write_balancers(writer->model, id, &writer->w);
	jw_end_object(&writer->w);
}

/* The networks that it has an interface on, each once. */
static void write_networks(struct writer *writer, const char *router, const char *provider)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	const struct object *port, *network;
	struct model_iter iter;

	jw_key(&writer->w, "networks");
	jw_begin_array(&writer->w);
	model_iter_init(&iter, writer->model, KIND_PORT, PORT_BY_DEVICE, router, NULL);
	while ((port = model_iter_next(&iter))) {
		network = port_is_router_interface(port)
				  ? model_get_text(writer->model, KIND_NETWORK,
					    object_str(port, PORT_NETWORK_ID))
				  : NULL;
		if (network && g_hash_table_add(seen, (gpointer)network))
			write_joined(writer, network, provider);
	}
	jw_end_array(&writer->w);
}

static void write_router(struct writer *writer, const struct object *router, const char *provider)
{
	char id[UUID_STRLEN], buf[PROVIDER_NAME_MAX + 1];

	jw_key(&writer->w, "router");
	write_object(writer, router);
	uuid_format(object_id(router), id);
	write_by(writer, "ports", KIND_PORT, PORT_BY_DEVICE, id);
	write_subnets(writer, id);
	write_by(writer, "floating_ips", KIND_FLOATING_IP, FLOATING_IP_BY_ROUTER, id);
	/* Who does not route for its guests has no need to know them. */
	if (!g_strcmp0(service_other_provider(router, SERVICE_ROUTER, buf), provider))
		write_networks(writer, id, provider);
	if (!g_strcmp0(service_other_provider(router, SERVICE_VPN, buf), provider))
		provider_write_vpn(writer->model, id, &writer->w);
	if (!g_strcmp0(service_other_provider(router, SERVICE_GRE, buf), provider))
		provider_write_gre(writer->model, id, &writer->w);
	if (bgp_router_is_own(router) && !strcmp(provider, LB_VIRTUAL_ROUTER))
		provider_write_bgp(writer->model, router, &writer->w);
	if (!g_strcmp0(firewall_provider(router, buf), provider))
		provider_write_firewalls(writer->model, router, &writer->w);
}

/* The subnets of a network that none of the device's other ports is on. */
static void write_device_subnets(struct writer *writer, const char *device, GHashTable *seen)
{
	const struct object *port, *subnet;
	struct model_iter ports, subnets;

	model_iter_init(&ports, writer->model, KIND_PORT, PORT_BY_DEVICE, device, NULL);
	while ((port = model_iter_next(&ports))) {
		model_iter_init(&subnets, writer->model, KIND_SUBNET, SUBNET_BY_NETWORK,
			object_str(port, PORT_NETWORK_ID), NULL);
		while ((subnet = model_iter_next(&subnets)))
			if (g_hash_table_add(seen, (gpointer)subnet))
				write_object(writer, subnet);
	}
}

static void write_device_ports(struct writer *writer, const char *device)
{
	const struct object *port;
	struct model_iter iter;

	model_iter_init(&iter, writer->model, KIND_PORT, PORT_BY_DEVICE, device, NULL);
	while ((port = model_iter_next(&iter)))
		write_object(writer, port);
}

/* With the ports that it shares with the other one of its pair. */
static void write_appliance(
	struct writer *writer, const struct object *appliance, const char *attachment)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
	char id[UUID_STRLEN];

	uuid_format(object_id(appliance), id);
	jw_begin_object(&writer->w);
	jw_member_string(&writer->w, "name", object_str(appliance, SLOT_NAME));
	jw_member_string(&writer->w, "id", id);
	jw_member_raw(&writer->w, "nics", object_str(appliance, APPLIANCE_NICS));
	jw_key(&writer->w, "ports");
	jw_begin_array(&writer->w);
	write_device_ports(writer, id);
	write_device_ports(writer, attachment);
	jw_end_array(&writer->w);
	jw_key(&writer->w, "subnets");
	jw_begin_array(&writer->w);
	write_device_subnets(writer, id, seen);
	write_device_subnets(writer, attachment, seen);
	jw_end_array(&writer->w);
	jw_end_object(&writer->w);
}

/* Those that it has, with their ports. */
static void write_appliances(struct writer *writer, const char *attachment)
{
	const struct object *appliance;
	struct model_iter iter;

	jw_key(&writer->w, "appliances");
	jw_begin_array(&writer->w);
	model_iter_init(
		&iter, writer->model, KIND_APPLIANCE, APPLIANCE_BY_ATTACHMENT, attachment, NULL);
	while ((appliance = model_iter_next(&iter)))
		write_appliance(writer, appliance, attachment);
	jw_end_array(&writer->w);
}

char *provider_document(const struct model *model, const struct object *attachment)
{
	bool ends = object_choice(attachment, ATTACHMENT_STATUS) == ATTACHMENT_PENDING_DELETE;
	const char *type = object_str(attachment, ATTACHMENT_OBJECT_TYPE);
	const char *about = object_str(attachment, ATTACHMENT_OBJECT_ID);
	const struct object *network = model_get_text(model, KIND_NETWORK, about),
			    *router = model_get_text(model, KIND_ROUTER, about);
	GString *text = g_string_new(NULL);
	struct writer writer = { model, json_writer_on(text) };
	g_autofree char *options =
		provider_options(model, attachment, ends ? NULL : network ?: router);
	char id[UUID_STRLEN];

	jw_begin_object(&writer.w);
	jw_member_string(&writer.w, "attachment", uuid_format(object_id(attachment), id));
	jw_member_string(&writer.w, "provider", object_str(attachment, ATTACHMENT_PROVIDER));
	jw_member_string(&writer.w, "object_type", type);
	jw_member_string(&writer.w, "object_id", about);
	jw_member_string(&writer.w, "project_id", object_str(attachment, SLOT_PROJECT_ID));
	jw_member_raw(
		&writer.w, "services", ends ? "[]" : object_str(attachment, ATTACHMENT_SERVICES));
	jw_member_string(&writer.w, "options", options);
	if (network && !ends)
		write_network(&writer, network, object_str(attachment, ATTACHMENT_PROVIDER));
	if (network && !ends &&
		!strcmp(object_str(attachment, ATTACHMENT_PROVIDER), LB_VIRTUAL_ROUTER))
		provider_write_balancers(model, about, &writer.w);
	if (router && !ends)
		write_router(&writer, router, object_str(attachment, ATTACHMENT_PROVIDER));
	if (!ends)
		write_appliances(&writer, id);
	jw_end_object(&writer.w);
	return g_string_free(text, FALSE);
}
