/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "appliance/document/document_parts.h"

#define ADVERTISEMENT_DEFAULT_MS 200
#define ADVERTISEMENT_MIN_MS 50
#define ADVERTISEMENT_MAX_MS 10000
#define PRIORITY_DEFAULT 100

bool document_read_redundancy(const json_t *object, void *data, GError **error)
{
	static const char *const known[] = { "vrid", "priority", "preempt", "advertisement_ms",
		"interface", "peer_address", NULL };
	struct document_redundancy *redundancy = data;
	u64 vrid = 0, priority = PRIORITY_DEFAULT, advertisement_ms = ADVERTISEMENT_DEFAULT_MS;

	if (!field_check(object, known, error) || !field_need(object, "vrid", error) ||
		!field_need(object, "interface", error) ||
		!field_need(object, "peer_address", error) ||
		!field_number(object, "vrid", 1, 255, &vrid, error) ||
		!field_number(object, "priority", 1, 254, &priority, error) ||
		!field_bool(object, "preempt", &redundancy->preempt, error) ||
		!field_number(object, "advertisement_ms", ADVERTISEMENT_MIN_MS,
			ADVERTISEMENT_MAX_MS, &advertisement_ms, error) ||
		!field_label(object, "interface", redundancy->interface,
			sizeof(redundancy->interface), error) ||
		!field_ip(object, "peer_address", 4, &redundancy->peer, error))
		return false;
	redundancy->vrid = (u8)vrid;
	redundancy->priority = (u8)priority;
	redundancy->advertisement_ms = (u32)advertisement_ms / 10 * 10; /* RFC 5798: 10 ms */
	return true;
}

/* Of the NIC; NULL: none is IPv4. */
static const struct prefix *first_ip4(const GArray *addresses)
{
	for (guint i = 0; i < addresses->len; i++) {
		const struct prefix *prefix = &g_array_index(addresses, struct prefix, i);

		if (prefix->ip.family == 4)
			return prefix;
	}
	return NULL;
}

static bool check_peer(struct document_redundancy *redundancy,
	const struct document_interface *interface, GError **error)
{
	const struct prefix *own = interface ? first_ip4(interface->addresses) : NULL;
	char ip[IP_STRLEN];

	if (!own)
		return weft_fail(error, INVALID_INPUT,
			"redundancy.interface: \"%s\" must be a NIC of interfaces with an IPv4 address of its own",
			redundancy->interface);
	if (!prefix_contains(own, &redundancy->peer) || !ip_compare(&own->ip, &redundancy->peer))
		return weft_fail(error, INVALID_INPUT,
			"redundancy.peer_address: %s must be another address of the network that %s is on",
			ip_format(&redundancy->peer, ip), interface->name);
	redundancy->own = own->ip;
	return true;
}

bool document_check_redundancy(struct document *document, GError **error)
{
	struct document_redundancy *redundancy = &document->redundancy;
	bool shared = false;

	for (guint i = 0; i < document->interfaces->len; i++) {
		const struct document_interface *interface =
			&g_array_index(document->interfaces, struct document_interface, i);

		if (!redundancy->enabled && (interface->virtual_addresses->len ||
						    !mac_is_zero(&interface->virtual_mac)))
			return weft_fail(error, INVALID_INPUT,
				"interfaces[%u]: virtual addresses are for a pair: redundancy must be given",
				i);
		shared |= first_ip4(interface->virtual_addresses) != NULL;
	}
	if (!redundancy->enabled)
		return true;
	if (!shared)
		return weft_fail(error, INVALID_INPUT,
			"redundancy: a NIC must have virtual_addresses, one of them IPv4");
	return check_peer(
		redundancy, document_interface_named(document, redundancy->interface), error);
}

bool document_reaches(const struct document *document, const struct ip *ip)
{
	for (guint i = 0; i < document->interfaces->len; i++) {
		const GArray *addresses =
			g_array_index(document->interfaces, struct document_interface, i).addresses;

		for (guint n = 0; n < addresses->len; n++)
			if (prefix_contains(&g_array_index(addresses, struct prefix, n), ip))
				return true;
	}
	return false;
}
