/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reconcile/snat.h"

#include <string.h>

struct mac snat_host_mac(const struct uuid *host)
{
	u64 hash = 0xcbf29ce484222325; /* FNV-1a, mixed as in MurmurHash3's end */
	struct mac mac = { .b = { 0x06 } };

	for (size_t i = 0; i < sizeof(host->b); i++)
		hash = (hash ^ host->b[i]) * 0x100000001b3;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
	hash ^= hash >> 33;
	for (size_t i = 1; i < sizeof(mac.b); i++)
		mac.b[i] = (u8)(hash >> 8 * i);
	return mac;
}

const struct record_snat_range *snat_range_of(
	const struct record_gateway *gateway, const struct uuid *host)
{
	for (guint i = 0; i < gateway->snat_ranges->len; i++) {
		const struct record_snat_range *range =
			&g_array_index(gateway->snat_ranges, struct record_snat_range, i);

		if (uuid_equal(&range->host_id, host))
			return range;
	}
	return NULL;
}

static u16 length_of(const struct record_snat_range *range)
{
	return (u16)(range->port_max - range->port_min + 1);
}

void snat_plan(const struct desired *desired, const struct record_gateway *gateway,
	struct dp_gateway *wanted)
{
	const struct record_snat_range *own = snat_range_of(gateway, &desired->self);

	if (!snat_is_shared(gateway)) {
		wanted->port_first = DP_SNAT_PORT_FIRST;
		wanted->n_ports = wanted->here ? DP_SNAT_PORTS_ALL : 0;
	} else if (own && wanted->ip4.family &&
		   (wanted->here || desired_wire_is_running(desired, &gateway->wire))) {
		wanted->port_first = (u16)own->port_min;
		wanted->n_ports = length_of(own);
	}
}

GArray *snat_owners(const struct desired *desired, const struct record_gateway *gateway)
{
	GArray *owners = g_array_new(FALSE, FALSE, sizeof(struct dp_snat_owner));

	for (guint i = 0; snat_is_shared(gateway) && i < gateway->snat_ranges->len; i++) {
		const struct record_snat_range *range =
			&g_array_index(gateway->snat_ranges, struct record_snat_range, i);
		struct dp_snat_owner owner = { (u16)range->port_min, length_of(range),
			snat_host_mac(&range->host_id) };

		if (!uuid_equal(&range->host_id, &desired->self))
			g_array_append_val(owners, owner);
	}
	return owners;
}

char *snat_why_not(const struct desired *desired, const struct gateway *gateway)
{
	const struct record_gateway *record = &gateway->record;
	char *why = NULL;

	if (!record->enable_snat)
		return g_strdup("the router does not translate: enable_snat is false");
	if (!snat_is_shared(record))
		return g_strdup(
			"the host that has the gateway translates for all: it keeps the limits of a QoS policy, or "
			"weftd has snat = centralized and the router is not distributed");
	if (!desired_wire_number(desired, &record->wire, &why))
		return why;
	if (!desired_wire_is_running(desired, &record->wire))
		return g_strdup_printf(
			"the device that carries physical network %s is down, or has no carrier",
			record->wire.physical_network);
	if (!snat_range_of(record, &desired->self))
		return g_strdup_printf(
			"the router's address has no range of ports left for this host: %u hosts have one",
			record->snat_ranges->len);
	return NULL;
}
