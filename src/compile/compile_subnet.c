/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Subnets, as the edge serves them. With the DHCP of their network at another provider the edge
 * serves what that one's attachment says, if anything (weft/provider.h, "edge"); so a subnet's
 * record is made of the subnet, its network's service map and that attachment.
 */
#include <string.h>

#include "compile/compilation.h"
#include "compile/records.h"
#include "model/network/network.h"
#include "model/provider/service_attachment.h"
#include "model/provider/service_map.h"
#include "model/network/subnet.h"
#include "model/network/subnetpool.h"

/* What the attachment says of the subnet; a new reference, NULL: nothing. */
static json_t *said_of(const struct object *attachment, const struct object *subnet)
{
	json_t *edge = attachment ? object_json(attachment, ATTACHMENT_EDGE) : NULL;
	char id[UUID_STRLEN];
	json_t *says = json_incref(json_object_get(
		json_object_get(edge, "subnets"), uuid_format(object_id(subnet), id)));

	json_decref(edge);
	return says;
}

static void record(const struct object *subnet, const struct object *network,
	const struct object *attachment, const char *scope, GString *text)
{
	char buf[PROVIDER_NAME_MAX + 1];
	const char *other = network ? service_other_provider(network, SERVICE_DHCP, buf) : NULL;
	json_t *says = other ? said_of(attachment, subnet) : NULL;
	struct subnet_service service = {
		.dns = !network || service_is_edges(network, SERVICE_DNS),
		.dhcp = !other || says,
		.says = says,
		.scope = scope,
	};

	record_subnet(subnet, &service, text);
	json_decref(says);
}

/* The attachment of whoever gives the network's DHCP, if that is not the edge. */
static const struct object *dhcp_attachment(const struct model *model, const struct object *network)
{
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	const char *other = network ? service_other_provider(network, SERVICE_DHCP, buf) : NULL;

	return other ? model_first(model, KIND_SERVICE_ATTACHMENT, ATTACHMENT_BY_OBJECT_PROVIDER,
			       uuid_format(object_id(network), id), other, NULL)
		     : NULL;
}

/* As it was; one that is gone is found among the changes. */
static const struct object *old_dhcp_attachment(
	const struct compilation *c, const struct object *network)
{
	char buf[PROVIDER_NAME_MAX + 1], id[UUID_STRLEN];
	const char *other = network ? service_other_provider(network, SERVICE_DHCP, buf) : NULL;
	const struct object *attachment = dhcp_attachment(c->model, network);

	if (!other)
		return NULL;
	if (attachment)
		return compile_old(c, KIND_SERVICE_ATTACHMENT, object_id(attachment));
	uuid_format(object_id(network), id);
	for (unsigned i = 0; i < c->changes->n; i++) {
		const struct object *old = c->changes->changes[i].old;

		if (c->changes->changes[i].kind == KIND_SERVICE_ATTACHMENT && old &&
			!strcmp(object_str(old, ATTACHMENT_OBJECT_ID), id) &&
			!strcmp(object_str(old, ATTACHMENT_PROVIDER), other))
			return old;
	}
	return NULL;
}

void subnet_record(const struct model *model, const struct object *subnet, GString *text)
{
	const struct object *network =
		model_get_text(model, KIND_NETWORK, object_str(subnet, SUBNET_NETWORK_ID));

	record(subnet, network, dhcp_attachment(model, network), subnet_scope(model, NULL, subnet),
		text);
}

static void compile_both(struct compilation *c, const struct object *old, const struct object *new)
{
	const struct object *any = new ? new : old, *network;
	struct uuid network_id;
	char id[UUID_STRLEN];

	if (!object_uuid(any, SUBNET_NETWORK_ID, &network_id))
		return;
	if (old) {
		network = compile_old(c, KIND_NETWORK, &network_id);
		record(old, network, old_dhcp_attachment(c, network),
			subnet_scope(c->model, c, old), c->before);
	}
	if (new)
		subnet_record(c->model, new, c->after);
	compile_difference(
		c, SCOPE_NETWORK, &network_id, "subnet", uuid_format(object_id(any), id));
}

void compile_subnet(struct compilation *c, const struct change *change)
{
	compile_both(c, change->old, change->new);
}

/* Those subnets of the network that are not changed themselves. */
static void compile_unchanged(struct compilation *c, const char *network)
{
	const struct object *subnet;
	struct model_iter iter;

	model_iter_init(&iter, c->model, KIND_SUBNET, SUBNET_BY_NETWORK, network, NULL);
	while ((subnet = model_iter_next(&iter)))
		if (!compile_find(c, KIND_SUBNET, object_id(subnet)))
			compile_both(c, subnet, subnet);
}

/* Its address scope is in the records of its subnets. */
void compile_subnetpool(struct compilation *c, const struct change *change)
{
	const struct object *subnet;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (!change->old || !change->new ||
		object_equal(change->old, change->new, SUBNETPOOL_ADDRESS_SCOPE_ID))
		return;
	model_iter_init(&iter, c->model, KIND_SUBNET, SUBNET_BY_SUBNETPOOL,
		uuid_format(&change->id, id), NULL);
	while ((subnet = model_iter_next(&iter)))
		if (!compile_find(c, KIND_SUBNET, object_id(subnet)))
			compile_both(c, subnet, subnet);
}

static bool map_changes(const struct change *change)
{
	return change && change->old && change->new &&
	       !object_equal(change->old, change->new, NETWORK_SERVICE_MAP);
}

void compile_subnets_of(struct compilation *c, const struct change *change)
{
	char id[UUID_STRLEN];

	if (map_changes(change))
		compile_unchanged(c, uuid_format(&change->id, id));
}

void compile_attachment(struct compilation *c, const struct change *change)
{
	const struct object *any = change->new ? change->new : change->old;
	struct uuid network;
	char id[UUID_STRLEN];

	if (object_uuid(any, ATTACHMENT_OBJECT_ID, &network) &&
		!(change->old &&
			change->new &&object_equal(change->old, change->new, ATTACHMENT_EDGE)) &&
		!map_changes(compile_find(c, KIND_NETWORK, &network)))
		compile_unchanged(c, uuid_format(&network, id));
}
