/* SPDX-License-Identifier: Apache-2.0 */
#include "model/router/gateway_hosts.h"

#include <string.h>

#include "model/router/gateway_segment.h"
#include "model/host/agent.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/port/port.h"
#include "model/router/router.h"
#include "model/network/segment.h"
#include "model/provider/service_map.h"
#include "model/router/snat_ranges.h"

/* A host that could have a gateway, and how good it is for it. */
struct candidate {
	const struct object *host;
	bool gives_way;
	bool alive;
	u64 weight;
};

/* What is at hand. */
struct scheduling {
	struct txn *txn;
	const struct object *now;     /* a host as it will be; NULL: none changes */
	const struct object *leaving; /* NULL: none goes */
	const struct object *agent;   /* an L3 agent as it will be; NULL: none changes */
};

GArray *gateway_hosts(const struct object *router)
{
	GArray *hosts = g_array_new(FALSE, FALSE, sizeof(struct uuid));
	json_t *list, *item;
	struct uuid id;
	size_t i;

	if (!router || !strcmp(object_str(router, ROUTER_GATEWAY_HOSTS), "[]"))
		return hosts;
	list = object_json(router, ROUTER_GATEWAY_HOSTS);
	json_array_foreach(list, i, item)
		if (uuid_parse(json_string_value(item), &id))
			g_array_append_val(hosts, id);
	json_decref(list);
	return hosts;
}

bool gateway_hosts_include(const struct object *router, const struct uuid *host)
{
	char id[UUID_STRLEN];

	return router && strstr(object_str(router, ROUTER_GATEWAY_HOSTS), uuid_format(host, id));
}

void gateway_hosts_keys(const struct object *router, struct key_sink *sink)
{
	g_autoptr(GArray) hosts = gateway_hosts(router);
	char id[UUID_STRLEN];

	for (guint i = 0; i < hosts->len; i++)
		index_add(sink,
			(const char *const[]){
				uuid_format(&g_array_index(hosts, struct uuid, i), id) },
			1);
}

/* Rendezvous hashing: the same for a pair wherever and whenever it is asked for, and unrelated
 * between pairs (FNV-1a, mixed as in MurmurHash3's end). */
static u64 weigh(const struct uuid *router, const struct uuid *host)
{
	u64 hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(router->b); i++)
		hash = (hash ^ router->b[i]) * 0x100000001b3;
	for (size_t i = 0; i < sizeof(host->b); i++)
		hash = (hash ^ host->b[i]) * 0x100000001b3;
	hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
	hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
	return hash ^ hash >> 33;
}

static int compare_candidates(gconstpointer a, gconstpointer b)
{
	const struct candidate *x = a, *y = b;

	if (x->gives_way != y->gives_way)
		return x->gives_way ? 1 : -1;
	if (x->alive != y->alive)
		return x->alive ? -1 : 1;
	return x->weight > y->weight ? -1 : x->weight < y->weight;
}

static bool has_host(const GArray *hosts, const struct uuid *id)
{
	for (guint i = 0; i < hosts->len; i++)
		if (uuid_equal(&g_array_index(hosts, struct uuid, i), id))
			return true;
	return false;
}

/* An administrator has switched its L3 agent off: it has gateways only where nobody else can. */
static bool gives_way(const struct scheduling *s, const struct object *host)
{
	const struct object *agent;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(host), id);
	if (s->agent && !strcmp(object_str(s->agent, AGENT_HOST_ID), id))
		return !object_bool(s->agent, AGENT_ADMIN_STATE_UP);
	txn_iter_init(&iter, s->txn, KIND_AGENT, AGENT_BY_HOST_ID, id, NULL);
	while ((agent = txn_iter_next(&iter)))
		if (object_choice(agent, AGENT_TYPE) == AGENT_L3)
			return !object_bool(agent, AGENT_ADMIN_STATE_UP);
	return false;
}

static void add_candidate(const struct scheduling *s, const struct uuid *router,
	const struct object *host, GArray *candidates)
{
	struct candidate candidate = { host, gives_way(s, host),
		host_is_alive(txn_model(s->txn), host), weigh(router, object_id(host)) };

	if (object_bool(host, HOST_MANAGED))
		g_array_append_val(candidates, candidate);
}

static bool is(const struct object *host, const struct object *other)
{
	return other && uuid_equal(object_id(host), object_id(other));
}

/* struct candidate, best first: connected, and none of @but. */
static GArray *find_candidates(const struct scheduling *s, const struct uuid *router,
	const char *physical, const GArray *but)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(struct candidate));
	const struct object *host;
	struct txn_iter iter;

	txn_iter_init(&iter, s->txn, KIND_HOST, HOST_BY_PHYSICAL, physical, NULL);
	while ((host = txn_iter_next(&iter)))
		if (!is(host, s->leaving) && !is(host, s->now) && !has_host(but, object_id(host)))
			add_candidate(s, router, host, found);
	if (s->now && host_has_physical(s->now, physical) && !has_host(but, object_id(s->now)))
		add_candidate(s, router, s->now, found);
	g_array_sort(found, compare_candidates);
	return found;
}

/* NULL: it is gone, or goes. */
static const struct object *host_of(const struct scheduling *s, const struct uuid *id)
{
	if (s->now && uuid_equal(object_id(s->now), id))
		return s->now;
	if (s->leaving && uuid_equal(object_id(s->leaving), id))
		return NULL;
	return txn_get(s->txn, KIND_HOST, id);
}

/* Those that stay as they are, then the best of the others, and who gives way last. */
static GArray *choose(const struct scheduling *s, const struct object *router, const char *physical)
{
	g_autoptr(GArray) old = gateway_hosts(router), candidates = NULL;
	GArray *chosen = g_array_new(FALSE, FALSE, sizeof(struct uuid));

	for (guint i = 0; physical && i < old->len; i++) {
		const struct uuid *id = &g_array_index(old, struct uuid, i);
		const struct object *host = host_of(s, id);

		if (host && host_has_physical(host, physical) && !gives_way(s, host))
			g_array_append_vals(chosen, id, 1);
	}
	if (!physical)
		return chosen;
	candidates = find_candidates(s, object_id(router), physical, chosen);
	for (guint i = 0; i < candidates->len && chosen->len < GATEWAY_HOSTS_MAX; i++)
		g_array_append_vals(
			chosen, object_id(g_array_index(candidates, struct candidate, i).host), 1);
	return chosen;
}

static char *format_hosts(const GArray *hosts)
{
	GString *text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	char id[UUID_STRLEN];

	jw_begin_array(&w);
	for (guint i = 0; i < hosts->len; i++)
		jw_string(&w, uuid_format(&g_array_index(hosts, struct uuid, i), id));
	jw_end_array(&w);
	return g_string_free(text, FALSE);
}

/* Why there is no host for a gateway on the network; the caller's. */
static char *explain(const struct object *network, const char *physical)
{
	if (physical)
		return g_strdup_printf(
			"no host is connected to physical network %s: give one's weft-agent bridge-mappings = %s:DEVICE",
			physical, physical);
	return g_strdup_printf(
		"external network %s is of type %s, which leads nowhere: gateways need a flat or vlan network",
		object_str(network, SLOT_NAME),
		object_str(network, NETWORK_PROVIDER_TYPE) ?: "several segments");
}

/* What the former host said of it says nothing of the next one. */
static bool bind_port(struct txn *txn, const struct object *port, const struct object *host,
	const char *reason, GError **error)
{
	const char *name = host ? object_str(host, SLOT_NAME) : "";
	struct object *draft;

	if (!strcmp(object_str(port, PORT_HOST_ID), name) &&
		(host || !strcmp(object_str(port, PORT_STATUS_REASON), reason)))
		return true;
	draft = object_edit(port);
	object_set_str(draft, PORT_HOST_ID, name);
	object_set_choice(draft, PORT_STATUS, PORT_DOWN);
	object_set_str(draft, PORT_STATUS_REASON, host ? "" : reason);
	return txn_put(txn, draft, error);
}

/* Its provider, if that is not the edge, has the gateway where it likes: no host is chosen, and it
 * says itself how the port does. */
static bool is_elsewhere(const struct object *router)
{
	return !service_is_edges(router, SERVICE_ROUTER);
}

/* Makes @draft's list what it should be, and its port bound to the first. */
static bool settle(const struct scheduling *s, struct object *draft, GError **error)
{
	const struct object *network =
		txn_get_text(s->txn, KIND_NETWORK, object_str(draft, ROUTER_GATEWAY_NETWORK_ID));
	const struct object *port =
		txn_get_text(s->txn, KIND_PORT, object_str(draft, ROUTER_GATEWAY_PORT_ID));
	g_autoptr(GArray) hosts = NULL;
	g_autofree char *text = NULL, *reason = NULL;
	const char *physical;

	gateway_segment_settle(s->txn, draft);
	physical = is_elsewhere(draft) ? NULL
				       : gateway_physical(gateway_segment_staged(s->txn, draft));
	hosts = choose(s, draft, physical);
	text = format_hosts(hosts);
	object_set_str(draft, ROUTER_GATEWAY_HOSTS, text);
	snat_ranges_settle(s->txn, draft, physical, &(struct snat_event){ s->now, s->leaving });
	if (!port)
		return true;
	reason = is_elsewhere(draft) ? g_strdup("") : explain(network, physical);
	return bind_port(s->txn, port,
		hosts->len ? host_of(s, &g_array_index(hosts, struct uuid, 0)) : NULL, reason,
		error);
}

bool gateway_hosts_choose(struct txn *txn, struct object *draft, GError **error)
{
	return settle(&(struct scheduling){ .txn = txn }, draft, error);
}

static void add_router(GHashTable *routers, const struct object *router)
{
	g_hash_table_add(routers, object_ref(router));
}

static GHashTable *router_set(void)
{
	return g_hash_table_new_full(NULL, NULL, (GDestroyNotify)object_unref, NULL);
}

static bool settle_all(const struct scheduling *s, GHashTable *routers, GError **error)
{
	const struct object *router;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, routers);
	while (g_hash_table_iter_next(&iter, (gpointer *)&router, NULL)) {
		g_autoptr(object) draft = object_edit(router);

		if (!settle(s, draft, error))
			return false;
		if ((!object_equal(router, draft, ROUTER_GATEWAY_SEGMENT_ID) ||
			    !object_equal(router, draft, ROUTER_GATEWAY_HOSTS) ||
			    !object_equal(router, draft, ROUTER_SNAT_RANGES)) &&
			!txn_put(s->txn, g_steal_pointer(&draft), error))
			return false;
	}
	return true;
}

/* Routers that have @host now, or share their address with it. */
static void add_routers_of(struct txn *txn, const struct object *host, GHashTable *routers)
{
	static const unsigned indexes[] = { ROUTER_BY_GATEWAY_HOST, ROUTER_BY_SNAT_HOST };
	const struct object *router;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	uuid_format(object_id(host), id);
	for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
		txn_iter_init(&iter, txn, KIND_ROUTER, indexes[i], id, NULL);
		while ((router = txn_iter_next(&iter)))
			add_router(routers, router);
	}
}

static bool connects(const char *physical, const struct object *old, const struct object *now)
{
	return physical && host_has_physical(now, physical) &&
	       !(old && host_has_physical(old, physical));
}

static void add_routers_on(struct txn *txn, const struct object *segment, GHashTable *routers)
{
	const struct object *router;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_ROUTER, ROUTER_BY_GATEWAY_SEGMENT,
		uuid_format(object_id(segment), id), NULL);
	while ((router = txn_iter_next(&iter)))
		add_router(routers, router);
}

/* Routers whose gateway is on a physical network that @now is connected to and @old was not. */
static void add_routers_towards(
	struct txn *txn, const struct object *old, const struct object *now, GHashTable *routers)
{
	const struct object *network, *segment;
	struct txn_iter networks, segments;
	char id[UUID_STRLEN];

	txn_iter_init(&networks, txn, KIND_NETWORK, NETWORK_BY_EXTERNAL, "true", NULL);
	while ((network = txn_iter_next(&networks))) {
		txn_iter_init(&segments, txn, KIND_SEGMENT, SEGMENT_BY_NETWORK,
			uuid_format(object_id(network), id), NULL);
		while ((segment = txn_iter_next(&segments)))
			if (connects(gateway_physical(segment), old, now))
				add_routers_on(txn, segment, routers);
	}
}

bool gateway_hosts_give_way(struct txn *txn, const struct object *agent, GError **error)
{
	struct scheduling scheduling = { .txn = txn, .agent = agent };
	const struct object *host = txn_get_text(txn, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	g_autoptr(GHashTable) routers = router_set();

	if (!host)
		return true;
	add_routers_of(txn, host, routers);
	add_routers_towards(txn, NULL, host, routers);
	return settle_all(&scheduling, routers, error);
}

bool gateway_hosts_follow(
	struct txn *txn, const struct object *old, const struct object *now, GError **error)
{
	struct scheduling scheduling = { .txn = txn, .now = now };
	g_autoptr(GHashTable) routers = router_set();

	add_routers_of(txn, now, routers);
	add_routers_towards(txn, old, now, routers);
	return settle_all(&scheduling, routers, error);
}

bool gateway_hosts_leave(struct txn *txn, const struct object *host, GError **error)
{
	struct scheduling scheduling = { .txn = txn, .leaving = host };
	g_autoptr(GHashTable) routers = router_set();

	add_routers_of(txn, host, routers);
	return settle_all(&scheduling, routers, error);
}

bool gateway_hosts_complete(struct txn *txn, GError **error)
{
	struct scheduling scheduling = { .txn = txn };
	g_autoptr(GHashTable) routers = router_set();
	const struct object *router;
	struct model_iter iter;

	model_iter_all(&iter, txn_model(txn), KIND_ROUTER, NULL);
	while ((router = model_iter_next(&iter)))
		if (!object_is_null(router, ROUTER_GATEWAY_PORT_ID))
			add_router(routers, router);
	return settle_all(&scheduling, routers, error);
}
