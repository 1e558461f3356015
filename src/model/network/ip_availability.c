/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/ip_availability.h"

#include <string.h>

#include "model/network/network.h"
#include "model/query.h"
#include "model/standard.h"
#include "model/network/subnet.h"

enum { COUNTS_4 = 1 << 0, COUNTS_6 = 1 << 1, COUNTS_ALL = COUNTS_4 | COUNTS_6 };

static const struct attr attrs[N_IP_AVAILABILITY_SLOTS] = {
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.doc = "Whose the network is." },
	[IP_AVAILABILITY_NETWORK_ID] = { .name = "network_id",
		.type = TYPE_UUID,
		.doc = "The network." },
	[IP_AVAILABILITY_NETWORK_NAME] = { .name = "network_name",
		.type = TYPE_STRING,
		.doc = "Its name." },
	[IP_AVAILABILITY_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.flags = ATTR_REQUEST,
		.min = 4,
		.max = 6,
		.doc = "Count only subnets of this version, and only networks that have some." },
	[IP_AVAILABILITY_TOTAL] = { .name = "total_ips",
		.type = TYPE_INT,
		.flags = ATTR_COMPUTED,
		.doc = "Addresses of its subnets' allocation pools." },
	[IP_AVAILABILITY_USED] = { .name = "used_ips",
		.type = TYPE_INT,
		.flags = ATTR_COMPUTED,
		.doc = "Addresses that ports have, in the pools or not." },
	[IP_AVAILABILITY_SUBNETS] = { .name = "subnet_ip_availability",
		.type = TYPE_LIST,
		.flags = ATTR_COMPUTED,
		.doc = "The same of each subnet." },
	[IP_AVAILABILITY_DETAILS] = { .name = "ip_availability_details",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED,
		.doc = "The same of the ranges that ports may have addresses of, and of the pools alone." },
};

/* What is there and what is in use, of the range and of the allocation pools. */
struct details {
	u128 total, total_in_pools, used, used_in_pools;
};

static bool counts(const struct object *subnet, s64 versions)
{
	return versions & (object_int(subnet, SUBNET_IP_VERSION) == 4 ? COUNTS_4 : COUNTS_6);
}

static void subnets_of(struct model_iter *iter, const struct model *model, const char *network_id)
{
	model_iter_init(iter, model, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
}

static bool has_counted(const struct model *model, const char *network_id, s64 versions)
{
	const struct object *subnet;
	struct model_iter iter;

	subnets_of(&iter, model, network_id);
	while ((subnet = model_iter_next(&iter)))
		if (counts(subnet, versions))
			return true;
	return false;
}

static struct object *make(const struct object *network, s64 versions)
{
	struct object *made = object_new(&ip_availability_kind, object_id(network));
	char id[UUID_STRLEN];

	object_set_str(made, SLOT_PROJECT_ID, object_str(network, SLOT_PROJECT_ID));
	object_set_str(made, IP_AVAILABILITY_NETWORK_ID, uuid_format(object_id(network), id));
	object_set_str(made, IP_AVAILABILITY_NETWORK_NAME, object_str(network, SLOT_NAME));
	object_set_int(made, IP_AVAILABILITY_VERSION, versions);
	return made;
}

static GPtrArray *all(const struct model *model, const struct query *query)
{
	GPtrArray *found = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	s64 versions = (query_asks(query, IP_AVAILABILITY_VERSION, "4") ? COUNTS_4 : 0) |
		       (query_asks(query, IP_AVAILABILITY_VERSION, "6") ? COUNTS_6 : 0);
	const struct object *network;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_all(&iter, model, KIND_NETWORK, NULL);
	while ((network = model_iter_next(&iter)))
		if (versions == COUNTS_ALL ||
			has_counted(model, uuid_format(object_id(network), id), versions))
			g_ptr_array_add(found, make(network, versions));
	return found;
}

static struct object *one(const struct model *model, const char *id)
{
	const struct object *network = model_get_text(model, KIND_NETWORK, id);

	return network ? make(network, COUNTS_ALL) : NULL;
}

/* A subnet of IPv6 may have more addresses than 64 bits count. */
static void write_number(struct json_writer *w, u128 number)
{
	char text[48], *at = text + sizeof text;

	do
		*--at = (char)('0' + (int)(number % 10));
	while (number /= 10);
	jw_raw(w, at, (size_t)(text + sizeof text - at));
}

/* All hosts of an IPv4 subnet share its first and last address. */
static void add_details(const struct model *model, const struct object *subnet, struct details *sum)
{
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);
	unsigned host_bits = ip_bits(&cidr.ip) - cidr.len;
	bool has_pools = strcmp(object_str(subnet, SUBNET_ALLOCATION_POOLS), "[]") != 0;
	u128 in_pools = has_pools ? subnet_address_count(subnet) : 0;

	sum->total += ((u128)1 << host_bits) - (cidr.ip.family == 4 && host_bits > 1 ? 2 : 0);
	sum->total_in_pools += in_pools;
	sum->used += subnet_addresses_used(model, subnet);
	sum->used_in_pools += subnet_pool_used(model, subnet);
}

static void write_details(struct json_writer *w, const struct details *details)
{
	jw_begin_object(w);
	jw_key(w, "total_ips_in_subnet");
	write_number(w, details->total);
	jw_key(w, "total_ips_in_allocation_pool");
	write_number(w, details->total_in_pools);
	jw_key(w, "used_ips_in_subnet");
	write_number(w, details->used);
	jw_key(w, "used_ips_in_allocation_pool");
	write_number(w, details->used_in_pools);
	jw_end_object(w);
}

static void write_subnet(
	const struct model *model, const struct object *subnet, struct json_writer *w)
{
	struct details details = { 0 };
	char id[UUID_STRLEN];

	add_details(model, subnet, &details);
	jw_begin_object(w);
	jw_member_string(w, "subnet_id", uuid_format(object_id(subnet), id));
	jw_member_string(w, "subnet_name", object_str(subnet, SLOT_NAME));
	jw_member_string(w, "cidr", object_str(subnet, SUBNET_CIDR));
	jw_member_int(w, "ip_version", object_int(subnet, SUBNET_IP_VERSION));
	jw_key(w, "total_ips");
	write_number(w, subnet_address_count(subnet));
	jw_key(w, "used_ips");
	write_number(w, subnet_addresses_used(model, subnet));
	jw_key(w, "ip_availability_details");
	write_details(w, &details);
	jw_end_object(w);
}

static void compute(const struct model *model, const struct object *object, unsigned slot,
	struct json_writer *w)
{
	s64 versions = object_int(object, IP_AVAILABILITY_VERSION);
	struct details details = { 0 };
	const struct object *subnet;
	struct model_iter iter;
	u128 sum = 0;

	subnets_of(&iter, model, object_str(object, IP_AVAILABILITY_NETWORK_ID));
	if (slot == IP_AVAILABILITY_SUBNETS)
		jw_begin_array(w);
	while ((subnet = model_iter_next(&iter))) {
		if (!counts(subnet, versions))
			continue;
		if (slot == IP_AVAILABILITY_SUBNETS)
			write_subnet(model, subnet, w);
		else if (slot == IP_AVAILABILITY_DETAILS)
			add_details(model, subnet, &details);
		else
			sum += slot == IP_AVAILABILITY_TOTAL ? subnet_address_count(subnet)
							     : subnet_addresses_used(model, subnet);
	}
	if (slot == IP_AVAILABILITY_SUBNETS)
		jw_end_array(w);
	else if (slot == IP_AVAILABILITY_DETAILS)
		write_details(w, &details);
	else
		write_number(w, sum);
}

const struct kind ip_availability_kind = {
	.id = KIND_IP_AVAILABILITY,
	.singular = "network_ip_availability",
	.collection = "network_ip_availabilities",
	.command = "ip availability",
	.path = "/v2.0/network-ip-availabilities",
	.doc = "How many addresses a network has and how many are in use.",
	.flags = KIND_COMPUTED | KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_IP_AVAILABILITY_SLOTS,
	.not_found = WEFT_ERROR_NETWORK_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .all = all, .one = one, .compute = compute },
};
