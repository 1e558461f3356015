/* SPDX-License-Identifier: Apache-2.0 */
#include "model/bgp/bgp_speaker_parts.h"

#include <string.h>

#include "model/bgp/bgp_peer.h"
#include "model/standard.h"
#include "model/txn_impl.h"

#define GIVEN (ATTR_CREATE | ATTR_UPDATE)
#define LIST_MAX 256

static const char *const statuses[] = { "ACTIVE", "DOWN", NULL };

static const struct attr peer_attr = { .name = "peer", .type = TYPE_UUID, .refers = KIND_BGP_PEER };
static const struct attr network_attr = {
	.name = "network", .type = TYPE_UUID, .refers = KIND_NETWORK
};
static const struct attr host_attr = { .name = "host", .type = TYPE_UUID };

static const struct attr attrs[N_BGP_SPEAKER_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	NAME_ATTR(NAME_ATTR_FLAGS),
	BOOKKEEPING_ATTRS,
	PROJECT_ATTR,
	[BGP_SPEAKER_AS] = { .name = "local_as",
		.type = TYPE_INT,
		.min = 1,
		.max = AS_NUMBER_MAX,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "The number of the autonomous system that hosts speak for." },
	[BGP_SPEAKER_IP_VERSION] = { .name = "ip_version",
		.type = TYPE_INT,
		.min = 4,
		.max = 6,
		.flags = ATTR_CREATE | ATTR_REQUIRED,
		.doc = "4 or 6: which prefixes it announces." },
	[BGP_SPEAKER_PEERS] = { .name = "peers",
		.type = TYPE_LIST,
		.item = &peer_attr,
		.on_delete = ON_DELETE_CLEAR,
		.max = LIST_MAX,
		.fallback = "[]",
		.doc = "Ids of its peers." },
	[BGP_SPEAKER_NETWORKS] = { .name = "networks",
		.type = TYPE_LIST,
		.item = &network_attr,
		.on_delete = ON_DELETE_CLEAR,
		.max = LIST_MAX,
		.fallback = "[]",
		.doc = "Ids of the external networks whose addresses it announces." },
	[BGP_SPEAKER_FLOATING_IPS] = { .name = "advertise_floating_ip_host_routes",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Announce each floating IP from its host." },
	[BGP_SPEAKER_TENANT_NETWORKS] = { .name = "advertise_tenant_networks",
		.type = TYPE_BOOL,
		.flags = GIVEN,
		.fallback = "true",
		.doc = "Announce the prefixes behind routers that are of the external network's address scope." },
	[BGP_SPEAKER_SILENT_HOSTS] = { .name = "silent_hosts",
		.type = TYPE_LIST,
		.item = &host_attr,
		.flags = ATTR_SECRET,
		.fallback = "[]" },
	[BGP_SPEAKER_STATUS] = { .name = "status",
		.type = TYPE_ENUM,
		.choices = statuses,
		.flags = ATTR_COMPUTED,
		.doc = "ACTIVE while each of its hosts, and of its routers that speak for themselves, has a session with each of its peers." },
	[BGP_SPEAKER_STATUS_REASON] = { .name = "status_reason",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "Why it is DOWN: what is missing, on which hosts and routers." },
};

static void add_keys(const struct object *speaker, unsigned slot, struct key_sink *sink)
{
	json_t *list = object_json(speaker, slot), *id;
	size_t i;

	json_array_foreach(list, i, id)
		index_add(sink, (const char *const[]){ json_string_value(id) }, 1);
	json_decref(list);
}

static void peer_keys(const struct object *speaker, struct key_sink *sink)
{
	add_keys(speaker, BGP_SPEAKER_PEERS, sink);
}

static void network_keys(const struct object *speaker, struct key_sink *sink)
{
	add_keys(speaker, BGP_SPEAKER_NETWORKS, sink);
}

static const struct index indexes[N_BGP_SPEAKER_INDEXES] = {
	[BGP_SPEAKER_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[BGP_SPEAKER_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
	[BGP_SPEAKER_BY_PEER] = { .name = "peer",
		.keys = peer_keys,
		.depends_on = BGP_SPEAKER_PEERS,
		.field = "" },
	[BGP_SPEAKER_BY_NETWORK] = { .name = "network",
		.keys = network_keys,
		.depends_on = BGP_SPEAKER_NETWORKS,
		.field = "" },
};

bool bgp_speaker_has(const struct object *speaker, unsigned slot, const char *id)
{
	return strstr(object_str(speaker, slot), id);
}

bool bgp_speakers_leave(
	struct txn *txn, unsigned slot, unsigned index, const struct object *gone, GError **error)
{
	g_autoptr(GPtrArray) speakers = g_ptr_array_new();
	const struct object *speaker;
	struct txn_iter iter;
	char id[UUID_STRLEN];

	txn_iter_init(&iter, txn, KIND_BGP_SPEAKER, index, uuid_format(object_id(gone), id), NULL);
	while ((speaker = txn_iter_next(&iter)))
		g_ptr_array_add(speakers, (gpointer)speaker);
	for (guint i = 0; i < speakers->len; i++)
		if (!bgp_speaker_take(txn, speakers->pdata[i], slot, id, error))
			return false;
	return true;
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	(void)txn;
	return object_int(draft, BGP_SPEAKER_IP_VERSION) != 5 ||
	       weft_fail(
		       error, INVALID_INPUT, "Invalid input for ip_version: '5' is not in [4, 6].");
}

static void compute(const struct model *model, const struct object *speaker, unsigned slot,
	struct json_writer *w)
{
	bgp_speaker_write_status(model, speaker, slot, w);
}

const struct kind bgp_speaker_kind = {
	.id = KIND_BGP_SPEAKER,
	.singular = "bgp_speaker",
	.collection = "bgp_speakers",
	.path = "/v2.0/bgp-speakers",
	.doc = "What hosts announce to BGP peers.",
	.flags = KIND_ADMIN_ONLY,
	.actions = bgp_speaker_actions,
	.attrs = attrs,
	.n_slots = N_BGP_SPEAKER_SLOTS,
	.indexes = indexes,
	.n_indexes = N_BGP_SPEAKER_INDEXES,
	.not_found = WEFT_ERROR_BGP_SPEAKER_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_create = on_create, .compute = compute },
};
