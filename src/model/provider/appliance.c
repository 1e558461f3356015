/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider/appliance.h"

#include <string.h>

#include "model/provider/service_attachment.h"
#include "model/standard.h"
#include "model/txn_impl.h"

static const char *const statuses[] = { "BUILD", "ACTIVE", "ERROR", NULL };
static const char *const runtimes[] = { "netns", "qemu", NULL };
static const char *const object_types[] = { "network", "router", NULL };
static const struct attr host_tag_attr = { .name = "host_tag", .type = TYPE_STRING, .max = 255 };
static const struct attr nic_attr = { .name = "nic", .type = TYPE_OBJECT };
static const struct attr tunnel_attr = { .name = "tunnel", .type = TYPE_OBJECT };

static const struct attr attrs[N_APPLIANCE_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_NAME] = { .name = "name",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.doc = "What its provider calls it." },
	BOOKKEEPING_ATTRS,
	[SLOT_PROJECT_ID] = { .name = "project_id",
		.alias = "tenant_id",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Whose network or router it serves." },
	[APPLIANCE_ATTACHMENT_ID] = { .name = "service_attachment_id",
		.type = TYPE_UUID,
		.refers = KIND_SERVICE_ATTACHMENT,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = APPLIANCE_BY_ATTACHMENT,
		.doc = "The service attachment that it is of." },
	[APPLIANCE_PROVIDER] = { .name = "provider",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Who asked for it." },
	[APPLIANCE_OBJECT_TYPE] = { .name = "object_type",
		.type = TYPE_ENUM,
		.choices = object_types,
		.doc = "What it serves." },
	[APPLIANCE_OBJECT_ID] = { .name = "object_id",
		.type = TYPE_UUID,
		.doc = "The id of that network or router." },
	[APPLIANCE_HOST] = { .name = "host",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "The host that runs it; empty: there is none that may." },
	[APPLIANCE_HA_GROUP] = { .name = "ha_group",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Of a redundant pair, the same in both, which are on different hosts; empty: it is alone." },
	[APPLIANCE_IMAGE] = { .name = "image",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "What runs in it." },
	[APPLIANCE_CPU_PERCENT] = { .name = "cpu_percent",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "At most that much of one CPU; 0: no limit." },
	[APPLIANCE_MEMORY_MIB] = { .name = "memory_mib",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "At most that much memory; 0: no limit." },
	[APPLIANCE_RUNTIME] = { .name = "runtime",
		.type = TYPE_ENUM,
		.choices = runtimes,
		.fallback = "\"netns\"",
		.doc = "What its machine is: namespaces of its host, or a virtual machine." },
	[APPLIANCE_VCPUS] = { .name = "vcpus",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Processors of a virtual machine; 0: as many as cpu_percent needs." },
	[APPLIANCE_MACHINE_IMAGE] = { .name = "machine_image",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Image of a virtual machine, by its name among the host's machine_images." },
	[APPLIANCE_HOST_TAGS] = { .name = "host_tags",
		.type = TYPE_LIST,
		.item = &host_tag_attr,
		.fallback = "[]",
		.doc = "Tags that its host must have." },
	[APPLIANCE_DEDICATED_HOST] = { .name = "dedicated_host",
		.type = TYPE_BOOL,
		.fallback = "false",
		.doc = "No other appliance is on its host." },
	[APPLIANCE_NICS] = { .name = "nics",
		.type = TYPE_LIST,
		.item = &nic_attr,
		.fallback = "[]",
		.doc = "Its network cards: name, network_id, port_id." },
	[APPLIANCE_CONFIG] = { .name = "configuration",
		.type = TYPE_STRING,
		.flags = ATTR_SECRET,
		.fallback = "\"\"",
		.doc = "What it is told." },
	[APPLIANCE_REVISION] = { .name = "revision",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Of what it is told; 0: nothing yet." },
	[APPLIANCE_GENERATION] = { .name = "generation",
		.type = TYPE_INT,
		.fallback = "1",
		.doc = "Another one is another machine." },
	[APPLIANCE_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.fallback = "\"BUILD\"",
		.doc = "BUILD: it has not yet done what it is told; ACTIVE: it has; ERROR: it can't." },
	[APPLIANCE_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.doc = "Why it is not ACTIVE." },
	[APPLIANCE_HA_STATE] = { .name = "ha_state",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Of a redundant pair: active (VRRP's master), standby, fault (a NIC is down), unknown; empty: it is alone." },
	[APPLIANCE_APPLIED] = { .name = "applied_revision",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "The revision that it has done." },
	[APPLIANCE_DIGEST] = { .name = "digest",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.doc = "SHA-256 of its daemons' files, as they are on its disk." },
	[APPLIANCE_DRIFT] = { .name = "drift",
		.type = TYPE_STRING,
		.fallback = "\"\"",
		.doc = "The files that were found to be otherwise than it was told, and were repaired; empty: none." },
	[APPLIANCE_TUNNELS] = { .name = "tunnels",
		.type = TYPE_LIST,
		.item = &tunnel_attr,
		.fallback = "[]",
		.doc = "Its tunnels to other sites and its BGP sessions (bgp, by the peer's address): type, name, status, status_reason." },
};

static const struct index indexes[N_APPLIANCE_INDEXES] = {
	[APPLIANCE_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[APPLIANCE_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[APPLIANCE_BY_ATTACHMENT] = { .name = "attachment", .slots = { APPLIANCE_ATTACHMENT_ID } },
	[APPLIANCE_BY_ATTACHMENT_NAME] = { .name = "attachment and name",
		.slots = { APPLIANCE_ATTACHMENT_ID, SLOT_NAME },
		.flags = INDEX_UNIQUE,
		.error = WEFT_ERROR_CONFLICT },
	[APPLIANCE_BY_OBJECT] = { .name = "object", .slots = { APPLIANCE_OBJECT_ID } },
	[APPLIANCE_BY_HOST] = { .name = "host", .slots = { APPLIANCE_HOST } },
};

static bool on_delete(struct txn *txn, const struct object *old, GError **error)
{
	json_t *nics = object_json(old, APPLIANCE_NICS), *nic;
	bool ok = true;
	size_t i;

	json_array_foreach(nics, i, nic)
		ok = ok && appliance_release_port(txn, old,
				   json_string_value(json_object_get(nic, "port_id")), error);
	json_decref(nics);
	return ok;
}

/* The same machine of the same configuration, made anew. */
static bool reconnect(struct txn *txn, const struct object *appliance, json_t *body,
	json_t **ret_answer, GError **error)
{
	struct object *draft = object_edit(appliance);

	(void)body;
	(void)ret_answer;
	object_set_int(
		draft, APPLIANCE_GENERATION, object_int(appliance, APPLIANCE_GENERATION) + 1);
	object_set_choice(draft, APPLIANCE_STATUS, APPLIANCE_BUILD);
	object_set_str(draft, APPLIANCE_STATUS_REASON, "it is made anew");
	return txn_put(txn, draft, error);
}

static const struct kind_action actions[] = {
	{ .name = "reconnect",
		.run = reconnect,
		.doc = "Ends the machine and makes it anew, with the same configuration." },
	{ 0 },
};

const struct kind appliance_kind = {
	.id = KIND_APPLIANCE,
	.singular = "appliance",
	.collection = "appliances",
	.path = "/v2.0/appliances",
	.doc = "A machine that gives a network or router services of its provider.",
	.flags = KIND_FIXED | KIND_ADMIN_ONLY,
	.attrs = attrs,
	.n_slots = N_APPLIANCE_SLOTS,
	.indexes = indexes,
	.n_indexes = N_APPLIANCE_INDEXES,
	.actions = actions,
	.not_found = WEFT_ERROR_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_delete = on_delete },
};
