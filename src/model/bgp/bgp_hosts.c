/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts a speaker speaks on, as schedulers see it, and what they say of it. */
#include <string.h>

#include "model/host/agent.h"
#include "model/bgp/bgp_peer.h"
#include "model/bgp/bgp_router.h"
#include "model/bgp/bgp_speaker_parts.h"
#include "model/host/host.h"
#include "model/network/network.h"
#include "model/txn_impl.h"

#define REASON_MAX 255

static bool is_connected(const struct object *network, const struct object *host)
{
	g_autoptr(GPtrArray) physicals = network_physicals(network);
	bool connected = false;

	for (guint i = 0; i < physicals->len; i++)
		connected = connected || host_has_physical(host, physicals->pdata[i]);
	return connected && object_bool(host, HOST_MANAGED);
}

bool bgp_speaks_for(
	const struct object *speaker, const struct object *network, const struct object *host)
{
	char id[UUID_STRLEN];

	return is_connected(network, host) && !bgp_speaker_has(speaker, BGP_SPEAKER_SILENT_HOSTS,
						      uuid_format(object_id(host), id));
}

static void add_hosts(const struct model *model, const struct object *speaker,
	const struct object *network, GPtrArray *hosts)
{
	g_autoptr(GPtrArray) physicals = network_physicals(network);
	const struct object *host;
	struct model_iter iter;

	for (guint i = 0; i < physicals->len; i++) {
		model_iter_init(
			&iter, model, KIND_HOST, HOST_BY_PHYSICAL, physicals->pdata[i], NULL);
		while ((host = model_iter_next(&iter)))
			if (bgp_speaks_for(speaker, network, host) &&
				!g_ptr_array_find(hosts, host, NULL))
				g_ptr_array_add(hosts, (gpointer)host);
	}
}

GPtrArray *bgp_speaker_hosts(const struct model *model, const struct object *speaker)
{
	json_t *networks = object_json(speaker, BGP_SPEAKER_NETWORKS), *id;
	GPtrArray *hosts = g_ptr_array_new();
	const struct object *network;
	size_t i;

	json_array_foreach(networks, i, id) {
		network = model_get_text(model, KIND_NETWORK, json_string_value(id));
		if (network)
			add_hosts(model, speaker, network, hosts);
	}
	json_decref(networks);
	return hosts;
}

/* Is the host one that it speaks on, or would be if it had not been taken off? */
static bool could_speak(
	const struct model *model, const struct object *speaker, const struct object *host)
{
	json_t *networks = object_json(speaker, BGP_SPEAKER_NETWORKS), *id;
	const struct object *network;
	bool could = false;
	size_t i;

	json_array_foreach(networks, i, id) {
		network = model_get_text(model, KIND_NETWORK, json_string_value(id));
		could = could || (network && is_connected(network, host));
	}
	json_decref(networks);
	return could;
}

static bool speaks(
	const struct model *model, const struct object *speaker, const struct object *host)
{
	char id[UUID_STRLEN];

	return could_speak(model, speaker, host) &&
	       !bgp_speaker_has(
		       speaker, BGP_SPEAKER_SILENT_HOSTS, uuid_format(object_id(host), id));
}

/* As the caller sees it; json_decref(). */
static json_t *object_as_json(struct txn *txn, const struct object *object)
{
	g_autoptr(GString) text = g_string_sized_new(1024);
	struct json_writer w = json_writer_on(text);

	object_write_json(object, txn_model(txn), txn_caller(txn), 0, &w);
	return json_loads(text->str, 0, NULL);
}

bool bgp_dragents(struct txn *txn, const struct object *speaker, json_t *body, json_t **ret_answer,
	GError **error)
{
	g_autoptr(GPtrArray) hosts = bgp_speaker_hosts(txn_model(txn), speaker);
	json_t *list = json_array();

	(void)body;
	(void)error;
	for (guint i = 0; i < hosts->len; i++) {
		const struct object *agent =
			agent_of_host(txn_model(txn), hosts->pdata[i], AGENT_BGP);

		if (agent)
			json_array_append_new(list, object_as_json(txn, agent));
	}
	*ret_answer = json_pack("{s:o}", "agents", list);
	return true;
}

bool bgp_drinstances(struct txn *txn, const struct object *agent, json_t *body, json_t **ret_answer,
	GError **error)
{
	const struct model *model = txn_model(txn);
	const struct object *host =
		model_get_text(model, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	json_t *list = json_array();
	const struct object *speaker;
	struct model_iter iter;

	(void)body;
	(void)error;
	model_iter_all(&iter, model, KIND_BGP_SPEAKER, NULL);
	while (object_choice(agent, AGENT_TYPE) == AGENT_BGP && (speaker = model_iter_next(&iter)))
		if (speaks(model, speaker, host))
			json_array_append_new(list, object_as_json(txn, speaker));
	*ret_answer = json_pack("{s:o}", "bgp_speakers", list);
	return true;
}

bool bgp_drinstances_add(struct txn *txn, const struct object *agent, json_t *body, GError **error)
{
	const char *id = json_string_value(json_object_get(body, "bgp_speaker_id"));
	const struct object *host, *speaker;
	char agent_id[UUID_STRLEN], host_id[UUID_STRLEN];

	if (!id)
		return weft_fail(error, BAD_REQUEST,
			"Attribute 'bgp_speaker_id' is missing: send {\"bgp_speaker_id\": …}.");
	speaker = txn_need(txn, KIND_BGP_SPEAKER, id, error);
	if (!speaker)
		return false;
	host = txn_get_text(txn, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	uuid_format(object_id(agent), agent_id);
	if (object_choice(agent, AGENT_TYPE) != AGENT_BGP ||
		!object_bool(agent, AGENT_ADMIN_STATE_UP))
		return weft_fail(error, BGP_AGENT_INVALID,
			"BgpDrAgent %s is invalid or has been disabled.", agent_id);
	uuid_format(object_id(host), host_id);
	if (bgp_speaker_has(speaker, BGP_SPEAKER_SILENT_HOSTS, host_id))
		return bgp_speaker_take(txn, speaker, BGP_SPEAKER_SILENT_HOSTS, host_id, error);
	if (could_speak(txn_model(txn), speaker, host))
		return weft_fail(error, BGP_AGENT_EXISTS,
			"BgpDrAgent %s is already associated to a BGP speaker: %s speaks on each host that is connected to one of its networks.",
			agent_id, id);
	return weft_fail(error, BGP_AGENT_EXISTS,
		"BGP speaker %s has nothing to say on BgpDrAgent %s: host %s is not connected to the physical network of one of its networks; add a network to the speaker, or a bridge mapping to the host, and it speaks there.",
		id, agent_id, object_str(host, SLOT_NAME));
}

bool bgp_drinstances_remove(
	struct txn *txn, const struct object *agent, const char *id, GError **error)
{
	const struct object *speaker = txn_need(txn, KIND_BGP_SPEAKER, id, error);
	const struct object *host = txn_get_text(txn, KIND_HOST, object_str(agent, AGENT_HOST_ID));
	char text[UUID_STRLEN];

	if (!speaker)
		return false;
	if (object_choice(agent, AGENT_TYPE) != AGENT_BGP || !speaks(txn_model(txn), speaker, host))
		return weft_fail(error, BGP_AGENT_NOT_HOSTING,
			"BGP speaker %s is not hosted by the BgpDrAgent %s.", id,
			uuid_format(object_id(agent), text));
	return bgp_speaker_give(
		txn, speaker, BGP_SPEAKER_SILENT_HOSTS, uuid_format(object_id(host), text), error);
}

json_t *bgp_said(const struct model *model, const struct object *host, const char *speaker)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct json_writer w = json_writer_on(text);
	json_t *agent, *said;

	host_kind.hooks.compute(model, host, HOST_AGENT, &w);
	agent = json_loads(text->str, 0, NULL);
	said = json_incref(json_object_get(json_object_get(agent, "bgp"), speaker));
	json_decref(agent);
	return said;
}

const char *bgp_said_address(json_t *said)
{
	const char *ip;
	json_t *peer;

	json_object_foreach(json_object_get(said, "peers"), ip, peer) {
		const char *address = json_string_value(json_object_get(peer, "local_address"));

		if (address && !g_strcmp0(json_string_value(json_object_get(peer, "state")),
				       "Established"))
			return address;
	}
	return NULL;
}

/* Why the host is not at one with all peers, or NULL; the caller's. */
static char *complaint_of(
	const struct model *model, const struct object *speaker, const struct object *host)
{
	char id[UUID_STRLEN];
	json_t *said = host_is_alive(model, host)
			       ? bgp_said(model, host, uuid_format(object_id(speaker), id))
			       : NULL;
	const char *reason = json_string_value(json_object_get(said, "reason"));
	json_t *peers = object_json(speaker, BGP_SPEAKER_PEERS), *item;
	char *complaint = NULL;
	size_t i;

	if (!said)
		complaint = g_strdup(host_is_alive(model, host) ? "its agent has not begun yet"
								: "its agent is not heard of");
	else if (reason)
		complaint = g_strdup(reason);
	json_array_foreach(peers, i, item) {
		const struct object *peer =
			model_get_text(model, KIND_BGP_PEER, json_string_value(item));
		const char *ip = peer ? object_str(peer, BGP_PEER_IP) : "";
		const char *state = json_string_value(json_object_get(
			json_object_get(json_object_get(said, "peers"), ip), "state"));

		if (!complaint && g_strcmp0(state, "Established"))
			complaint = g_strdup_printf(
				"no session with %s (%s)", ip, state ? state : "not begun");
	}
	json_decref(peers);
	json_decref(said);
	return complaint;
}

/* @complaint is taken over. */
static void add_complaint(
	GString *why, const char *whose, const struct object *object, char *complaint)
{
	if (complaint)
		g_string_append_printf(why, "%s%s%s: %s", why->len ? "; " : "", whose,
			object_str(object, SLOT_NAME), complaint);
	g_free(complaint);
}

/* NULL: all is well. The caller's. */
static char *why_down(const struct model *model, const struct object *speaker)
{
	g_autoptr(GPtrArray) hosts = bgp_speaker_hosts(model, speaker),
			     routers = bgp_speaker_routers(model, speaker);
	GString *why = g_string_new(NULL);

	if (!strcmp(object_str(speaker, BGP_SPEAKER_PEERS), "[]"))
		g_string_append(why, "it has no peers");
	else if (!hosts->len && !routers->len)
		g_string_append(why,
			"no host is connected to the physical network of one of its networks, and no router there has an appliance");
	for (guint i = 0; i < hosts->len && why->len < REASON_MAX; i++)
		add_complaint(
			why, "", hosts->pdata[i], complaint_of(model, speaker, hosts->pdata[i]));
	for (guint i = 0; i < routers->len && why->len < REASON_MAX; i++)
		add_complaint(why, "router ", routers->pdata[i],
			bgp_router_complaint(model, speaker, routers->pdata[i]));
	return g_string_free(why, !why->len);
}

void bgp_speaker_write_status(const struct model *model, const struct object *speaker,
	unsigned slot, struct json_writer *w)
{
	g_autofree char *why = why_down(model, speaker);

	if (slot == BGP_SPEAKER_STATUS)
		jw_string(w, why ? "DOWN" : "ACTIVE");
	else
		jw_string(w, why ? why : "");
}
