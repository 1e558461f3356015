/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ops/ops.h"
#include "agent/reconcile/snat.h"

static json_t *controller_to_json(const struct agent *agent)
{
	static const char *const states[] = {
		[STREAM_NONE] = "none",
		[STREAM_WAITING] = "waiting",
		[STREAM_CONNECTING] = "connecting",
		[STREAM_CONNECTED] = "connected",
	};
	enum stream_state state = stream_state(agent->stream);
	s64 since = state == STREAM_CONNECTED
			    ? (g_get_monotonic_time() - agent->connected_us) / G_USEC_PER_SEC
			    : 0;

	return json_pack("{s:s,s:s?,s:I,s:s?}", "state", states[state], "url",
		stream_url(agent->stream), "since_s", (json_int_t)since, "error",
		stream_error(agent->stream));
}

static json_t *view_to_json(const struct agent *agent)
{
	const struct desired *desired = agent->desired;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:b}", "records",
		(json_int_t)g_hash_table_size(agent->view->entries), "networks",
		(json_int_t)g_hash_table_size(desired->networks), "ports",
		(json_int_t)g_hash_table_size(desired->ports), "endpoints",
		(json_int_t)g_hash_table_size(desired->endpoints), "refused",
		(json_int_t)agent->view->stats.refused, "needs_snapshot",
		(int)agent->needs_snapshot);
}

static json_t *uplinks_to_json(const struct agent *agent)
{
	json_t *uplinks = json_array();

	for (char **name = agent->config->uplinks; *name; name++)
		json_array_append_new(uplinks, json_string(*name));
	return uplinks;
}

static json_t *wires_to_json(const struct agent *agent)
{
	json_t *wires = json_array();

	for (guint i = 0; i < agent->desired->wires->len; i++) {
		const struct wire *wire = &g_array_index(agent->desired->wires, struct wire, i);

		json_array_append_new(wires,
			json_pack("{s:s,s:s,s:b,s:b}", "physical_network", wire->physical_network,
				"device", wire->device, "attached", wire->ifindex != 0, "running",
				wire->ifindex && wire->running));
	}
	return wires;
}

/* Which ports of the router's address this host gives, "32768-36863"; NULL: none. */
static char *snat_ports(const struct dp_gateway *applied)
{
	if (!applied || !applied->snat || !applied->n_ports)
		return NULL;
	return g_strdup_printf(
		"%u-%u", applied->port_first, (unsigned)applied->port_first + applied->n_ports - 1);
}

/* Of every router that this host knows; where it is: "here", or the host's tunnel address. */
static json_t *gateways_to_json(const struct agent *agent)
{
	const struct gateway *gateway;
	json_t *gateways = json_array();
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->gateways);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&gateway)) {
		const struct dp_gateway *applied = gateway->router->applied_gateway;
		g_autofree char *ports = snat_ports(applied),
				*why_not = snat_why_not(agent->desired, gateway);
		char id[UUID_STRLEN], ip[IP_STRLEN] = "";

		if (applied && applied->vtep.family)
			ip_format(&applied->vtep, ip);
		json_array_append_new(gateways,
			json_pack("{s:s,s:s,s:b,s:s?,s:s?,s:s?,s:s?}", "router_id",
				uuid_format(&gateway->router->id, id), "physical_network",
				gateway->record.wire.physical_network, "here",
				applied && applied->here, "tunnel_ip", *ip ? ip : NULL, "reason",
				gateway->state == PORT_NOT_WIRED ? gateway->reason : NULL,
				"snat_ports", ports, "snat_reason", why_not));
	}
	return gateways;
}

static json_t *floating_ips_to_json(const struct agent *agent)
{
	const struct floating_ip *floating_ip;
	json_t *all = json_array();
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->floating_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip)) {
		char id[UUID_STRLEN], floating[IP_STRLEN], fixed[IP_STRLEN];

		if (!floating_ip->known)
			continue;
		json_array_append_new(all,
			json_pack("{s:s,s:s,s:s,s:b,s:s?}", "id", uuid_format(&floating_ip->id, id),
				"floating_ip_address",
				ip_format(&floating_ip->record.floating, floating),
				"fixed_ip_address", ip_format(&floating_ip->record.fixed, fixed),
				"wired", floating_ip->state == PORT_WIRED, "reason",
				floating_ip->reason));
	}
	return all;
}

static json_t *logs_to_json(const struct agent *agent)
{
	struct logs_counts counts = logs_counts(agent->logs);

	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "logs",
		(json_int_t)g_hash_table_size(agent->desired->logs), "events",
		(json_int_t)counts.told, "suppressed", (json_int_t)counts.suppressed, "lost",
		(json_int_t)counts.lost, "followers", (json_int_t)counts.followers);
}

/* Floating IPs whose ports are forwarded, of the routers that this host knows. */
static json_t *forwarded_ips_to_json(const struct agent *agent)
{
	const struct forwarded_ip *forwarded;
	json_t *all = json_array();
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->forwarded_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&forwarded)) {
		char id[UUID_STRLEN], router[UUID_STRLEN];

		if (!forwarded_ip_is_known(forwarded))
			continue;
		json_array_append_new(all,
			json_pack("{s:s,s:s,s:I,s:b,s:s?}", "id", uuid_format(&forwarded->id, id),
				"router_id", uuid_format(&forwarded->router->id, router),
				"port_forwardings", (json_int_t)forwarded->forwardings->len, "here",
				forwarded->applied_vni != 0, "reason", forwarded->reason));
	}
	return all;
}

static json_t *tunnel_ips_to_json(const struct agent *agent)
{
	struct record_tunnel own = reconcile_own_tunnel(&agent->reconcile);
	json_t *ips = json_array();
	char buf[IP_STRLEN];

	if (own.ip4.family)
		json_array_append_new(ips, json_string(ip_format(&own.ip4, buf)));
	if (own.ip6.family)
		json_array_append_new(ips, json_string(ip_format(&own.ip6, buf)));
	return ips;
}

bool op_status(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	s64 uptime = (g_get_monotonic_time() - agent->started_us) / G_USEC_PER_SEC;
	char id[UUID_STRLEN];
	json_t *result = json_object();

	(void)body;
	(void)error;
	json_object_set_new(result, "host", json_string(agent->config->host));
	json_object_set_new(result, "host_id", json_string(uuid_format(&agent->desired->self, id)));
	json_object_set_new(result, "instance", json_string(agent->instance));
	json_object_set_new(result, "version", json_string(WEFT_VERSION));
	json_object_set_new(result, "uptime_s", json_integer(uptime));
	json_object_set_new(result, "controller", controller_to_json(agent));
	json_object_set_new(result, "revision", json_integer((json_int_t)agent->view->revision));
	json_object_set_new(result, "view", view_to_json(agent));
	json_object_set_new(result, "ports",
		json_pack("{s:I,s:I}", "total",
			(json_int_t)g_hash_table_size(agent->desired->ports), "wired",
			(json_int_t)count_wired(agent)));
	json_object_set_new(result, "uplinks", uplinks_to_json(agent));
	json_object_set_new(result, "tunnel_ips", tunnel_ips_to_json(agent));
	json_object_set_new(result, "wires", wires_to_json(agent));
	json_object_set_new(result, "gateways", gateways_to_json(agent));
	json_object_set_new(result, "floating_ips", floating_ips_to_json(agent));
	json_object_set_new(result, "bgp", bgp_describe(agent->bgp) ?: json_object());
	json_object_set_new(result, "forwarded_ips", forwarded_ips_to_json(agent));
	json_object_set_new(
		result, "hosts", agent->bfd ? liveness_to_json(agent->bfd) : json_array());
	if (agent->bfd)
		json_object_set_new(result, "bfd", liveness_counts_to_json(agent->bfd));
	json_object_set_new(result, "datapath", usage_to_json(agent));
	json_object_set_new(result, "logs", logs_to_json(agent));
	json_object_set_new(result, "rss_bytes", json_integer((json_int_t)resident_bytes()));
	control_answer(request, result);
	return true;
}
