/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host/availability_zone.h"

#include <string.h>

#include "model/host/agent.h"
#include "model/host/host.h"

static const char *const resources[] = { "network", "router", NULL };
static const char *const states[] = { "available", "unavailable", NULL };

enum { NETWORK_ZONE, ROUTER_ZONE, N_RESOURCES };

static const struct attr attrs[N_AVAILABILITY_ZONE_SLOTS] = {
	[SLOT_NAME] = { .name = "name", .type = TYPE_STRING, .doc = "Of the hosts in it." },
	[AVAILABILITY_ZONE_RESOURCE] = { .name = "resource",
		.type = TYPE_ENUM,
		.choices = resources,
		.doc = "What may ask for it." },
	[AVAILABILITY_ZONE_STATE] = { .name = "state",
		.type = TYPE_ENUM,
		.choices = states,
		.doc = "available while the agents of at least one of its hosts are admin_state_up." },
};

static bool visible(
	const struct model *model, const struct object *zone, const struct caller *caller)
{
	(void)model;
	(void)zone;
	(void)caller;
	return true;
}

static bool is_up(const struct model *model, const char *zone, enum agent_type type)
{
	const struct object *host;
	struct model_iter iter;

	model_iter_init(&iter, model, KIND_HOST, HOST_BY_ZONE, zone, NULL);
	while ((host = model_iter_next(&iter))) {
		const struct object *agent = agent_of_host(model, host, type);

		if (agent && object_bool(agent, AGENT_ADMIN_STATE_UP))
			return true;
	}
	return false;
}

static void add_zone(GPtrArray *all, const struct model *model, const char *name)
{
	for (int resource = 0; resource < N_RESOURCES; resource++) {
		struct object *zone = object_new(&availability_zone_kind, NULL);
		enum agent_type type = resource == NETWORK_ZONE ? AGENT_DHCP : AGENT_L3;

		object_set_str(zone, SLOT_NAME, name);
		object_set_choice(zone, AVAILABILITY_ZONE_RESOURCE, resource);
		object_set_choice(zone, AVAILABILITY_ZONE_STATE, !is_up(model, name, type));
		g_ptr_array_add(all, zone);
	}
}

static GPtrArray *all_zones(const struct model *model, const struct query *query)
{
	GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct object *host;
	struct model_iter iter;

	(void)query;
	model_iter_all(&iter, model, KIND_HOST, NULL);
	while ((host = model_iter_next(&iter)))
		if (object_bool(host, HOST_MANAGED) &&
			g_hash_table_add(seen, (gpointer)object_str(host, HOST_ZONE)))
			add_zone(all, model, object_str(host, HOST_ZONE));
	return all;
}

const struct kind availability_zone_kind = {
	.id = KIND_AVAILABILITY_ZONE,
	.singular = "availability_zone",
	.collection = "availability_zones",
	.path = "/v2.0/availability_zones",
	.doc = "A zone that hosts are in.",
	.flags = KIND_COMPUTED | KIND_ADMIN_WRITE,
	.attrs = attrs,
	.n_slots = N_AVAILABILITY_ZONE_SLOTS,
	.not_found = WEFT_ERROR_AZ_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .all = all_zones, .visible = visible },
};

static bool has_hosts(struct txn *txn, const char *zone)
{
	const struct object *host;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_HOST, HOST_BY_ZONE, zone, NULL);
	while ((host = txn_iter_next(&iter)))
		if (object_bool(host, HOST_MANAGED))
			return true;
	return false;
}

bool availability_zones_check(
	struct txn *txn, const struct object *draft, unsigned slot, GError **error)
{
	json_t *names = object_json(draft, slot), *name;
	bool ok = true;
	size_t i;

	json_array_foreach(names, i, name)
		if (ok && !has_hosts(txn, json_string_value(name)))
			ok = weft_fail(error, AZ_NOT_FOUND,
				"AvailabilityZone %.64s could not be found: no host is in it.",
				json_string_value(name));
	json_decref(names);
	return ok;
}

void availability_zones_write(GPtrArray *hosts, struct json_writer *w)
{
	g_autoptr(GPtrArray) owned = hosts;
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	jw_begin_array(w);
	for (guint i = 0; i < owned->len; i++) {
		const char *zone = object_str(owned->pdata[i], HOST_ZONE);

		if (g_hash_table_add(seen, (gpointer)zone))
			jw_string(w, zone);
	}
	jw_end_array(w);
}
