/* SPDX-License-Identifier: Apache-2.0 */
/* What a port does with its attributes; the tables are in port_kind.c. */
#include "model/port/port.h"

#include <string.h>

#include "model/router/floating_ip.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/held_address.h"
#include "model/port/port_address.h"
#include "model/port/port_binding.h"
#include "model/port/port_group.h"
#include "model/port/port_hooks.h"
#include "model/port/port_mac.h"
#include "model/port/port_segment.h"
#include "model/qos/qos_policy.h"
#include "model/qos/qos_rule.h"
#include "model/port/service_port.h"
#include "model/router/snat_ranges.h"
#include "model/network/subnet_pools.h"
#include "model/port/trunk.h"

struct port_ips port_ips_of(const struct object *port)
{
	return (struct port_ips){ .at = object_str(port, PORT_FIXED_IPS) };
}

/* Copies the string behind @key, whose quotes close it; what is there was written by us. */
static const char *copy_member(const char *at, const char *key, char *to, size_t size)
{
	const char *value = strstr(at, key);
	size_t len;

	if (!value)
		return NULL;
	value += strlen(key);
	len = strcspn(value, "\"");
	if (len >= size)
		return NULL;
	memcpy(to, value, len);
	to[len] = '\0';
	return value + len;
}

/* The text is canonical: [{"subnet_id":"…","ip_address":"…"},…]. */
bool port_ips_next(struct port_ips *ips)
{
	const char *at = copy_member(ips->at, "\"subnet_id\":\"", ips->subnet_id, UUID_STRLEN);

	if (at)
		at = copy_member(at, "\"ip_address\":\"", ips->ip_text, IP_STRLEN);
	if (!at)
		return false;
	ips->at = at;
	return true;
}

const char *port_subnet_of(const struct object *port, const char *ip, char buf[static UUID_STRLEN])
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		if (!strcmp(ips.ip_text, ip))
			return memcpy(buf, ips.subnet_id, UUID_STRLEN);
	return NULL;
}

bool port_has_ip(const struct object *port, const char *ip)
{
	char subnet_id[UUID_STRLEN];

	return port_subnet_of(port, ip, subnet_id) != NULL;
}

bool port_has_subnet(const struct object *port, const char *subnet_id)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		if (!strcmp(ips.subnet_id, subnet_id))
			return true;
	return false;
}

static const struct object *find_host(struct txn *txn, const char *name_or_id)
{
	const struct object *host = txn_get_text(txn, KIND_HOST, name_or_id);
	struct txn_iter iter;

	if (host)
		return host;
	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_NAME, name_or_id, NULL);
	return txn_iter_next(&iter);
}

/* The host by name or id becomes its name; an unknown one is refused, so that no port waits for a
 * host that is a typing error. */
static bool check_binding(struct txn *txn, struct object *draft, GError **error)
{
	const char *name = object_str(draft, PORT_HOST_ID);
	const struct object *host;

	if (!*name)
		return true;
	host = find_host(txn, name);
	if (!host)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for binding:host_id: there is no host '%s'; name one of `weft host list`, or \"\" to unbind.",
			name);
	object_set_str(draft, PORT_HOST_ID, object_str(host, SLOT_NAME));
	return true;
}

/* A pair without a MAC has the port's. */
static void fill_pairs(struct object *draft)
{
	json_t *pairs = object_json(draft, PORT_ALLOWED_ADDRESS_PAIRS);
	struct mac mac = object_mac(draft, PORT_MAC_ADDRESS);
	char text[MAC_STRLEN];
	g_autofree char *json = NULL;
	json_t *pair;
	size_t i;

	json_array_foreach(pairs, i, pair)
		if (!json_object_get(pair, "mac_address"))
			json_object_set_new(
				pair, "mac_address", json_string(mac_format(&mac, text)));
	json = json_dumps(pairs, JSON_COMPACT);
	json_decref(pairs);
	object_set_str(draft, PORT_ALLOWED_ADDRESS_PAIRS, json);
}

static bool check_pairs(struct object *draft, GError **error)
{
	if (!strcmp(object_str(draft, PORT_ALLOWED_ADDRESS_PAIRS), "[]"))
		return true;
	if (!object_bool(draft, PORT_PORT_SECURITY))
		return weft_fail(error, CONFLICT,
			"Port security must be enabled to have allowed address pairs on a port: without it every address is allowed.");
	fill_pairs(draft);
	return true;
}

static bool same_option(json_t *a, json_t *b)
{
	return json_equal(json_object_get(a, "opt_name"), json_object_get(b, "opt_name")) &&
	       json_equal(json_object_get(a, "ip_version"), json_object_get(b, "ip_version"));
}

/* As in OpenStack, options given replace those of the same name, and a null value removes one. */
static void merge_options(const struct object *old, struct object *draft)
{
	json_t *given = object_json(draft, PORT_EXTRA_DHCP_OPTS);
	json_t *merged = old ? object_json(old, PORT_EXTRA_DHCP_OPTS) : json_array();
	g_autofree char *text = NULL;
	json_t *option;
	size_t i;

	json_array_foreach(given, i, option) {
		for (size_t at = json_array_size(merged); at-- > 0;)
			if (same_option(json_array_get(merged, at), option))
				json_array_remove(merged, at);
		if (json_is_string(json_object_get(option, "opt_value")))
			json_array_append(merged, option);
	}
	text = json_dumps(merged, JSON_COMPACT);
	json_decref(given);
	json_decref(merged);
	object_set_str(draft, PORT_EXTRA_DHCP_OPTS, text);
}

static bool check_network(struct txn *txn, const struct object *network, GError **error)
{
	char id[UUID_STRLEN];

	if (network_usable(txn_model(txn), network, txn_caller(txn)))
		return true;
	return weft_fail(error, FORBIDDEN,
		"Network %s is external: it is there for routers' gateways and floating IPs; only its own project may have ports on it.",
		uuid_format(object_id(network), id));
}

bool port_on_create(struct txn *txn, struct object *draft, GError **error)
{
	u64 given = object_given(draft);
	const struct object *network =
		txn_need(txn, KIND_NETWORK, object_str(draft, PORT_NETWORK_ID), error);
	bool asked = given & SLOT_BIT(PORT_FIXED_IPS);
	g_autofree char *addresses = asked ? g_strdup(object_str(draft, PORT_FIXED_IPS)) : NULL;

	if (!network || !check_network(txn, network, error) ||
		!service_port_check(txn, NULL, draft, error) || !check_binding(txn, draft, error))
		return false;
	if (asked && !strcmp(addresses, "[]"))
		object_set_choice(draft, PORT_IP_ALLOCATION, PORT_IP_NONE);
	if (!port_find_mac(txn, NULL, draft, error))
		return false;
	if (!(given & SLOT_BIT(PORT_PORT_SECURITY)))
		object_set_bool(
			draft, PORT_PORT_SECURITY, object_bool(network, NETWORK_PORT_SECURITY));
	if (given & SLOT_BIT(PORT_EXTRA_DHCP_OPTS))
		merge_options(NULL, draft);
	return check_pairs(draft, error) && snat_ranges_follow_port(txn, draft, error) &&
	       qos_policy_check(txn, NULL, draft, PORT_QOS_POLICY_ID, error) &&
	       port_assign_groups(txn, NULL, draft, error) &&
	       port_assign_addresses(txn, NULL, draft, addresses, error);
}

/* The present addresses as a request for the same, less those that guests made of the old MAC. */
static char *addresses_without_slaac(struct txn *txn, const struct object *port)
{
	struct port_ips ips = port_ips_of(port);
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	jw_begin_array(&w);
	while (port_ips_next(&ips)) {
		const struct object *subnet = txn_get_text(txn, KIND_SUBNET, ips.subnet_id);

		if (!subnet || subnet_is_slaac(subnet))
			continue;
		jw_begin_object(&w);
		jw_member_string(&w, "subnet_id", ips.subnet_id);
		jw_member_string(&w, "ip_address", ips.ip_text);
		jw_end_object(&w);
	}
	jw_end_array(&w);
	return g_strdup(text->str);
}

bool port_on_update(struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	g_autofree char *addresses = NULL;
	bool mac_changed, deferred = false;

	if (!service_port_check(txn, old, draft, error))
		return false;
	if (!object_equal(old, draft, PORT_HOST_ID)) {
		if (!check_binding(txn, draft, error))
			return false;
		/* What the old host said of it says nothing of the new one. */
		object_set_choice(draft, PORT_STATUS, PORT_DOWN);
		object_set_str(draft, PORT_STATUS_REASON, "");
		if (!port_binding_forget(txn, draft, error) ||
			!port_check_host_segment(txn, old, draft, error) ||
			!floating_ip_follow_binding(txn, draft, error) ||
			!snat_ranges_follow_port(txn, draft, error) ||
			!trunk_follow_binding(txn, draft, error))
			return false;
		deferred = port_is_deferred(old, draft);
	}
	if (!port_find_mac(txn, old, draft, error))
		return false;
	mac_changed = !object_equal(old, draft, PORT_MAC_ADDRESS);
	if (object_given(draft) & SLOT_BIT(PORT_EXTRA_DHCP_OPTS))
		merge_options(old, draft);
	if (!check_pairs(draft, error) || !port_assign_groups(txn, old, draft, error) ||
		!qos_policy_check(txn, old, draft, PORT_QOS_POLICY_ID, error))
		return false;
	if (object_given(draft) & SLOT_BIT(PORT_FIXED_IPS))
		addresses = g_strdup(object_str(draft, PORT_FIXED_IPS));
	else if (mac_changed && strcmp(object_str(old, PORT_FIXED_IPS), "[]"))
		addresses = addresses_without_slaac(txn, old);
	if ((addresses || deferred) && (!port_assign_addresses(txn, old, draft, addresses, error) ||
					       !floating_ip_follow_port(txn, draft, error)))
		return false;
	held_addresses_prune(draft);
	return stand_ins_follow_port(txn, old, draft, error);
}

/* "host-10-0-0-3" of an address. */
static void name_of_address(const char *ip, char name[static IP_STRLEN + 8])
{
	char *to = stpcpy(name, "host-");

	for (; *ip; ip++)
		*to++ = *ip == '.' || *ip == ':' ? '-' : *ip;
	*to = '\0';
}

static void write_assignment(
	const struct object *port, const struct object *network, struct json_writer *w)
{
	const char *domain = network ? object_str(network, NETWORK_DNS_DOMAIN) : "";
	const char *name = object_str(port, PORT_DNS_NAME);
	struct port_ips ips = port_ips_of(port);

	if (*object_str(port, PORT_DNS_DOMAIN))
		domain = object_str(port, PORT_DNS_DOMAIN);
	if (!*domain)
		domain = "openstacklocal.";
	while (port_ips_next(&ips)) {
		char made[IP_STRLEN + 8], fqdn[600];

		name_of_address(ips.ip_text, made);
		g_strlcpy(fqdn, *name ? name : made, sizeof(fqdn));
		g_strlcat(fqdn, ".", sizeof(fqdn));
		g_strlcat(fqdn, domain, sizeof(fqdn));
		if (!g_str_has_suffix(domain, "."))
			g_strlcat(fqdn, ".", sizeof(fqdn));
		jw_begin_object(w);
		jw_member_string(w, "hostname", *name ? name : made);
		jw_member_string(w, "ip_address", ips.ip_text);
		jw_member_string(w, "fqdn", fqdn);
		jw_end_object(w);
	}
}

void port_compute(
	const struct model *model, const struct object *port, unsigned slot, struct json_writer *w)
{
	switch (slot) {
	case PORT_VIF_TYPE:
		jw_string(w, port_is_bound(port) ? "tap" : "unbound");
		break;
	case PORT_VIF_DETAILS:
		jw_begin_object(w);
		if (port_is_bound(port)) {
			jw_member_string(w, "connectivity", "l2");
			jw_member_bool(w, "port_filter", true);
		}
		jw_end_object(w);
		break;
	case PORT_QOS_NETWORK_POLICY_ID:
		qos_policy_write_networks(model, object_str(port, PORT_NETWORK_ID), w);
		break;
	case PORT_RESOURCE_REQUEST:
		qos_write_resource_request(model, port, w);
		break;
	case PORT_TRUNK_DETAILS:
		trunk_write_details(model, port, w);
		break;
	case PORT_DNS_ASSIGNMENT:
		jw_begin_array(w);
		write_assignment(port,
			model_get_text(model, KIND_NETWORK, object_str(port, PORT_NETWORK_ID)), w);
		jw_end_array(w);
		break;
	default:
		jw_null(w);
	}
}
