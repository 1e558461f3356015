/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/port_segment.h"

#include <string.h>

#include "model/router/gateway_segment.h"
#include "model/host/host.h"
#include "model/network/segment.h"
#include "model/port/service_port.h"
#include "model/network/subnet.h"

static const char *segment_of(const struct object *subnet)
{
	return object_str(subnet, SUBNET_SEGMENT_ID);
}

/* Is the subnet on a segment that the host is on, or on none? */
static bool reaches(struct txn *txn, const struct object *subnet, const struct object *host)
{
	const struct object *segment = txn_get_text(txn, KIND_SEGMENT, segment_of(subnet));

	return !segment || segment_reaches(segment, host);
}

static bool any_on_segment(const GPtrArray *subnets)
{
	for (guint i = 0; i < subnets->len; i++)
		if (segment_of(subnets->pdata[i]))
			return true;
	return false;
}

static bool keep_by_host(
	struct txn *txn, const struct object *draft, GPtrArray *subnets, GError **error)
{
	const char *name = object_str(draft, PORT_HOST_ID);
	const struct object *host = host_find(txn_model(txn), name);
	const char *segment = NULL;

	for (guint i = subnets->len; i-- > 0;) {
		const char *its = segment_of(subnets->pdata[i]);

		if (!reaches(txn, subnets->pdata[i], host)) {
			g_ptr_array_remove_index(subnets, i);
			continue;
		}
		if (its && segment && strcmp(its, segment))
			return weft_fail(error, HOST_ON_SEGMENTS,
				"Host %s is connected to multiple segments on routed provider network '%s', %s and %s. It should be connected to one.",
				name, object_str(draft, PORT_NETWORK_ID), its, segment);
		segment = its ?: segment;
	}
	return subnets->len ||
	       weft_fail(error, HOST_ON_NO_SEGMENT,
		       "Host %s is not connected to any segments on routed provider network '%s'. It should be connected to one: its bridge_mappings name no physical network of theirs.",
		       name, object_str(draft, PORT_NETWORK_ID));
}

/* The subnet of an item of fixed_ips, or NULL: what is wrong with it is said later. */
static const struct object *subnet_of_item(const GPtrArray *subnets, json_t *item)
{
	const char *id = json_string_value(json_object_get(item, "subnet_id"));
	const char *address = json_string_value(json_object_get(item, "ip_address"));
	char text[UUID_STRLEN];
	struct ip ip = { 0 };

	if (address)
		ip_parse(address, &ip);
	for (guint i = 0; i < subnets->len; i++) {
		const struct object *subnet = subnets->pdata[i];
		struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

		if (id ? !strcmp(uuid_format(object_id(subnet), text), id)
		       : ip.family && prefix_contains(&cidr, &ip))
			return subnet;
	}
	return NULL;
}

/* The segment of all that is asked for, or NULL: it is on none. False: it is on several.
 * *@ret_known: are all its subnets the network's? */
static bool find_wished(
	json_t *items, const GPtrArray *subnets, const char **ret_segment, bool *ret_known)
{
	json_t *item;
	size_t i;

	*ret_segment = NULL;
	*ret_known = true;
	json_array_foreach(items, i, item) {
		const struct object *subnet = subnet_of_item(subnets, item);

		if (!subnet)
			*ret_known = false;
		else if (i && *ret_known && g_strcmp0(segment_of(subnet), *ret_segment))
			return false;
		else
			*ret_segment = segment_of(subnet);
	}
	return true;
}

/* Not bound yet: all that it asks for is on one segment. */
static bool keep_by_wish(const char *asked, GPtrArray *subnets, GError **error)
{
	json_t *items = json_loads(asked, 0, NULL);
	const char *segment;
	bool known, one = find_wished(items, subnets, &segment, &known);

	json_decref(items);
	if (!one)
		return weft_fail(error, IPS_ON_SEGMENTS,
			"Cannot allocate addresses from different segments: fixed_ips names subnets of several.");
	for (guint i = subnets->len; known && i-- > 0;)
		if (g_strcmp0(segment_of(subnets->pdata[i]), segment))
			g_ptr_array_remove_index(subnets, i);
	return true;
}

/* What waits for a host has addresses of no segment. */
static void keep_none(struct object *draft, GPtrArray *subnets)
{
	for (guint i = subnets->len; i-- > 0;)
		if (segment_of(subnets->pdata[i]))
			g_ptr_array_remove_index(subnets, i);
	if (!subnets->len)
		object_set_choice(draft, PORT_IP_ALLOCATION, PORT_IP_DEFERRED);
}

/* A router's gateway or a floating IP: the segment that it is on says which hosts may have it. */
static bool is_outer(const struct object *draft)
{
	return port_has_owner(draft, OWNER_ROUTER_GATEWAY) ||
	       port_has_owner(draft, OWNER_FLOATING_IP);
}

/* Floating IPs may be of subnets on no segment: those stay. */
static void keep_one(struct txn *txn, GPtrArray *subnets)
{
	const char *first = gateway_segment_first(txn, subnets);

	for (guint i = subnets->len; i-- > 0;)
		if (segment_of(subnets->pdata[i]) &&
			g_strcmp0(segment_of(subnets->pdata[i]), first))
			g_ptr_array_remove_index(subnets, i);
}

bool port_keep_segment(struct txn *txn, struct object *draft, const char *asked, GPtrArray *subnets,
	GError **error)
{
	if (!any_on_segment(subnets))
		return true;
	if (port_is_bound(draft) && !is_outer(draft))
		return keep_by_host(txn, draft, subnets, error);
	if (asked)
		return keep_by_wish(asked, subnets, error);
	if (is_outer(draft))
		keep_one(txn, subnets);
	else
		keep_none(draft, subnets);
	return true;
}

bool port_check_host_segment(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	const struct object *host = host_find(txn_model(txn), object_str(draft, PORT_HOST_ID));
	struct port_ips ips = port_ips_of(old);
	char id[UUID_STRLEN];

	if (!host || object_given(draft) & SLOT_BIT(PORT_FIXED_IPS))
		return true;
	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (subnet && !reaches(txn, subnet, host))
			return weft_fail(error, HOST_WITHOUT_IPS,
				"Host %s is not connected to a segment where the existing fixed_ips on port %s will function given the routed network topology: %s is on another one.",
				object_str(draft, PORT_HOST_ID), uuid_format(object_id(old), id),
				ips.ip_text);
	}
	return true;
}

bool port_is_deferred(const struct object *old, const struct object *draft)
{
	return object_choice(old, PORT_IP_ALLOCATION) == PORT_IP_DEFERRED && !port_is_bound(old) &&
	       port_is_bound(draft) && !strcmp(object_str(old, PORT_FIXED_IPS), "[]") &&
	       !(object_given(draft) & SLOT_BIT(PORT_FIXED_IPS));
}

bool port_is_on_segment(struct txn *txn, const struct object *port, const struct object *subnet)
{
	const struct object *host = host_find(txn_model(txn), object_str(port, PORT_HOST_ID));
	struct port_ips ips = port_ips_of(port);

	if (!segment_of(subnet))
		return true;
	if (host)
		return reaches(txn, subnet, host);
	while (port_ips_next(&ips)) {
		const struct object *its = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (its && !g_strcmp0(segment_of(its), segment_of(subnet)))
			return true;
	}
	return false;
}
