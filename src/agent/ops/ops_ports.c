/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/ops.h"

static json_t *ips_to_json(const struct port *port)
{
	json_t *ips = json_array();
	char buf[IP_STRLEN];

	for (guint i = 0; i < port->record.fixed_ips->len; i++) {
		const struct record_fixed_ip *fixed =
			&g_array_index(port->record.fixed_ips, struct record_fixed_ip, i);

		json_array_append_new(ips, json_string(ip_format(&fixed->ip, buf)));
	}
	return ips;
}

static json_t *counters_to_json(struct agent *agent, const struct port *port)
{
	struct dp_counters counters = { 0 };

	if (port->applied_ifindex)
		dp_port_counters(agent->dp, port->applied_ifindex, &counters, NULL);
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "rx_packets", (json_int_t)counters.rx_packets,
		"rx_bytes", (json_int_t)counters.rx_bytes, "tx_packets",
		(json_int_t)counters.tx_packets, "tx_bytes", (json_int_t)counters.tx_bytes, "drops",
		(json_int_t)counters.drops);
}

static json_t *drops_to_json(struct agent *agent, const struct port *port)
{
	g_autofree u64 *counts = g_new0(u64, dp_n_drop_reasons());
	json_t *drops = json_object();

	if (!port->applied_ifindex ||
		!dp_drop_counts(agent->dp, port->applied_ifindex, counts, NULL))
		return drops;
	for (size_t i = 0; i < dp_n_drop_reasons(); i++)
		if (counts[i])
			json_object_set_new(
				drops, dp_drop_reason_name(i), json_integer((json_int_t)counts[i]));
	return drops;
}

static json_t *port_to_json(struct agent *agent, const struct port *port)
{
	char id[UUID_STRLEN], network[UUID_STRLEN], mac[MAC_STRLEN];
	const struct record_port *record = &port->record;

	const struct port *at = port->parent ? port->parent : port; /* whose device it has */
	json_t *json;

	json = json_pack("{s:s,s:s?,s:s,s:I,s:s,s:o,s:s?,s:I,s:s?,s:b,s:s?,s:o,s:o}", "id",
		uuid_format(&port->id, id), "name", record->name, "network_id",
		uuid_format(&port->network->id, network), "vni", (json_int_t)port->network->vni,
		"mac_address", mac_format(&record->mac, mac), "ips", ips_to_json(port), "device",
		at->has_device ? at->device.name : NULL, "ifindex", (json_int_t)at->applied_ifindex,
		"kind", at->has_device ? at->device.kind : NULL, "wired",
		(int)(port->state == PORT_WIRED), "reason", port->reason, "counters",
		counters_to_json(agent, port), "drop_reasons", drops_to_json(agent, port));
	if (port->parent) {
		json_object_set_new(
			json, "parent_id", json_string(uuid_format(&port->parent->id, id)));
		json_object_set_new(json, "segmentation_id", json_integer(port->record.vlan));
	}
	return json;
}

bool op_ports(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	json_t *ports = json_array();
	struct port *port;
	GHashTableIter i;

	if (json_object_get(body, "port") || json_object_get(body, "device")) {
		if (!op_port(agent, body, &port, error)) {
			json_decref(ports);
			return false;
		}
		json_array_append_new(ports, port_to_json(agent, port));
	} else {
		g_hash_table_iter_init(&i, agent->desired->ports);
		while (g_hash_table_iter_next(&i, NULL, (gpointer *)&port))
			if (port->known)
				json_array_append_new(ports, port_to_json(agent, port));
	}
	control_answer(request, json_pack("{s:o}", "ports", ports));
	return true;
}
