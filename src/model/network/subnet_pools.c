/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address allocation: for each subnet, which addresses of its pools are free (number_set.h).
 *
 * It is derived state: a pool's address is taken exactly while a port of the model has it, so it is
 * rebuilt at load and when the pools change, and follows the ports by their observer. While a
 * transaction is open it also holds what that one has reserved. A subnet that the transaction has
 * made, or whose pools it has changed, has a set of the transaction's own. Addresses outside of the
 * pools (a port may ask for one) are guarded by the ports' unique index alone.
 */
#include "model/network/subnet_pools.h"

#include <string.h>

#include "model/port/port.h"

static u128 ip_number(const struct ip *ip)
{
	u128 number = 0;

	for (unsigned i = 0; i < ip_bytes(ip); i++)
		number = number << 8 | ip->b[i];
	return number;
}

static struct ip number_ip(u8 family, u128 number)
{
	struct ip ip = { .family = family };

	for (int i = (int)ip_bytes(&ip) - 1; i >= 0; i--, number >>= 8)
		ip.b[i] = (u8)number;
	return ip;
}

/* What is kept of a subnet. */
struct pools {
	struct number_set *set;
	u64 n_used; /* addresses that ports have, in the pools or not */
};

static void pools_free(gpointer data)
{
	struct pools *pools = data;

	if (pools->set)
		number_set_free(pools->set);
	g_free(pools);
}

void *subnet_pools_new(void)
{
	return g_hash_table_new_full(uuid_hash, uuid_equal, g_free, pools_free);
}

void subnet_pools_free(void *pools)
{
	g_hash_table_destroy(pools);
}

static struct pools *find(const struct model *model, const struct uuid *subnet)
{
	return g_hash_table_lookup(model_state(model, KIND_SUBNET), subnet);
}

static struct pools *find_or_add(const struct model *model, const struct uuid *subnet)
{
	struct pools *pools = find(model, subnet);

	if (!pools) {
		pools = g_new0(struct pools, 1);
		g_hash_table_insert(
			model_state(model, KIND_SUBNET), g_memdup2(subnet, sizeof *subnet), pools);
	}
	return pools;
}

static struct number_set *model_set(const struct model *model, const struct object *subnet)
{
	struct pools *pools = find(model, object_id(subnet));

	return pools ? pools->set : NULL;
}

/* The addresses of the subnet's pools, all free. */
static struct number_set *set_new(const struct object *subnet)
{
	json_t *spans = object_json(subnet, SUBNET_ALLOCATION_POOLS);
	struct number_set *set = number_set_new();
	struct ip start, end;
	json_t *pool;
	size_t i;

	json_array_foreach(spans, i, pool) {
		ip_parse(json_string_value(json_object_get(pool, "start")), &start);
		ip_parse(json_string_value(json_object_get(pool, "end")), &end);
		number_set_add_span(set, ip_number(&start), ip_number(&end));
	}
	json_decref(spans);
	return set;
}

static void take_used(struct number_set *set, const struct object *port, const char *subnet_id)
{
	struct port_ips ips = port_ips_of(port);
	struct ip ip;

	while (port_ips_next(&ips))
		if (!strcmp(ips.subnet_id, subnet_id) && ip_parse(ips.ip_text, &ip))
			number_set_take(set, ip_number(&ip));
}

static void build(const struct model *model, const struct object *subnet)
{
	struct pools *pools = find_or_add(model, object_id(subnet));
	struct number_set *set = set_new(subnet);
	const struct object *port;
	struct model_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(subnet), id);
	model_iter_init(&iter, model, KIND_PORT, PORT_BY_SUBNET, id, NULL);
	while ((port = model_iter_next(&iter)))
		take_used(set, port, id);
	if (pools->set)
		number_set_free(pools->set);
	pools->set = set;
}

static struct number_set *own_set(struct txn *txn, const struct object *subnet)
{
	struct number_set *set = txn_set(txn, subnet);
	const struct object *port;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (set)
		return set;
	set = set_new(subnet);
	uuid_format(object_id(subnet), id);
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_SUBNET, id, NULL);
	while ((port = txn_iter_next(&iter)))
		take_used(set, port, id);
	txn_keep_set(txn, subnet, set);
	return set;
}

static struct number_set *set_of(struct txn *txn, const struct object *subnet)
{
	const struct object *before = model_get(txn_model(txn), KIND_SUBNET, object_id(subnet));

	if (before && object_equal(before, subnet, SUBNET_ALLOCATION_POOLS))
		return model_set(txn_model(txn), subnet);
	return own_set(txn, subnet);
}

void subnet_pools_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase)
{
	if (phase == OBSERVE_RELEASE && new &&
		(!old || !object_equal(old, new, SUBNET_ALLOCATION_POOLS)))
		build(model, new);
	if (phase == OBSERVE_CLAIM && !new)
		g_hash_table_remove(model_state(model, KIND_SUBNET), object_id(old));
}

void subnet_pools_observe_port(struct model *model, const struct object *old,
	const struct object *new, enum observe_phase phase)
{
	const struct object *port = phase == OBSERVE_RELEASE ? old : new;
	struct port_ips ips;
	struct uuid id;
	struct ip ip;

	if (!port || (old && new &&object_equal(old, new, PORT_FIXED_IPS)))
		return;
	ips = port_ips_of(port);
	while (port_ips_next(&ips)) {
		struct pools *pools = uuid_parse(ips.subnet_id, &id) ? find(model, &id) : NULL;

		if (!pools || !ip_parse(ips.ip_text, &ip))
			continue;
		if (phase == OBSERVE_RELEASE) {
			number_set_give(pools->set, ip_number(&ip));
			pools->n_used--;
		} else {
			number_set_take(pools->set, ip_number(&ip));
			pools->n_used++;
		}
	}
}

bool subnet_take_next(struct txn *txn, const struct object *subnet, struct ip *ret, GError **error)
{
	struct number_set *set = set_of(txn, subnet);
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);
	char id[UUID_STRLEN];
	u128 number;

	if (!txn_reserve_next(txn, set, &number))
		return weft_fail(error, IP_EXHAUSTED,
			"No address is free in the allocation pools of subnet %s (%s): all %" G_GUINT64_FORMAT
			" are in use; delete a port or widen the pools.",
			uuid_format(object_id(subnet), id), object_str(subnet, SUBNET_CIDR),
			number_set_size(set));
	*ret = number_ip(cidr.ip.family, number);
	return true;
}

bool subnet_take(struct txn *txn, const struct object *subnet, const struct ip *ip, GError **error)
{
	struct number_set *set = set_of(txn, subnet);
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);
	char text[IP_STRLEN], id[UUID_STRLEN];
	const struct object *holder;
	struct txn_iter iter;

	ip_format(ip, text);
	if (!subnet_has_address(&cidr, ip))
		return weft_fail(error, IP_NOT_ON_SUBNET,
			"IP address %s is not a valid IP for the specified subnet: a port on subnet %s needs one of %s.",
			text, uuid_format(object_id(subnet), id), object_str(subnet, SUBNET_CIDR));
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK_IP,
		object_str(subnet, SUBNET_NETWORK_ID), text, NULL);
	holder = txn_iter_next(&iter);
	if (holder)
		return weft_fail(error, IP_IN_USE,
			"IP address %s is already allocated on network %s, to port %s; choose another or leave it out.",
			text, object_str(subnet, SUBNET_NETWORK_ID),
			uuid_format(object_id(holder), id));
	txn_reserve(txn, set, ip_number(ip));
	return true;
}

u128 subnet_address_count(const struct object *subnet)
{
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);
	struct ip start = prefix_network(&cidr), end = prefix_last(&cidr);
	json_t *pools = object_json(subnet, SUBNET_ALLOCATION_POOLS);
	u128 count = 0;
	json_t *pool;
	size_t i;

	json_array_foreach(pools, i, pool) {
		ip_parse(json_string_value(json_object_get(pool, "start")), &start);
		ip_parse(json_string_value(json_object_get(pool, "end")), &end);
		count += ip_number(&end) - ip_number(&start) + 1;
	}
	if (!json_array_size(pools))
		count = ip_number(&end) - ip_number(&start) + 1;
	json_decref(pools);
	return count;
}

u64 subnet_addresses_used(const struct model *model, const struct object *subnet)
{
	struct pools *pools = find(model, object_id(subnet));

	return pools ? pools->n_used : 0;
}

u64 subnet_pool_free(const struct model *model, const struct object *subnet)
{
	struct number_set *set = model_set(model, subnet);

	return set ? number_set_free_count(set) : 0;
}

/* An address is in the pools when it is of the set. */
u64 subnet_pool_used(const struct model *model, const struct object *subnet)
{
	struct number_set *set = model_set(model, subnet);

	return set ? number_set_used_count(set) : 0;
}

bool subnet_has_address(const struct prefix *cidr, const struct ip *ip)
{
	struct ip first = prefix_network(cidr), last = prefix_last(cidr);

	if (!prefix_contains(cidr, ip))
		return false;
	/* All hosts of an IPv4 subnet share its first and last address; /31 (RFC 3021) has neither.
	 */
	if (cidr->ip.family == 4 && cidr->len < 31)
		return ip_compare(ip, &first) && ip_compare(ip, &last);
	return true;
}
