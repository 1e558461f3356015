/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port that asks for nothing gets, as in OpenStack, one address of the first IPv4 subnet that has
 * one left, one of the first IPv6 subnet with addresses by DHCP, and its own (EUI-64) address on
 * each subnet where guests make them. One that asks gets what it asked for and its own addresses.
 */
#include "model/port/port_address.h"

#include <string.h>

#include "model/port/port_segment.h"
#include "model/port/service_port.h"
#include "model/network/subnet_pools.h"

#define MAX_ADDRESSES 64

struct address {
	const struct object *subnet;
	struct ip ip;
};

/* The work on one draft. */
struct assignment {
	struct txn *txn;
	const struct object *old; /* may be NULL */
	struct object *draft;
	struct mac mac;
	GPtrArray *subnets; /* of the network, as the transaction sees them; referenced */
	unsigned n;
	struct address addresses[MAX_ADDRESSES];
};

static bool has_address(const struct assignment *a, const struct ip *ip)
{
	for (unsigned i = 0; i < a->n; i++)
		if (!ip_compare(&a->addresses[i].ip, ip))
			return true;
	return false;
}

static bool old_has_address(const struct assignment *a, const struct ip *ip)
{
	struct port_ips ips;
	struct ip own;

	if (!a->old)
		return false;
	ips = port_ips_of(a->old);
	while (port_ips_next(&ips))
		if (ip_parse(ips.ip_text, &own) && !ip_compare(&own, ip))
			return true;
	return false;
}

static bool append(
	struct assignment *a, const struct object *subnet, const struct ip *ip, GError **error)
{
	if (a->n == MAX_ADDRESSES)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for fixed_ips: a port has at most %d addresses.",
			MAX_ADDRESSES);
	a->addresses[a->n++] = (struct address){ subnet, *ip };
	return true;
}

/* Adds exactly that address, which is the port's already or is taken now. */
static bool add_exact(
	struct assignment *a, const struct object *subnet, const struct ip *ip, GError **error)
{
	if (has_address(a, ip))
		return true;
	if (!old_has_address(a, ip) && !subnet_take(a->txn, subnet, ip, error))
		return false;
	return append(a, subnet, ip, error);
}

static struct ip slaac_address(const struct assignment *a, const struct object *subnet)
{
	struct prefix cidr = object_prefix(subnet, SUBNET_CIDR);

	return ip_from_eui64(&cidr, &a->mac);
}

static bool add_next(struct assignment *a, const struct object *subnet, GError **error)
{
	struct ip ip;

	if (subnet_is_slaac(subnet) && port_makes_addresses(a->draft)) {
		ip = slaac_address(a, subnet);
		return add_exact(a, subnet, &ip, error);
	}
	return subnet_take_next(a->txn, subnet, &ip, error) && append(a, subnet, &ip, error);
}

/* An address on that subnet that the port has had and that is not in the new list yet. */
static bool keep_old(struct assignment *a, const struct object *subnet, struct ip *ret)
{
	char id[UUID_STRLEN];
	struct port_ips ips;

	if (!a->old)
		return false;
	uuid_format(object_id(subnet), id);
	ips = port_ips_of(a->old);
	while (port_ips_next(&ips))
		if (!strcmp(ips.subnet_id, id) && ip_parse(ips.ip_text, ret) &&
			!has_address(a, ret))
			return true;
	return false;
}

static const struct object *subnet_by_id(const struct assignment *a, const char *id)
{
	char text[UUID_STRLEN];

	for (guint i = 0; i < a->subnets->len; i++)
		if (!strcmp(uuid_format(object_id(a->subnets->pdata[i]), text), id))
			return a->subnets->pdata[i];
	return NULL;
}

static const struct object *subnet_by_address(const struct assignment *a, const struct ip *ip)
{
	for (guint i = 0; i < a->subnets->len; i++) {
		struct prefix cidr = object_prefix(a->subnets->pdata[i], SUBNET_CIDR);

		if (prefix_contains(&cidr, ip))
			return a->subnets->pdata[i];
	}
	return NULL;
}

static bool add_asked_address(
	struct assignment *a, const struct object *subnet, const char *text, GError **error)
{
	struct ip ip, own;

	ip_parse(text, &ip);
	if (!subnet)
		subnet = subnet_by_address(a, &ip);
	if (!subnet)
		return weft_fail(error, IP_NOT_ON_NETWORK,
			"IP address %s is not a valid IP for any of the subnets on the specified network: network %s has none with it.",
			text, object_str(a->draft, PORT_NETWORK_ID));
	if (subnet_is_slaac(subnet) && port_makes_addresses(a->draft)) {
		char right[IP_STRLEN];

		own = slaac_address(a, subnet);
		if (ip_compare(&ip, &own))
			return weft_fail(error, IP_NOT_ON_SUBNET,
				"IPv6 address %s cannot be directly assigned to a port on subnet %s, where guests make their own; this port's is %s.",
				text, object_str(subnet, SUBNET_CIDR), ip_format(&own, right));
	}
	if (has_address(a, &ip))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for fixed_ips: Duplicate IP address '%s'.", text);
	return add_exact(a, subnet, &ip, error);
}

static bool add_asked(struct assignment *a, json_t *item, GError **error)
{
	const char *id = json_string_value(json_object_get(item, "subnet_id"));
	const char *address = json_string_value(json_object_get(item, "ip_address"));
	const struct object *subnet = id ? subnet_by_id(a, id) : NULL;
	struct ip kept;

	if (id && !subnet && !txn_get_text(a->txn, KIND_SUBNET, id))
		return kind_fail_not_found(KIND_SUBNET, id, error);
	if (id && !subnet)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for fixed_ips: subnet %s is not on the port's network %s, or its service_types are others than the port's device_owner, or it is on another segment than the port's host.",
			id, object_str(a->draft, PORT_NETWORK_ID));
	if (address)
		return add_asked_address(a, subnet, address, error);
	if (!subnet)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for fixed_ips: an item names neither subnet_id nor ip_address; name one or both.");
	if (keep_old(a, subnet, &kept))
		return append(a, subnet, &kept, error);
	return add_next(a, subnet, error);
}

static bool add_all_asked(struct assignment *a, const char *asked, GError **error)
{
	json_t *items = json_loads(asked, 0, NULL);
	bool ok = true;
	json_t *item;
	size_t i;

	/* What is named exactly goes first, so that "any of this subnet" does not take it away. */
	json_array_foreach(items, i, item)
		if (json_object_get(item, "ip_address"))
			ok = ok && add_asked(a, item, error);
	json_array_foreach(items, i, item)
		if (!json_object_get(item, "ip_address"))
			ok = ok && add_asked(a, item, error);
	json_decref(items);
	return ok;
}

/* One address of the first subnet of that family that has one left. No such subnet: none. */
static bool add_default(struct assignment *a, s64 version, GError **error)
{
	g_autoptr(GError) exhausted = NULL;

	for (guint i = 0; i < a->subnets->len; i++) {
		const struct object *subnet = a->subnets->pdata[i];

		if (object_int(subnet, SUBNET_IP_VERSION) != version || subnet_is_slaac(subnet))
			continue;
		g_clear_error(&exhausted);
		if (add_next(a, subnet, &exhausted))
			return true;
		if (!g_error_matches(exhausted, WEFT_ERROR, WEFT_ERROR_IP_EXHAUSTED))
			break;
	}
	if (!exhausted)
		return true;
	g_propagate_error(error, g_steal_pointer(&exhausted));
	return false;
}

static bool add_all_slaac(struct assignment *a, GError **error)
{
	if (!port_makes_addresses(a->draft))
		return true;
	for (guint i = 0; i < a->subnets->len; i++)
		if (subnet_is_slaac(a->subnets->pdata[i]) &&
			!add_next(a, a->subnets->pdata[i], error))
			return false;
	return true;
}

/* A floating IP is an IPv4 address. */
static bool add_defaults(struct assignment *a, GError **error)
{
	return add_default(a, 4, error) &&
	       (port_has_owner(a->draft, OWNER_FLOATING_IP) || add_default(a, 6, error));
}

static void write_addresses(const struct assignment *a)
{
	g_autoptr(GString) text = g_string_sized_new(128);
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN], ip[IP_STRLEN];

	jw_begin_array(&w);
	for (unsigned i = 0; i < a->n; i++) {
		jw_begin_object(&w);
		jw_member_string(
			&w, "subnet_id", uuid_format(object_id(a->addresses[i].subnet), id));
		jw_member_string(&w, "ip_address", ip_format(&a->addresses[i].ip, ip));
		jw_end_object(&w);
	}
	jw_end_array(&w);
	object_set_str(a->draft, PORT_FIXED_IPS, text->str);
}

static GPtrArray *subnets_of(struct txn *txn, const char *network_id)
{
	GPtrArray *subnets = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *subnet;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, network_id, NULL);
	while ((subnet = txn_iter_next(&iter)))
		g_ptr_array_add(subnets, object_ref(subnet));
	return subnets;
}

/* Are ports of @owner served by the subnet? */
static bool serves(const struct object *subnet, const char *owner)
{
	const char *types = object_str(subnet, SUBNET_SERVICE_TYPES);
	g_autofree char *quoted = NULL;

	if (!strcmp(types, "[]"))
		return true;
	quoted = g_strdup_printf("\"%s\"", owner);
	return strstr(types, quoted);
}

/* Of the network's subnets those that the port may have addresses of: first those for ports of its
 * owner, then those for all. What it has already it keeps. NULL: there are subnets, but none for
 * it. */
static GPtrArray *candidates(
	struct txn *txn, const struct object *old, const struct object *draft, GError **error)
{
	const char *network = object_str(draft, PORT_NETWORK_ID);
	const char *owner = object_str(draft, PORT_DEVICE_OWNER);
	g_autoptr(GPtrArray) all = subnets_of(txn, network);
	g_autoptr(GPtrArray) fit = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	char id[UUID_STRLEN];
	gint n_typed = 0;

	for (guint i = 0; i < all->len; i++) {
		struct object *subnet = all->pdata[i];
		bool typed = strcmp(object_str(subnet, SUBNET_SERVICE_TYPES), "[]");

		if (serves(subnet, owner) ||
			(old && port_has_subnet(old, uuid_format(object_id(subnet), id))))
			g_ptr_array_insert(fit, typed ? n_typed++ : -1, object_ref(subnet));
	}
	if (fit->len || !all->len)
		return g_steal_pointer(&fit);
	weft_fail(error, NO_SERVICE_SUBNET,
		"No valid service subnet for the given device owner, network %s, service type %s: each of its subnets has other service_types.",
		network, owner);
	return NULL;
}

bool port_assign_addresses(struct txn *txn, const struct object *old, struct object *draft,
	const char *asked, GError **error)
{
	struct assignment a = {
		.txn = txn, .old = old, .draft = draft, .mac = object_mac(draft, PORT_MAC_ADDRESS)
	};
	g_autoptr(GPtrArray) subnets = NULL;

	if (asked && !strcmp(asked, "[]")) {
		object_set_str(draft, PORT_FIXED_IPS, asked);
		return true;
	}
	a.subnets = subnets = candidates(txn, old, draft, error);
	if (!subnets || !port_keep_segment(txn, draft, asked, subnets, error))
		return false;
	if (asked ? !add_all_asked(&a, asked, error) : !add_defaults(&a, error))
		return false;
	if (!add_all_slaac(&a, error))
		return false;
	write_addresses(&a);
	return true;
}

/* Stages @port with the present addresses but those of @without, and @extra on @subnet if given. */
static bool stage_addresses(struct txn *txn, const struct object *port, const char *without,
	const struct object *subnet, GError **error)
{
	struct object *draft = object_edit(port);
	struct assignment a = { .txn = txn,
		.old = port,
		.draft = draft,
		.mac = object_mac(port, PORT_MAC_ADDRESS),
		.subnets = subnets_of(txn, object_str(port, PORT_NETWORK_ID)) };
	g_autoptr(GPtrArray) subnets = a.subnets;
	struct port_ips ips = port_ips_of(port);
	bool ok = true;
	struct ip ip;

	while (ok && port_ips_next(&ips)) {
		const struct object *its = subnet_by_id(&a, ips.subnet_id);

		if (its && strcmp(ips.subnet_id, without) && ip_parse(ips.ip_text, &ip))
			ok = append(&a, its, &ip, error);
	}
	if (ok && subnet)
		ok = add_next(&a, subnet, error);
	if (!ok) {
		object_unref(draft);
		return false;
	}
	write_addresses(&a);
	return txn_put(txn, draft, error);
}

bool port_add_slaac(
	struct txn *txn, const struct object *port, const struct object *subnet, GError **error)
{
	return stage_addresses(txn, port, "", subnet, error);
}

bool port_drop_subnet(
	struct txn *txn, const struct object *port, const char *subnet_id, GError **error)
{
	return stage_addresses(txn, port, subnet_id, NULL, error);
}
