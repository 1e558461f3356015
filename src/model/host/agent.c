/* SPDX-License-Identifier: Apache-2.0 */
#include "model/host/agent.h"

#include <stdio.h>

#include "model/host/host.h"
#include "model/port/port.h"
#include "model/router/gateway_hosts.h"
#include "model/standard.h"

static const char *const types[] = { "Weft agent", "DHCP agent", "L3 agent",
	"BGP dynamic routing agent", NULL };
static const char *const topics[] = { "N/A", "dhcp_agent", "l3_agent", "bgp_dragent" };

static const struct attr attrs[N_AGENT_SLOTS] = {
	[SLOT_ID] = { .name = "id", .type = TYPE_UUID, .doc = "Made by weft." },
	[SLOT_DESCRIPTION] = { .name = "description",
		.type = TYPE_STRING,
		.max = 255,
		.flags = ATTR_UPDATE | ATTR_NULLABLE,
		.doc = "For people." },
	[SLOT_REVISION_NUMBER] = { .name = "revision_number",
		.type = TYPE_INT,
		.fallback = "0",
		.doc = "Counts its changes." },
	[SLOT_CREATED_AT] = { .name = "created_at", .type = TYPE_TIME, .doc = "In UTC." },
	[SLOT_UPDATED_AT] = { .name = "updated_at", .type = TYPE_TIME, .doc = "In UTC." },
	[AGENT_HOST_ID] = { .name = "host_id",
		.type = TYPE_UUID,
		.flags = ATTR_INTERN,
		.refers = KIND_HOST,
		.on_delete = ON_DELETE_CASCADE,
		.referrer_index = AGENT_BY_HOST_ID,
		.doc = "The host that it runs on." },
	[AGENT_HOST] = { .name = "host",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"\"",
		.doc = "Name of the host." },
	[AGENT_TYPE] = { .name = "agent_type",
		.type = TYPE_ENUM,
		.choices = types,
		.fallback = "\"Weft agent\"",
		.doc = "What it does for the host's ports; one process does it all." },
	[AGENT_BINARY] = { .name = "binary",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"weft-agent\"",
		.doc = "The program." },
	[AGENT_TOPIC] = { .name = "topic",
		.type = TYPE_STRING,
		.flags = ATTR_INTERN,
		.fallback = "\"N/A\"",
		.doc = "For clients that expect one." },
	[AGENT_ADMIN_STATE_UP] = { .name = "admin_state_up",
		.type = TYPE_BOOL,
		.flags = ATTR_UPDATE,
		.fallback = "true",
		.doc = "Whether its zone counts as available; it stops nothing on the host." },
	[AGENT_ALIVE] = { .name = "alive",
		.type = TYPE_BOOL,
		.flags = ATTR_COMPUTED,
		.doc = "It has been heard of lately." },
	[AGENT_STARTED_AT] = { .name = "started_at",
		.type = TYPE_TIME,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "When it was started, as it says." },
	[AGENT_HEARTBEAT] = { .name = "heartbeat_timestamp",
		.type = TYPE_TIME,
		.flags = ATTR_COMPUTED | ATTR_NULLABLE,
		.doc = "When it was heard of last." },
	[AGENT_CONFIGURATIONS] = { .name = "configurations",
		.type = TYPE_OBJECT,
		.flags = ATTR_COMPUTED,
		.doc = "Its ports and tunnels." },
	[AGENT_ZONE] = { .name = "availability_zone",
		.type = TYPE_STRING,
		.flags = ATTR_COMPUTED,
		.doc = "That of its host." },
};

static const struct index indexes[N_AGENT_INDEXES] = {
	[AGENT_BY_HOST_ID] = { .name = "host", .slots = { AGENT_HOST_ID } },
	[AGENT_BY_HOST] = { .name = "host name", .slots = { AGENT_HOST } },
};

static bool create(struct txn *txn, const struct object *host, enum agent_type type, GError **error)
{
	struct object *draft = object_new(&agent_kind, NULL);
	char id[UUID_STRLEN];

	object_set_str(draft, AGENT_HOST_ID, uuid_format(object_id(host), id));
	object_set_str(draft, AGENT_HOST, object_str(host, SLOT_NAME));
	object_set_choice(draft, AGENT_TYPE, (int)type);
	object_set_str(draft, AGENT_TOPIC, topics[type]);
	return txn_put(txn, draft, error);
}

bool agents_create(struct txn *txn, const struct object *host, GError **error)
{
	for (int type = 0; object_bool(host, HOST_MANAGED) && type < N_AGENT_TYPES; type++)
		if (!create(txn, host, (enum agent_type)type, error))
			return false;
	return true;
}

bool agents_complete(struct txn *txn, GError **error)
{
	const struct object *host;
	struct model_iter iter;

	model_iter_all(&iter, txn_model(txn), KIND_HOST, NULL);
	while ((host = model_iter_next(&iter)))
		for (int type = 0; object_bool(host, HOST_MANAGED) && type < N_AGENT_TYPES; type++)
			if (!agent_of_host(txn_model(txn), host, (enum agent_type)type) &&
				!create(txn, host, (enum agent_type)type, error))
				return false;
	return true;
}

const struct object *agent_of_host(
	const struct model *model, const struct object *host, enum agent_type type)
{
	const struct object *agent;
	struct model_iter iter;
	char id[UUID_STRLEN];

	model_iter_init(
		&iter, model, KIND_AGENT, AGENT_BY_HOST_ID, uuid_format(object_id(host), id), NULL);
	while ((agent = model_iter_next(&iter)))
		if (object_choice(agent, AGENT_TYPE) == (int)type)
			return agent;
	return NULL;
}

/* A computed attribute of the host, parsed; json_decref(). */
static json_t *ask_host(const struct model *model, const struct object *host, unsigned slot)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);

	host_kind.hooks.compute(model, host, slot, &w);
	return json_loads(text->str, JSON_DECODE_ANY, NULL);
}

static void write_started(
	const struct model *model, const struct object *host, struct json_writer *w)
{
	json_t *said = ask_host(model, host, HOST_AGENT);
	json_t *seen = ask_host(model, host, HOST_LAST_SEEN);
	json_t *uptime = json_object_get(said, "uptime_s");
	g_autoptr(GDateTime) when =
		json_is_string(seen) ? g_date_time_new_from_iso8601(json_string_value(seen), NULL)
				     : NULL;

	if (when && json_is_integer(uptime)) {
		g_autoptr(GDateTime) start =
			g_date_time_add_seconds(when, -(double)json_integer_value(uptime));
		g_autofree char *text =
			start ? g_date_time_format(start, "%Y-%m-%dT%H:%M:%SZ") : NULL;

		jw_string(w, text);
	} else {
		jw_null(w);
	}
	json_decref(said);
	json_decref(seen);
}

static void write_configurations(const struct model *model, const struct object *agent,
	const struct object *host, struct json_writer *w)
{
	jw_begin_object(w);
	if (object_choice(agent, AGENT_TYPE) == AGENT_L3)
		jw_member_string(w, "agent_mode", "dvr"); /* as Neutron says "not scheduled" */
	jw_member_int(w, "devices",
		model_count(model, KIND_PORT, PORT_BY_HOST, object_str(host, SLOT_NAME), NULL));
	jw_member_raw(w, "tunneling_ips", object_str(host, HOST_TUNNEL_IPS));
	jw_member_raw(w, "tunnel_types", object_str(host, HOST_ENCAPSULATIONS));
	jw_member_raw(w, "bridge_mappings", object_str(host, HOST_BRIDGE_MAPPINGS));
	jw_end_object(w);
}

static void compute(
	const struct model *model, const struct object *agent, unsigned slot, struct json_writer *w)
{
	const struct object *host =
		model_get_text(model, KIND_HOST, object_str(agent, AGENT_HOST_ID));

	if (!host)
		return jw_null(w);
	switch (slot) {
	case AGENT_ALIVE:
		return host_kind.hooks.compute(model, host, HOST_ALIVE, w);
	case AGENT_HEARTBEAT:
		return host_kind.hooks.compute(model, host, HOST_LAST_SEEN, w);
	case AGENT_STARTED_AT:
		return write_started(model, host, w);
	case AGENT_CONFIGURATIONS:
		return write_configurations(model, agent, host, w);
	default:
		return jw_string(w, object_str(host, HOST_ZONE));
	}
}

static bool on_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	return object_choice(draft, AGENT_TYPE) != AGENT_L3 ||
	       object_equal(old, draft, AGENT_ADMIN_STATE_UP) ||
	       gateway_hosts_give_way(txn, draft, error);
}

const struct kind agent_kind = {
	.id = KIND_AGENT,
	.singular = "agent",
	.collection = "agents",
	.command = "network agent",
	.path = "/v2.0/agents",
	.doc = "A service of a host, as schedulers look at it.",
	.flags = KIND_ADMIN_ONLY | KIND_FIXED,
	.actions = agent_actions,
	.attrs = attrs,
	.n_slots = N_AGENT_SLOTS,
	.indexes = indexes,
	.n_indexes = N_AGENT_INDEXES,
	.not_found = WEFT_ERROR_AGENT_NOT_FOUND,
	.in_use = WEFT_ERROR_CONFLICT,
	.hooks = { .on_update = on_update, .compute = compute },
};
