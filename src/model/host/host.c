/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host/host.h"

#include <string.h>

#include "model/host/agent.h"
#include "model/router/gateway_hosts.h"
#include "model/network/network_segment_range.h"
#include "model/port/port.h"
#include "model/network/provider.h"
#include "model/standard.h"

struct host_state {
	host_liveness_fn liveness;
	void *data;
};

static const char *const encapsulations[] = { "geneve", "vxlan", NULL };
static const struct attr encapsulation_attr = {
	.name = "encapsulation", .type = TYPE_ENUM, .choices = encapsulations
};
static const struct attr tunnel_ip_attr = { .name = "tunnel_ip", .type = TYPE_IP };

static const struct attr image_attr = { .name = "machine_image", .type = TYPE_STRING, .max = 255 };

/* Ports name their host by it, and it is part of paths: no white space, no slash. */
static bool check_name(const struct attr *attr, const char *value, GError **error)
{
	if (*value && !strpbrk(value, " \t\r\n/?#%"))
		return true;
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for %s: '%s' is no host name; give one like the machine's own, without white space and '/'.",
		attr->name, value);
}

static const struct attr attrs[N_HOST_SLOTS] = {
	STANDARD_ATTRS(ATTR_CREATE | ATTR_REQUIRED),
	[HOST_TUNNEL_IPS] = { .name = "tunnel_ips",
		.type = TYPE_LIST,
		.item = &tunnel_ip_attr,
		.max = 16,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS,
		.fallback = "[]",
		.doc = "Addresses at which it takes encapsulated packets." },
	[HOST_ENCAPSULATIONS] = { .name = "encapsulations",
		.type = TYPE_LIST,
		.item = &encapsulation_attr,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS | ATTR_INTERN,
		.fallback = "[\"geneve\",\"vxlan\"]",
		.doc = "What it speaks, in order of preference." },
	[HOST_MANAGED] = { .name = "managed",
		.type = TYPE_BOOL,
		.flags = ATTR_CREATE,
		.fallback = "true",
		.doc = "False for a third party's VTEP, which has no agent." },
	[HOST_CREDENTIAL_HASH] = { .name = "credential_hash",
		.type = TYPE_STRING,
		.flags = ATTR_SECRET },
	[HOST_ALIVE] = { .name = "alive",
		.type = TYPE_BOOL,
		.flags = ATTR_COMPUTED,
		.doc = "Its agent has been heard of lately." },
	[HOST_LAST_SEEN] = { .name = "last_seen",
		.type = TYPE_TIME,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "When its agent was heard of last." },
	[HOST_LOST] = { .name = "lost",
		.type = TYPE_BOOL,
		.flags = ATTR_COMPUTED,
		.doc = "It was there, and neither the controller nor other hosts hear of it any more." },
	[HOST_AGENT] = { .name = "agent",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED,
		.doc = "What its agent says of itself." },
	[HOST_N_PORTS] = { .name = "ports",
		.type = TYPE_INT,
		.flags = ATTR_COMPUTED,
		.doc = "How many ports are bound to it." },
	[HOST_ZONE] = { .name = "availability_zone",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_INTERN,
		.fallback = "\"nova\"",
		.doc = "The zone that its agents are in." },
	[HOST_BRIDGE_MAPPINGS] = { .name = "bridge_mappings",
		.type = TYPE_OBJECT,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_INTERN | ATTR_NULL_IS_DEFAULT,
		.fallback = "{}",
		.doc = "Its device on each physical network that it is on, by the network's name; its agent says it." },
	[HOST_MACHINE_IMAGES] = { .name = "machine_images",
		.type = TYPE_LIST,
		.item = &image_attr,
		.max = 100,
		.flags = ATTR_CREATE | ATTR_UPDATE | ATTR_UNIQUE_ITEMS | ATTR_INTERN,
		.fallback = "[]",
		.doc = "Images of appliances that it can run as virtual machines; its agent says it." },
};

static void physical_keys(const struct object *host, struct key_sink *sink)
{
	json_t *mappings = object_json(host, HOST_BRIDGE_MAPPINGS), *device;
	const char *physical;

	json_object_foreach(mappings, physical, device)
		index_add(sink, (const char *const[]){ physical }, 1);
	json_decref(mappings);
}

static const struct index indexes[N_HOST_INDEXES] = {
	[HOST_BY_NAME] = { .name = "name",
		.slots = { SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[HOST_BY_ZONE] = { .name = "availability zone", .slots = { HOST_ZONE } },
	[HOST_BY_PHYSICAL] = { .name = "physical network",
		.keys = physical_keys,
		.depends_on = HOST_BRIDGE_MAPPINGS },
};

static bool check_mappings(const struct object *draft, GError **error)
{
	json_t *mappings = object_json(draft, HOST_BRIDGE_MAPPINGS), *device;
	const char *physical;
	bool ok = true;

	json_object_foreach(mappings, physical, device)
		if (ok && (!*physical || strlen(physical) > PHYSICAL_NETWORK_MAX ||
				  !json_string_length(device)))
			ok = weft_fail(error, INVALID_INPUT,
				"Invalid input for bridge_mappings: '%.80s' is mapped to no device; give names of physical networks (at most %d bytes) and of devices, like {\"physnet1\": \"eth1\"}.",
				physical, PHYSICAL_NETWORK_MAX);
	json_decref(mappings);
	return ok;
}

static bool check(const struct object *draft, GError **error)
{
	if (!check_name(&attrs[SLOT_NAME], object_str(draft, SLOT_NAME), error))
		return false;
	if (!strcmp(object_str(draft, HOST_ENCAPSULATIONS), "[]"))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for encapsulations: give at least one of \"geneve\", \"vxlan\".");
	if (!*object_str(draft, HOST_ZONE))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for availability_zone: it is empty; name one, like nova.");
	return check_mappings(draft, error);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	return check(draft, error);
}

static bool on_created(struct txn *txn, const struct object *host, GError **error)
{
	return agents_create(txn, host, error) && ranges_follow_host(txn, NULL, host, error) &&
	       gateway_hosts_follow(txn, NULL, host, error);
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return check(draft, error) &&
	       (object_equal(old, draft, HOST_BRIDGE_MAPPINGS) ||
		       (ranges_follow_host(txn, old, draft, error) &&
			       gateway_hosts_follow(txn, old, draft, error)));
}

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	const char *name = object_str(old, SLOT_NAME);
	struct txn_iter iter;

	if (!gateway_hosts_leave(txn, old, error))
		return false;
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_HOST, name, NULL);
	if (!txn_iter_next(&iter))
		return ranges_follow_host(txn, old, NULL, error);
	return weft_fail(error, HOST_IN_USE,
		"Unable to delete host %s: %u ports are bound to it; unbind or delete them first.",
		name, model_count(txn_model(txn), KIND_PORT, PORT_BY_HOST, name, NULL));
}

static void compute(
	const struct model *model, const struct object *host, unsigned slot, struct json_writer *w)
{
	const struct host_state *state = model_state(model, KIND_HOST);

	if (slot == HOST_N_PORTS)
		jw_int(w, model_count(model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME),
				  NULL));
	else if (state->liveness)
		state->liveness(host, slot, w, state->data);
	else if (slot == HOST_ALIVE || slot == HOST_LOST)
		jw_bool(w, false);
	else if (slot == HOST_AGENT)
		jw_raw(w, "{}", 2);
	else
		jw_null(w);
}

bool host_has_image(const struct object *host, const char *image)
{
	json_t *images = object_json(host, HOST_MACHINE_IMAGES), *name;
	bool found = false;
	size_t i;

	json_array_foreach(images, i, name)
		found = found || !g_strcmp0(json_string_value(name), image);
	json_decref(images);
	return found;
}

static bool is_computed(
	const struct model *model, const struct object *host, unsigned slot, const char *value)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	compute(model, host, slot, &w);
	return !strcmp(text->str, value);
}

bool host_is_alive(const struct model *model, const struct object *host)
{
	return is_computed(model, host, HOST_ALIVE, "true");
}

bool host_is_lost(const struct model *model, const struct object *host)
{
	return is_computed(model, host, HOST_LOST, "true");
}

bool host_was_heard(const struct model *model, const struct object *host)
{
	return !is_computed(model, host, HOST_LAST_SEEN, "null");
}

static void *state_new(void)
{
	return g_new0(struct host_state, 1);
}

const struct kind host_kind = {
	.id = KIND_HOST,
	.singular = "host",
	.collection = "hosts",
	.path = "/v2.0/hosts",
	.doc = "A machine that has ports: one that runs weft-agent, or a third party's VTEP.",
	.flags = KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_HOST_SLOTS,
	.indexes = indexes,
	.n_indexes = N_HOST_INDEXES,
	.not_found = WEFT_ERROR_HOST_NOT_FOUND,
	.in_use = WEFT_ERROR_HOST_IN_USE,
	.hooks = { .on_create = on_create,
		.on_created = on_created,
		.on_update = on_update,
		.on_delete = on_delete,
		.compute = compute,
		.state_new = state_new,
		.state_free = g_free },
};

const struct object *host_find(const struct model *model, const char *name_or_id)
{
	return model_get_by_name_or_id(model, KIND_HOST, name_or_id);
}

bool host_has_physical(const struct object *host, const char *physical)
{
	json_t *mappings = object_json(host, HOST_BRIDGE_MAPPINGS);
	bool has = json_object_get(mappings, physical);

	json_decref(mappings);
	return has;
}

void host_set_liveness(struct model *model, host_liveness_fn liveness, void *data)
{
	struct host_state *state = model_state(model, KIND_HOST);

	*state = (struct host_state){ liveness, data };
}
