/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <stdlib.h>

#include "appliance/document/document_parts.h"

static bool read_snat(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "cidr", "address", NULL };
	struct document_snat snat = { 0 };

	if (!field_check(value, known, error) || !field_need(value, "cidr", error) ||
		!field_need(value, "address", error) ||
		!field_prefix(value, "cidr", 4, &snat.cidr, error) ||
		!field_ip(value, "address", 4, &snat.address, error))
		return false;
	g_array_append_val(array, snat);
	return true;
}

static bool read_floating_ip(const json_t *value, GArray *array, GError **error)
{
	static const char *const known[] = { "floating_ip_address", "fixed_ip_address", NULL };
	struct document_floating_ip one = { 0 };

	if (!field_check(value, known, error) || !field_need(value, known[0], error) ||
		!field_need(value, known[1], error) ||
		!field_ip(value, known[0], 4, &one.floating, error) ||
		!field_ip(value, known[1], 4, &one.fixed, error))
		return false;
	g_array_append_val(array, one);
	return true;
}

static bool fill_port_forwarding(
	const json_t *value, struct document_port_forwarding *ret, GError **error)
{
	static const char *const protocols[] = { "tcp", "udp", NULL };
	static const char *const known[] = { "protocol", "external_ip_address", "external_port",
		"internal_ip_address", "internal_port", NULL };
	unsigned protocol = 0;

	if (!field_check(value, known, error))
		return false;
	for (const char *const *key = known; *key; key++)
		if (!field_need(value, *key, error))
			return false;
	if (!field_choice(value, "protocol", protocols, &protocol, error) ||
		!field_ip(value, "external_ip_address", 4, &ret->external, error) ||
		!field_ports(
			value, "external_port", &ret->external_first, &ret->external_last, error) ||
		!field_ip(value, "internal_ip_address", 4, &ret->internal, error) ||
		!field_ports(
			value, "internal_port", &ret->internal_first, &ret->internal_last, error))
		return false;
	ret->protocol = protocol ? IPPROTO_UDP : IPPROTO_TCP;
	return true;
}

static bool read_port_forwarding(const json_t *value, GArray *array, GError **error)
{
	struct document_port_forwarding one = { 0 };

	if (!fill_port_forwarding(value, &one, error))
		return false;
	if (one.external_last - one.external_first != one.internal_last - one.internal_first)
		return weft_fail(error, INVALID_INPUT,
			"internal_port: must be as many ports as external_port");
	g_array_append_val(array, one);
	return true;
}

bool document_read_nat(const json_t *root, struct document *document, GError **error)
{
	return field_list(root, "snat", SMALL_LIST_MAX, read_snat, document->snat, error) &&
	       field_list(root, "routed", SMALL_LIST_MAX, field_read_prefix, document->routed,
		       error) &&
	       field_list(root, "floating_ips", LIST_MAX, read_floating_ip, document->floating_ips,
		       error) &&
	       field_list(root, "port_forwardings", LIST_MAX, read_port_forwarding,
		       document->port_forwardings, error);
}

static void add_addresses(GHashTable *set, const GArray *addresses)
{
	char ip[IP_STRLEN];

	for (guint i = 0; i < addresses->len; i++)
		g_hash_table_add(set,
			g_strdup(ip_format(&g_array_index(addresses, struct prefix, i).ip, ip)));
}

static GHashTable *addresses_of(const struct document_interface *interface)
{
	GHashTable *set = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	if (interface) {
		add_addresses(set, interface->addresses);
		add_addresses(set, interface->virtual_addresses);
	}
	return set;
}

/* Else nobody would answer ARP for it. */
static bool check_address(
	GHashTable *own, const char *list, guint i, const struct ip *ip, GError **error)
{
	char text[IP_STRLEN];

	return g_hash_table_contains(own, ip_format(ip, text)) ||
	       weft_fail(error, INVALID_INPUT,
		       "%s[%u]: %s must be among the addresses of the public NIC, or of the management NIC if there is none",
		       list, i, text);
}

static bool check_floating_ips(const struct document *document, GHashTable *own, GError **error)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	char a[IP_STRLEN], b[IP_STRLEN];

	for (guint i = 0; i < document->floating_ips->len; i++) {
		const struct document_floating_ip *one =
			&g_array_index(document->floating_ips, struct document_floating_ip, i);

		if (!check_address(own, "floating_ips", i, &one->floating, error))
			return false;
		ip_format(&one->floating, a);
		ip_format(&one->fixed, b);
		if (!g_hash_table_add(seen, g_strconcat("floating ", a, NULL)) ||
			!g_hash_table_add(seen, g_strconcat("fixed ", b, NULL)))
			return weft_fail(error, INVALID_INPUT,
				"floating_ips[%u]: %s or %s is in another one too", i, a, b);
	}
	return true;
}

static int compare_forwardings(const void *a, const void *b)
{
	const struct document_port_forwarding *x = a, *y = b;
	int order = ip_compare(&x->external, &y->external);

	if (!order)
		order = (int)x->protocol - (int)y->protocol;
	return order ? order : (int)x->external_first - (int)y->external_first;
}

static bool check_port_forwardings(const struct document *document, GHashTable *own, GError **error)
{
	g_autoptr(GArray) sorted = g_array_copy(document->port_forwardings);
	const struct document_port_forwarding *all = (const void *)sorted->data;
	const GArray *given = document->port_forwardings;
	char ip[IP_STRLEN];

	for (guint i = 0; i < given->len; i++)
		if (!check_address(own, "port_forwardings", i,
			    &g_array_index(given, struct document_port_forwarding, i).external,
			    error))
			return false;
	g_array_sort(sorted, compare_forwardings);
	for (guint i = 1; i < sorted->len; i++)
		if (!ip_compare(&all[i].external, &all[i - 1].external) &&
			all[i].protocol == all[i - 1].protocol &&
			all[i].external_first <= all[i - 1].external_last)
			return weft_fail(error, INVALID_INPUT,
				"port_forwardings: port %u of %s is forwarded twice",
				all[i].external_first, ip_format(&all[i].external, ip));
	return true;
}

/* Of the management network nobody is let in. */
static bool check_routed(const struct document *document, GError **error)
{
	char text[PREFIX_STRLEN];

	if (document->routed->len && !document_has_role(document, ROLE_PUBLIC))
		return weft_fail(error, INVALID_INPUT,
			"routed: it is reached by a public NIC, which interfaces has not");
	for (guint i = 0; i < document->routed->len; i++) {
		const struct prefix *prefix = &g_array_index(document->routed, struct prefix, i);
		struct ip network = prefix_network(prefix);

		if (prefix->ip.family != 4 || ip_compare(&network, &prefix->ip))
			return weft_fail(error, INVALID_INPUT,
				"routed[%u]: %s must be an IPv4 prefix without bits beyond its length",
				i, prefix_format(prefix, text));
	}
	return true;
}

bool document_check_nat(const struct document *document, GError **error)
{
	g_autoptr(GHashTable) own = addresses_of(document_public(document));

	for (guint i = 0; i < document->snat->len; i++)
		if (!check_address(own, "snat", i,
			    &g_array_index(document->snat, struct document_snat, i).address, error))
			return false;
	return check_routed(document, error) && check_floating_ips(document, own, error) &&
	       check_port_forwardings(document, own, error);
}
