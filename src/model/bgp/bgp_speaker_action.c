/* SPDX-License-Identifier: Apache-2.0 */
/* Which peers and networks a speaker has. */
#include "model/bgp/bgp_speaker_parts.h"

#include <string.h>

#include "model/bgp/bgp_peer.h"
#include "model/network/network.h"
#include "model/txn_impl.h"

static bool put_list(
	struct txn *txn, const struct object *speaker, unsigned slot, json_t *list, GError **error)
{
	struct object *draft = object_edit(speaker);
	char *text = json_dumps(list, JSON_COMPACT);

	object_set_str(draft, slot, text);
	free(text);
	json_decref(list);
	return txn_put(txn, draft, error);
}

bool bgp_speaker_give(struct txn *txn, const struct object *speaker, unsigned slot, const char *id,
	GError **error)
{
	json_t *list = object_json(speaker, slot);

	json_array_append_new(list, json_string(id));
	return put_list(txn, speaker, slot, list, error);
}

bool bgp_speaker_take(struct txn *txn, const struct object *speaker, unsigned slot, const char *id,
	GError **error)
{
	json_t *list = object_json(speaker, slot);

	for (size_t i = json_array_size(list); i-- > 0;)
		if (!strcmp(json_string_value(json_array_get(list, i)), id))
			json_array_remove(list, i);
	return put_list(txn, speaker, slot, list, error);
}

/* The id that the body gives for @name, in canonical form; NULL with @error set. */
static const char *named(
	json_t *body, const char *name, char buf[static UUID_STRLEN], GError **error)
{
	const char *text = json_string_value(json_object_get(body, name));
	struct uuid id;

	if (text && uuid_parse(text, &id))
		return uuid_format(&id, buf);
	weft_fail(
		error, BAD_REQUEST, "The id of what is meant is missing: send {\"%s\": ID}.", name);
	return NULL;
}

/* A host has one session with an address, so of all speakers with one such peer. */
static bool check_address(
	struct txn *txn, const struct object *speaker, const struct object *peer, GError **error)
{
	const char *ip = object_str(peer, BGP_PEER_IP);
	const struct object *other;
	struct model_iter iter;
	char ours[UUID_STRLEN], theirs[UUID_STRLEN], id[UUID_STRLEN];
	bool ok = true;

	model_iter_all(&iter, txn_model(txn), KIND_BGP_SPEAKER, NULL);
	while (ok && (other = model_iter_next(&iter))) {
		json_t *peers = object_json(other, BGP_SPEAKER_PEERS), *item;
		size_t i;

		json_array_foreach(peers, i, item) {
			const struct object *has =
				txn_get_text(txn, KIND_BGP_PEER, json_string_value(item));

			if (ok && has && !strcmp(object_str(has, BGP_PEER_IP), ip))
				ok = weft_fail(error, BGP_PEER_EXISTS,
					"BGP Speaker %s is already configured to peer with a BGP Peer at %s, so speaker %s cannot peer with BGP Peer %s: a host has one session with an address; for a second speaker use another address of the router.",
					uuid_format(object_id(other), theirs), ip,
					uuid_format(object_id(speaker), ours),
					uuid_format(object_id(peer), id));
		}
		json_decref(peers);
	}
	return ok;
}

static bool check_peer(
	struct txn *txn, const struct object *speaker, const struct object *peer, GError **error)
{
	bool ip6 = strchr(object_str(peer, BGP_PEER_IP), ':');

	if (ip6 && object_int(speaker, BGP_SPEAKER_IP_VERSION) == 4)
		return weft_fail(error, BAD_REQUEST,
			"The next hop of IPv4 prefixes is the host's IPv4 address in the session, so a speaker of ip_version 4 needs a peer with an IPv4 address; %s is none.",
			object_str(peer, BGP_PEER_IP));
	return check_address(txn, speaker, peer, error);
}

static bool add_peer(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error)
{
	char buf[UUID_STRLEN];
	const char *id = named(body, "bgp_peer_id", buf, error);
	const struct object *peer = id ? txn_need(txn, KIND_BGP_PEER, id, error) : NULL;

	if (!peer || !check_peer(txn, speaker, peer, error))
		return false;
	*ret_answer = json_pack("{s:s}", "bgp_peer_id", id);
	return bgp_speaker_give(txn, speaker, BGP_SPEAKER_PEERS, id, error);
}

static bool remove_peer(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error)
{
	char buf[UUID_STRLEN], own[UUID_STRLEN];
	const char *id = named(body, "bgp_peer_id", buf, error);

	if (!id || !txn_need(txn, KIND_BGP_PEER, id, error))
		return false;
	if (!bgp_speaker_has(speaker, BGP_SPEAKER_PEERS, id))
		return weft_fail(error, BGP_PEER_NOT_ASSOCIATED,
			"BGP peer %s is not associated with BGP speaker %s.", id,
			uuid_format(object_id(speaker), own));
	*ret_answer = json_pack("{s:s}", "bgp_peer_id", id);
	return bgp_speaker_take(txn, speaker, BGP_SPEAKER_PEERS, id, error);
}

static bool add_network(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error)
{
	char buf[UUID_STRLEN], own[UUID_STRLEN];
	const char *id = named(body, "network_id", buf, error);
	const struct object *network = id ? txn_need(txn, KIND_NETWORK, id, error) : NULL;

	if (!network)
		return false;
	if (!object_bool(network, NETWORK_EXTERNAL))
		return weft_fail(error, BAD_REQUEST,
			"Network %s is not external: what is announced are addresses of external networks and what is behind their gateways.",
			id);
	if (bgp_speaker_has(speaker, BGP_SPEAKER_NETWORKS, id))
		return weft_fail(error, BGP_NETWORK_EXISTS,
			"Network %s is already bound to BgpSpeaker %s.", id,
			uuid_format(object_id(speaker), own));
	*ret_answer = json_pack("{s:s}", "network_id", id);
	return bgp_speaker_give(txn, speaker, BGP_SPEAKER_NETWORKS, id, error);
}

static bool remove_network(struct txn *txn, const struct object *speaker, json_t *body,
	json_t **ret_answer, GError **error)
{
	char buf[UUID_STRLEN], own[UUID_STRLEN];
	const char *id = named(body, "network_id", buf, error);

	if (!id || !txn_need(txn, KIND_NETWORK, id, error))
		return false;
	if (!bgp_speaker_has(speaker, BGP_SPEAKER_NETWORKS, id))
		return weft_fail(error, BGP_NETWORK_NOT_ASSOCIATED,
			"Network %s is not associated with BGP speaker %s.", id,
			uuid_format(object_id(speaker), own));
	*ret_answer = json_pack("{s:s}", "network_id", id);
	return bgp_speaker_take(txn, speaker, BGP_SPEAKER_NETWORKS, id, error);
}

const struct kind_action bgp_speaker_actions[] = {
	{ "add_bgp_peer", .run = add_peer, .doc = "Adds a peer." },
	{ "remove_bgp_peer", .run = remove_peer, .doc = "Takes a peer away." },
	{ "add_gateway_network", .run = add_network,
		.doc = "Adds an external network whose addresses are announced." },
	{ "remove_gateway_network", .run = remove_network, .doc = "Takes a network away." },
	{ "get_advertised_routes", .read = true, .run = bgp_advertised_routes,
		.doc = "What hosts and routers announce now to peers that they have sessions with." },
	{ "bgp-dragents", .read = true, .run = bgp_dragents,
		.doc = "Agents of the hosts that it speaks on.", .item = "bgp-dragent" },
	{ 0 },
};
