/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of floating IPs and routers' gateways that are kept here, and what has passed them:
 * for people, and as metrics. */
#include <inttypes.h>

#include "agent/ops/ops.h"

/* One of them, in one direction. */
struct limited {
	const char *kind; /* "floating_ip", "router": whose the id is */
	const struct uuid *id;
	const struct ip *ip; /* outside */
	const char *direction;
	const struct record_rates *rates;
	struct dp_limit_count count;
};

static void add_both(GArray *all, const struct agent *agent, struct limited limited,
	const struct record_qos *qos)
{
	struct dp_limit_counts counts;

	if (!dp_limit_counts(agent->dp, limited.id->b, &counts, NULL))
		return;
	limited.direction = "egress";
	limited.rates = &qos->egress;
	limited.count = counts.egress;
	g_array_append_val(all, limited);
	limited.direction = "ingress";
	limited.rates = &qos->ingress;
	limited.count = counts.ingress;
	g_array_append_val(all, limited);
}

static void add_floating_ips(GArray *all, const struct agent *agent)
{
	const struct floating_ip *floating_ip;
	const struct forwarded_ip *forwarded;
	GHashTableIter i;

	g_hash_table_iter_init(&i, agent->desired->floating_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&floating_ip))
		if (floating_ip->limited)
			add_both(all, agent,
				(struct limited){ .kind = "floating_ip",
					.id = &floating_ip->id,
					.ip = &floating_ip->applied_ip },
				&floating_ip->record.qos);
	g_hash_table_iter_init(&i, agent->desired->forwarded_ips);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&forwarded))
		if (forwarded->limited)
			add_both(all, agent,
				(struct limited){ .kind = "floating_ip",
					.id = &forwarded->id,
					.ip = &forwarded->applied_ip },
				&forwarded_ip_record(forwarded)->qos);
}

/* struct limited; g_array_unref(). */
static GArray *limited_all(const struct agent *agent)
{
	GArray *all = g_array_new(FALSE, FALSE, sizeof(struct limited));
	const struct router *router;
	GHashTableIter i;

	add_floating_ips(all, agent);
	g_hash_table_iter_init(&i, agent->desired->routers);
	while (g_hash_table_iter_next(&i, NULL, (gpointer *)&router))
		if (router->limited && router->gateway && router->applied_gateway)
			add_both(all, agent,
				(struct limited){ .kind = "router",
					.id = &router->id,
					.ip = &router->applied_gateway->ip4 },
				&router->gateway->record.qos);
	return all;
}

static json_t *to_json(const struct limited *limited)
{
	char id[UUID_STRLEN], ip[IP_STRLEN] = "";

	if (limited->ip->family)
		ip_format(limited->ip, ip);
	return json_pack("{s:s,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I}", "kind", limited->kind, "id",
		uuid_format(limited->id, id), "address", ip, "direction", limited->direction,
		"max_kbps", (json_int_t)limited->rates->max_kbps, "max_kpps",
		(json_int_t)limited->rates->max_kpps, "packets", (json_int_t)limited->count.packets,
		"bytes", (json_int_t)limited->count.bytes, "dropped",
		(json_int_t)limited->count.dropped);
}

bool op_limits(
	struct agent *agent, struct control_request *request, const json_t *body, GError **error)
{
	g_autoptr(GArray) all = limited_all(agent);
	json_t *limits = json_array();

	(void)body;
	(void)error;
	for (guint i = 0; i < all->len; i++)
		json_array_append_new(limits, to_json(&g_array_index(all, struct limited, i)));
	control_answer(request, json_pack("{s:o}", "limits", limits));
	return true;
}

static const struct {
	const char *kind, *name, *help;
	size_t offset;
} families[] = {
#define COUNT(member) offsetof(struct dp_limit_count, member)
	{ "floating_ip", "weft_floating_ip_packets_total",
		"Packets that have passed the limits of a floating IP", COUNT(packets) },
	{ "floating_ip", "weft_floating_ip_bytes_total",
		"Bytes that have passed the limits of a floating IP", COUNT(bytes) },
	{ "floating_ip", "weft_floating_ip_limited_total",
		"Packets dropped by the limits of a floating IP", COUNT(dropped) },
	{ "router", "weft_gateway_packets_total",
		"Packets that have passed the limits of a router's gateway", COUNT(packets) },
	{ "router", "weft_gateway_bytes_total",
		"Bytes that have passed the limits of a router's gateway", COUNT(bytes) },
	{ "router", "weft_gateway_limited_total",
		"Packets dropped by the limits of a router's gateway", COUNT(dropped) },
#undef COUNT
};

void limited_metrics(GString *out, const struct agent *agent)
{
	g_autoptr(GArray) all = limited_all(agent);
	char id[UUID_STRLEN];

	for (size_t f = 0; f < G_N_ELEMENTS(families); f++) {
		metrics_family(out, families[f].name, "counter", families[f].help);
		for (guint i = 0; i < all->len; i++) {
			const struct limited *limited = &g_array_index(all, struct limited, i);
			const char *count = (const char *)&limited->count;

			if (!g_str_equal(limited->kind, families[f].kind))
				continue;
			g_string_append_printf(out, "%s{%s=\"%s\",direction=\"%s\"} %" PRIu64 "\n",
				families[f].name, limited->kind, uuid_format(limited->id, id),
				limited->direction, *(const u64 *)(count + families[f].offset));
		}
	}
}
