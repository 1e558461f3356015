/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/snat_ranges.h"

#include <string.h>

#include "model/router/gateway_hosts.h"
#include "model/router/gateway_segment.h"
#include "model/host/host.h"
#include "model/router/router_parts.h"
#include "model/network/subnet.h"

#define PORTS 65536
#define BLOCKS (PORTS / SNAT_SHORT)
#define SNAT_UPPER (PORTS - SNAT_LONG_FIRST)

struct snat_state {
	bool centralized;
};

struct range {
	struct uuid host;
	int first, n;
};

void *snat_state_new(void)
{
	return g_new0(struct snat_state, 1);
}

void snat_set_centralized(struct model *model, bool centralized)
{
	((struct snat_state *)model_state(model, KIND_ROUTER))->centralized = centralized;
}

static bool is_shared(const struct txn *txn, const struct object *router)
{
	const struct snat_state *state = model_state(txn_model(txn), KIND_ROUTER);

	return object_bool(router, ROUTER_DISTRIBUTED) || !state->centralized;
}

/* struct range; g_array_unref(). */
static GArray *ranges_of(const struct object *router)
{
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(struct range));
	json_t *list = object_json(router, ROUTER_SNAT_RANGES), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		struct range range = { .first = (int)json_integer_value(
					       json_object_get(item, "port_range_min")) };

		range.n = (int)json_integer_value(json_object_get(item, "port_range_max")) + 1 -
			  range.first;
		if (uuid_parse(json_string_value(json_object_get(item, "host_id")), &range.host))
			g_array_append_val(ranges, range);
	}
	json_decref(list);
	return ranges;
}

static void set_ranges(struct object *draft, const GArray *ranges)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN];

	jw_begin_array(&w);
	for (guint i = 0; i < ranges->len; i++) {
		const struct range *range = &g_array_index(ranges, struct range, i);

		jw_begin_object(&w);
		jw_member_string(&w, "host_id", uuid_format(&range->host, id));
		jw_member_int(&w, "port_range_min", range->first);
		jw_member_int(&w, "port_range_max", range->first + range->n - 1);
		jw_end_object(&w);
	}
	jw_end_array(&w);
	object_set_str(draft, ROUTER_SNAT_RANGES, text->str);
}

void snat_ranges_keys(const struct object *router, struct key_sink *sink)
{
	g_autoptr(GArray) ranges = NULL;
	char id[UUID_STRLEN];

	if (!strcmp(object_str(router, ROUTER_SNAT_RANGES), "[]"))
		return;
	ranges = ranges_of(router);
	for (guint i = 0; i < ranges->len; i++)
		index_add(sink,
			(const char *const[]){
				uuid_format(&g_array_index(ranges, struct range, i).host, id) },
			1);
}

static bool has_range(const GArray *ranges, const struct uuid *host)
{
	for (guint i = 0; i < ranges->len; i++)
		if (uuid_equal(&g_array_index(ranges, struct range, i).host, host))
			return true;
	return false;
}

/* Has the host a port on one of the router's networks? */
static bool is_used(const struct txn *txn, const struct object *router, const struct object *host)
{
	g_autoptr(GPtrArray) ports = router_ports(txn, router);
	struct txn_iter iter;

	for (guint i = 0; i < ports->len; i++) {
		if (!port_is_router_interface(ports->pdata[i]))
			continue;
		txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_HOST_NETWORK,
			object_str(host, SLOT_NAME), object_str(ports->pdata[i], PORT_NETWORK_ID),
			NULL);
		if (txn_iter_next(&iter))
			return true;
	}
	return false;
}

/* How many ports a range has that is given while so many hosts are connected to the outside: the
 * upper half has room for one of that length for each. */
static int length_for(unsigned n_hosts)
{
	int length = SNAT_UPPER;

	while (length > SNAT_LONG && (unsigned)(SNAT_UPPER / length) < n_hosts)
		length /= 2;
	return length;
}

static bool is_free(const bool used[static BLOCKS], int first, int n)
{
	for (int port = first; port < first + n; port += SNAT_SHORT)
		if (used[port / SNAT_SHORT])
			return false;
	return true;
}

/* The first free one of that length in a part of the ports. */
static bool find(const bool used[static BLOCKS], int from, int to, int length, struct range *ret)
{
	for (int port = from; port < to; port += length) {
		if (!is_free(used, port, length))
			continue;
		ret->first = port;
		ret->n = length;
		return true;
	}
	return false;
}

/* How many hosts may get one yet. */
static unsigned count_free(const bool used[static BLOCKS])
{
	unsigned n = 0;

	for (int port = SNAT_SHORT_FIRST; port < SNAT_LONG_FIRST; port += SNAT_SHORT)
		n += is_free(used, port, SNAT_SHORT);
	for (int port = SNAT_LONG_FIRST; port < PORTS; port += SNAT_LONG)
		n += is_free(used, port, SNAT_LONG);
	return n;
}

static void mark_used(const GArray *ranges, bool used[static BLOCKS])
{
	used[0] = true;
	for (guint i = 0; i < ranges->len; i++) {
		const struct range *range = &g_array_index(ranges, struct range, i);

		for (int port = range->first; port < range->first + range->n; port += SNAT_SHORT)
			used[port / SNAT_SHORT % BLOCKS] = true;
	}
}

/* A free range of @length or, if there is none, a shorter one; false: there is none beside
 * @reserved. */
static bool find_free(const GArray *ranges, unsigned reserved, int length, struct range *ret)
{
	bool used[BLOCKS] = { false };

	mark_used(ranges, used);
	if (count_free(used) <= reserved)
		return false;
	for (; length >= SNAT_LONG; length /= 2)
		if (find(used, SNAT_LONG_FIRST, PORTS, length, ret))
			return true;
	return (ranges->len < SNAT_N_LONG &&
		       find(used, SNAT_LOWER_LONG_FIRST, SNAT_LONG_FIRST, SNAT_LONG, ret)) ||
	       find(used, SNAT_SHORT_FIRST, SNAT_LONG_FIRST, SNAT_SHORT, ret);
}

/* Takes the ranges of hosts that neither have a port on the router's networks nor may have its
 * gateway. */
static void reclaim(const struct txn *txn, const struct object *router, GArray *ranges)
{
	for (guint i = ranges->len; i-- > 0;) {
		const struct uuid *id = &g_array_index(ranges, struct range, i).host;
		const struct object *host = txn_get(txn, KIND_HOST, id);

		if (!gateway_hosts_include(router, id) && !(host && is_used(txn, router, host)))
			g_array_remove_index(ranges, i);
	}
}

/* How many hosts may yet come that may have the gateway: they need a range most. */
static unsigned gateway_reserve(const struct object *router, const GArray *ranges)
{
	unsigned n = GATEWAY_HOSTS_MAX;

	for (guint i = 0; i < ranges->len; i++)
		n -= gateway_hosts_include(router, &g_array_index(ranges, struct range, i).host);
	return n;
}

/* How many hosts have the physical network, as it will be; who has more than SNAT_N_LONG is not
 * counted to the end. */
static unsigned n_connected(
	const struct txn *txn, const char *physical, const struct snat_event *event)
{
	const struct object *host, *now = event->now, *leaving = event->leaving;
	unsigned n = now && host_has_physical(now, physical);
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_PHYSICAL, physical, NULL);
	while (n <= SNAT_N_LONG && (host = txn_iter_next(&iter)))
		n += !(now && uuid_equal(object_id(now), object_id(host))) &&
		     !(leaving && uuid_equal(object_id(leaving), object_id(host)));
	return n;
}

struct giving {
	const struct txn *txn;
	const struct object *router;
	const char *physical; /* the network outside */
	const struct snat_event *event;
	GArray *ranges;
};

static bool find_for(const struct giving *g, const struct uuid *host, struct range *ret)
{
	bool first = gateway_hosts_include(g->router, host);

	return find_free(g->ranges, first ? 0 : gateway_reserve(g->router, g->ranges),
		length_for(n_connected(g->txn, g->physical, g->event)), ret);
}

/* A range for a host that has none, if one can be had. How many were taken back for it. */
static guint give(const struct giving *g, const struct uuid *host)
{
	struct range range = { .host = *host };
	guint before = g->ranges->len, taken = 0;
	bool found;

	if (has_range(g->ranges, host))
		return 0;
	found = find_for(g, host, &range);
	if (!found) {
		reclaim(g->txn, g->router, g->ranges);
		taken = before - g->ranges->len;
		found = find_for(g, host, &range);
	}
	if (found)
		g_array_append_val(g->ranges, range);
	return taken;
}

/* NULL: it is gone, or goes. */
static const struct object *host_of(
	const struct txn *txn, const struct snat_event *event, const struct uuid *id)
{
	if (event->now && uuid_equal(object_id(event->now), id))
		return event->now;
	if (event->leaving && uuid_equal(object_id(event->leaving), id))
		return NULL;
	return txn_get(txn, KIND_HOST, id);
}

static void give_all(const struct giving *g)
{
	const struct object *host, *now;
	struct txn_iter iter;

	txn_iter_init(&iter, g->txn, KIND_HOST, HOST_BY_PHYSICAL, g->physical, NULL);
	while ((host = txn_iter_next(&iter))) {
		now = host_of(g->txn, g->event, object_id(host));
		if (now && host_has_physical(now, g->physical) && is_used(g->txn, g->router, now))
			give(g, object_id(now));
	}
}

/* Had a host to do without? */
static bool are_exhausted(const struct object *router, const GArray *ranges)
{
	bool used[BLOCKS] = { false };

	mark_used(ranges, used);
	return count_free(used) <= gateway_reserve(router, ranges);
}

void snat_ranges_settle(
	struct txn *txn, struct object *draft, const char *physical, const struct snat_event *event)
{
	g_autoptr(GArray) ranges = ranges_of(draft), gateways = gateway_hosts(draft);
	const struct giving g = { txn, draft, physical, event, ranges };
	const bool exhausted = are_exhausted(draft, ranges);
	const guint before = ranges->len;
	bool left;

	if (!physical || !is_shared(txn, draft)) {
		object_set_str(draft, ROUTER_SNAT_RANGES, "[]");
		return;
	}
	for (guint i = ranges->len; i-- > 0;) {
		const struct object *host =
			host_of(txn, event, &g_array_index(ranges, struct range, i).host);

		if (!host || !host_has_physical(host, physical))
			g_array_remove_index(ranges, i);
	}
	left = exhausted && ranges->len < before;
	for (guint i = 0; i < gateways->len; i++)
		left |= give(&g, &g_array_index(gateways, struct uuid, i)) > 0;
	if (event->now && host_has_physical(event->now, physical) &&
		is_used(txn, draft, event->now))
		left |= give(&g, object_id(event->now)) > 0;
	if (left || (!event->now && !event->leaving))
		give_all(&g); /* what is left is for who waits */
	set_ranges(draft, ranges);
}

/* The physical network outside, or NULL. */
static const char *outside_of(const struct txn *txn, const struct object *router)
{
	return gateway_physical(gateway_segment_staged(txn, router));
}

static bool put_if_changed(
	struct txn *txn, const struct object *router, struct object *draft, GError **error)
{
	if (object_equal(router, draft, ROUTER_SNAT_RANGES)) {
		object_unref(draft);
		return true;
	}
	return txn_put(txn, draft, error);
}

static bool give_to(
	struct txn *txn, const struct object *router, const struct object *host, GError **error)
{
	const char *physical = outside_of(txn, router);
	const struct snat_event nothing = { 0 };
	g_autoptr(GArray) ranges = NULL;
	struct object *draft;
	struct giving g;

	if (!physical || !is_shared(txn, router) || !host_has_physical(host, physical))
		return true;
	ranges = ranges_of(router);
	if (has_range(ranges, object_id(host)))
		return true;
	draft = object_edit(router);
	g = (struct giving){ txn, draft, physical, &nothing, ranges };
	if (give(&g, object_id(host)))
		give_all(&g);
	set_ranges(draft, ranges);
	return put_if_changed(txn, router, draft, error);
}

/* To the routers that have an interface on a subnet. */
static bool give_on_subnet(
	struct txn *txn, const char *subnet, const struct object *host, GError **error)
{
	const struct object *port, *router;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_ROUTER_SUBNET, subnet, NULL);
	while ((port = txn_iter_next(&iter))) {
		router = txn_get_text(txn, KIND_ROUTER, object_str(port, PORT_DEVICE_ID));
		if (router && !object_is_null(router, ROUTER_GATEWAY_PORT_ID) &&
			!give_to(txn, router, host, error))
			return false;
	}
	return true;
}

bool snat_ranges_follow_port(struct txn *txn, const struct object *port, GError **error)
{
	const char *name = object_str(port, PORT_HOST_ID);
	const struct object *host, *subnet;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	if (!*name || port_is_router_interface(port) || port_has_owner(port, OWNER_ROUTER_GATEWAY))
		return true;
	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_NAME, name, NULL);
	host = txn_iter_next(&iter);
	if (!host || !strcmp(object_str(host, HOST_BRIDGE_MAPPINGS), "{}"))
		return true;
	txn_iter_init(&iter, txn, KIND_SUBNET, SUBNET_BY_NETWORK, object_str(port, PORT_NETWORK_ID),
		NULL);
	while ((subnet = txn_iter_next(&iter)))
		if (!give_on_subnet(txn, uuid_format(object_id(subnet), id), host, error))
			return false;
	return true;
}

bool snat_ranges_follow_interface(struct txn *txn, const struct object *router, GError **error)
{
	const char *physical = outside_of(txn, router);
	struct object *draft;

	if (!physical)
		return true;
	draft = object_edit(router);
	snat_ranges_settle(txn, draft, physical, &(struct snat_event){ 0 });
	return put_if_changed(txn, router, draft, error);
}
