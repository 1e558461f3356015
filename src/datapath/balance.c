/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load balancers (bpf/balance.h): listeners with their members and Maglev tables, and the addresses
 * that they are at.
 *
 * What belongs to a listener is kept under a number. A change takes a new number, and is complete
 * before the listener gets it: packets meet the old members or the new ones.
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "datapath/maglev.h"
#include "edge.skel.h"

_Static_assert(DP_LB_MEMBERS_MAX == MAGLEV_MEMBERS_MAX, "one limit");
_Static_assert(DP_PROBE_PORT == EDGE_PROBE_PORT && DP_PUNT_PROBE == (int)PUNT_PROBE, "one number");

/* A listener as the maps have it, under some number. */
struct image {
	struct maglev_table table;
	const struct dp_listener *listener;
	struct lb_member *members;
	struct arrival_key *arrivals;
	u32 n, flags;
};

static struct listener_key key_of(u32 vni, const struct ip *vip, u8 proto, u16 port)
{
	return (struct listener_key){
		.vni = vni, .vip = addr_from_ip(vip), .port = GUINT16_TO_BE(port), .proto = proto
	};
}

static int compare_members(const void *a, const void *b)
{
	const struct dp_lb_member *x = a, *y = b;
	int order = ip_compare(&x->ip, &y->ip);

	return order ? order : (int)x->port - (int)y->port;
}

static void image_init(struct image *image, const struct dp_listener *listener)
{
	g_autofree struct dp_lb_member *sorted =
		g_memdup2(listener->members, listener->n_members * sizeof(*sorted));
	g_autofree struct maglev_member *names =
		g_new0(struct maglev_member, listener->n_members + 1);
	struct listener_key key =
		key_of(listener->vni, &listener->vip, listener->proto, listener->port);

	image->n = (u32)listener->n_members;
	image->listener = listener;
	image->flags = (listener->by_source ? LISTENER_BY_SOURCE : 0) |
		       (listener->n_allowed ? LISTENER_RESTRICTED : 0);
	image->members = g_new0(struct lb_member, image->n + 1);
	image->arrivals = g_new0(struct arrival_key, image->n + 1);
	if (sorted)
		qsort(sorted, image->n, sizeof(*sorted), compare_members);
	for (u32 i = 0; i < image->n; i++) {
		struct lb_member *member = &image->members[i];
		struct arrival_key *arrival = &image->arrivals[i];

		*member = (struct lb_member){ .vni = sorted[i].vni,
			.port = GUINT16_TO_BE(sorted[i].port),
			.addr = addr_from_ip(&sorted[i].ip) };
		memcpy(member->mac, sorted[i].mac.b, sizeof(member->mac));
		memcpy(member->router_mac, sorted[i].router_mac.b, sizeof(member->router_mac));
		*arrival = (struct arrival_key){
			.vni = member->vni, .port = key.port, .vip = key.vip, .proto = key.proto
		};
		memcpy(arrival->mac, member->mac, sizeof(arrival->mac));
		names[i] = (struct maglev_member){ .name = maglev_name(&member->port,
							   sizeof(member->port) +
								   sizeof(member->addr)),
			.weight = sorted[i].weight,
			.number = (u16)i };
	}
	maglev_fill(names, image->n, MAGLEV_NONE, image->table.members, MAGLEV_SIZE);
}

static void image_clear(struct image *image)
{
	g_free(image->members);
	g_free(image->arrivals);
}

/* Are the maps so under @id? */
static bool image_is_there(struct dp *dp, const struct image *image, u32 id)
{
	g_autofree struct maglev_table *table = g_new(struct maglev_table, 1);
	struct lb_member_key key = { .listener = id };
	struct lb_member member;

	if (!table_get(dp, TABLE_MAGLEV, &id, table) ||
		memcmp(table, &image->table, sizeof(*table)) ||
		!allowed_is_there(dp, image->listener, id))
		return false;
	for (key.number = 0; key.number < image->n; key.number++)
		if (!table_get(dp, TABLE_LB_MEMBERS, &key, &member) ||
			memcmp(&member, &image->members[key.number], sizeof(member)))
			return false;
	return !table_get(dp, TABLE_LB_MEMBERS, &key, &member);
}

/* @value: that the listener has, or is to have. */
static bool image_put(
	struct dp *dp, const struct image *image, const struct listener *value, GError **error)
{
	u32 id = value->id;
	struct lb_member_key key = { .listener = id };
	struct lb_arrival arrival = {
		.listener = id, .flags = image->flags, .stats = value->stats
	};
	enum table_change change;

	for (key.number = 0; key.number < image->n; key.number++)
		if (!table_put(dp, TABLE_LB_MEMBERS, &key, &image->members[key.number], &change,
			    error))
			return false;
	if (!table_put(dp, TABLE_MAGLEV, &id, &image->table, &change, error))
		return false;
	for (u32 i = 0; i < image->n; i++) {
		arrival.number = i;
		if (!table_put(
			    dp, TABLE_LB_ARRIVALS, &image->arrivals[i], &arrival, &change, error))
			return false;
	}
	return allowed_put(dp, image->listener, id, error);
}

/* What is kept under @id, and is not found by another number now. */
static bool remove_old(struct dp *dp, const struct listener_key *key, u32 id, GError **error)
{
	struct lb_member_key at = { .listener = id };
	struct lb_member member;
	struct lb_arrival found;

	for (; table_get(dp, TABLE_LB_MEMBERS, &at, &member); at.number++) {
		struct arrival_key arrival = {
			.vni = member.vni, .port = key->port, .vip = key->vip, .proto = key->proto
		};

		memcpy(arrival.mac, member.mac, sizeof(arrival.mac));
		if (table_get(dp, TABLE_LB_ARRIVALS, &arrival, &found) && found.listener == id &&
			!table_delete(dp, TABLE_LB_ARRIVALS, &arrival, error))
			return false;
		if (!table_delete(dp, TABLE_LB_MEMBERS, &at, error))
			return false;
	}
	return allowed_remove(dp, id, error) && table_delete(dp, TABLE_MAGLEV, &id, error);
}

static bool put(
	struct dp *dp, const struct listener_key *key, const struct image *image, GError **error)
{
	struct listener old = { 0 }, value = { .flags = image->flags };
	bool known = table_get(dp, TABLE_LISTENERS, key, &old);
	enum table_change change;

	if (known && old.flags == image->flags && image_is_there(dp, image, old.id)) {
		table_keep(dp, TABLE_LISTENERS, key);
		return image_put(dp, image, &old, error); /* notes that it is wanted */
	}
	value.stats = known ? old.stats : listener_stats_make(dp, error);
	if (!value.stats)
		return false;
	do
		value.id = ++dp->last_listener;
	while (!value.id || table_get(dp, TABLE_MAGLEV, &value.id, &(struct maglev_table){ 0 }));
	return image_put(dp, image, &value, error) &&
	       table_put(dp, TABLE_LISTENERS, key, &value, &change, error) &&
	       (!known || remove_old(dp, key, old.id, error)) && host_raise_epoch(dp, error);
}

bool dp_listener_put(struct dp *dp, const struct dp_listener *listener, GError **error)
{
	struct listener_key key =
		key_of(listener->vni, &listener->vip, listener->proto, listener->port);
	g_autofree struct image *image = g_new0(struct image, 1);
	bool ok;

	if (listener->n_members > MAGLEV_MEMBERS_MAX)
		return weft_fail(error, TOO_LARGE,
			"A listener has %zu members; the edge switch can do %d.",
			listener->n_members, MAGLEV_MEMBERS_MAX);
	image_init(image, listener);
	ok = put(dp, &key, image, error);
	image_clear(image);
	return ok;
}

bool listener_drop(struct dp *dp, const void *key, GError **error)
{
	struct listener old;

	if (!table_get(dp, TABLE_LISTENERS, key, &old))
		return true;
	listener_stats_remove(dp, old.stats);
	return table_delete(dp, TABLE_LISTENERS, key, error) &&
	       remove_old(dp, key, old.id, error) && host_raise_epoch(dp, error);
}

bool maglev_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_MAGLEV, key, error);
}

bool lb_member_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_LB_MEMBERS, key, error);
}

bool lb_arrival_drop(struct dp *dp, const void *key, GError **error)
{
	return table_delete(dp, TABLE_LB_ARRIVALS, key, error);
}

bool dp_listener_delete(
	struct dp *dp, u32 vni, const struct ip *vip, u8 proto, u16 port, GError **error)
{
	struct listener_key key = key_of(vni, vip, proto, port);

	return listener_drop(dp, &key, error);
}

bool dp_probe_set(struct dp *dp, u32 vni, const struct ip *vip, bool wanted, GError **error)
{
	int fd = bpf_map__fd(dp->edge->maps.probes);
	struct neighbour_key key = { .vni = vni, .addr = addr_from_ip(vip) };
	u32 value = 0;

	if (wanted ? bpf_map_update_elem(fd, &key, &value, BPF_ANY) != 0
		   : bpf_map_delete_elem(fd, &key) && errno != ENOENT)
		return weft_fail_errno(
			error, errno, "Can't change which answers are for the agent");
	return true;
}

static struct endpoint_key place_of(u32 vni, const struct mac *mac)
{
	struct endpoint_key key = { .vni = vni };

	memcpy(key.mac, mac->b, sizeof(key.mac));
	return key;
}

bool dp_vip_put(struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	static const struct endpoint endpoint = { .vtep = EDGE_ENDPOINT_BALANCER };
	struct endpoint_key key = place_of(vni, mac);
	enum table_change change;

	return table_put(dp, TABLE_ENDPOINTS, &key, &endpoint, &change, error) &&
	       (change == TABLE_UNCHANGED || host_raise_epoch(dp, error)) &&
	       dp_neighbour_put(dp, vni, vip, mac, error);
}

bool dp_vip_delete(
	struct dp *dp, u32 vni, const struct ip *vip, const struct mac *mac, GError **error)
{
	return dp_neighbour_delete(dp, vni, vip, error) && dp_endpoint_delete(dp, vni, mac, error);
}
