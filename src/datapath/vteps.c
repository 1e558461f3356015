/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers have small ids, so that a flow entry or endpoint names one in four bytes and the data path
 * finds it by an array lookup. An id lives as long as an endpoint or member refers to it. When the
 * last one is gone the epoch has been raised (deleting either does that), so no flow entry can
 * follow an id that was given away again.
 */
#include <errno.h>
#include <string.h>

#include "datapath/internal.h"
#include "edge.skel.h"

struct vtep_ref {
	struct addr addr;
	u32 encap;
	u32 id, refs;
};

static guint vtep_hash(gconstpointer key)
{
	const struct vtep_ref *ref = key;

	return ref->addr.w[0] ^ ref->addr.w[1] * 31 ^ ref->addr.w[2] * 131 ^
	       ref->addr.w[3] * 2654435761u ^ ref->encap;
}

static gboolean vtep_equal(gconstpointer a, gconstpointer b)
{
	const struct vtep_ref *x = a, *y = b;

	return x->encap == y->encap && !memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static void vtep_insert(struct dp *dp, struct vtep_ref *ref)
{
	g_hash_table_add(dp->vteps, ref);
	g_hash_table_insert(dp->vteps_by_id, GUINT_TO_POINTER(ref->id), ref);
}

static u32 free_id(const struct dp *dp)
{
	for (u32 id = 1; id < EDGE_VTEPS_MAX; id++)
		if (!g_hash_table_contains(dp->vteps_by_id, GUINT_TO_POINTER(id)))
			return id;
	return 0;
}

bool vtep_acquire(
	struct dp *dp, const struct ip *ip, enum dp_encap encap, u32 *ret_id, GError **error)
{
	struct vtep_ref key = { .addr = addr_from_ip(ip), .encap = encap }, *ref;
	struct vtep vtep = { .remote = key.addr, .family = ip->family, .encap = (u8)encap };

	ref = g_hash_table_lookup(dp->vteps, &key);
	if (!ref) {
		key.id = free_id(dp);
		if (!key.id)
			return weft_fail(error, TOO_LARGE,
				"Can't reach another host by tunnel: the edge switch knows %d already.",
				EDGE_VTEPS_MAX - 1);
		if (bpf_map_update_elem(bpf_map__fd(dp->edge->maps.vteps), &key.id, &vtep, BPF_ANY))
			return weft_fail_errno(
				error, errno, "Can't write a peer into the edge switch");
		ref = g_memdup2(&key, sizeof(key));
		vtep_insert(dp, ref);
		neigh_resolve(dp, ip);
	}
	ref->refs++;
	*ret_id = ref->id;
	return true;
}

void vtep_ref(struct dp *dp, u32 id)
{
	struct vtep_ref *ref = g_hash_table_lookup(dp->vteps_by_id, GUINT_TO_POINTER(id));

	if (ref)
		ref->refs++;
}

void vtep_release(struct dp *dp, u32 id)
{
	static const struct vtep none;
	struct vtep_ref *ref = g_hash_table_lookup(dp->vteps_by_id, GUINT_TO_POINTER(id));

	if (!ref || --ref->refs)
		return;
	bpf_map_update_elem(bpf_map__fd(dp->edge->maps.vteps), &id, &none, BPF_ANY);
	g_hash_table_remove(dp->vteps_by_id, GUINT_TO_POINTER(id));
	g_hash_table_remove(dp->vteps, ref);
}

bool vtep_address(const struct dp *dp, u32 id, struct addr *ret)
{
	const struct vtep_ref *ref = g_hash_table_lookup(dp->vteps_by_id, GUINT_TO_POINTER(id));

	if (ref)
		*ret = ref->addr;
	return ref;
}

static void ref_gateway(struct dp *dp, const void *key, const void *value, void *data)
{
	const struct gateway *gateway = value;

	(void)key, (void)data;
	if (gateway->vtep)
		vtep_ref(dp, gateway->vtep);
}

static void ref_endpoint(struct dp *dp, const void *key, const void *value, void *data)
{
	const struct endpoint *endpoint = value;

	(void)key;
	(void)data;
	if (!endpoint->ifindex)
		vtep_ref(dp, endpoint->vtep);
}

static void ref_member(struct dp *dp, const void *key, const void *value, void *data)
{
	(void)key;
	(void)data;
	vtep_ref(dp, ((const struct member *)value)->vtep);
}

/* Ids that nobody uses: the process ended between a write and the next. */
static void free_unused(struct dp *dp)
{
	g_autoptr(GList) refs = g_hash_table_get_values(dp->vteps_by_id);

	for (GList *link = refs; link; link = link->next) {
		struct vtep_ref *ref = link->data;

		if (!ref->refs) {
			ref->refs = 1;
			vtep_release(dp, ref->id);
		}
	}
}

void vteps_open(struct dp *dp)
{
	struct vtep vtep;

	dp->vteps = g_hash_table_new_full(vtep_hash, vtep_equal, g_free, NULL);
	dp->vteps_by_id = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (u32 id = 1; id < EDGE_VTEPS_MAX; id++) {
		struct vtep_ref *ref;

		if (bpf_map_lookup_elem(bpf_map__fd(dp->edge->maps.vteps), &id, &vtep) ||
			!vtep.family)
			continue;
		ref = g_new0(struct vtep_ref, 1);
		*ref = (struct vtep_ref){ .addr = vtep.remote, .encap = vtep.encap, .id = id };
		vtep_insert(dp, ref);
	}
	table_foreach(dp, TABLE_ENDPOINTS, ref_endpoint, NULL);
	table_foreach(dp, TABLE_GATEWAYS, ref_gateway, NULL);
	table_foreach(dp, TABLE_MEMBERS, ref_member, NULL);
	free_unused(dp);
}

void vteps_close(struct dp *dp)
{
	g_clear_pointer(&dp->vteps_by_id, g_hash_table_unref);
	g_clear_pointer(&dp->vteps, g_hash_table_unref);
}
