/* SPDX-License-Identifier: Apache-2.0 */
/* What a router that speaks for itself says to whom by BGP, for its provider, and which routers a
 * change of that concerns. */
#include "controller/provider/document.h"
#include "controller/provider/providers_impl.h"
#include "model/bgp/bgp_peer.h"
#include "model/bgp/bgp_router.h"
#include "model/bgp/bgp_speaker.h"
#include "model/router/router.h"
#include "model/network/subnet.h"

static void write_peers(
	const struct model *model, const struct object *speaker, struct json_writer *w)
{
	json_t *ids = object_json(speaker, BGP_SPEAKER_PEERS), *id;
	size_t i;

	json_array_foreach(ids, i, id) {
		const struct object *peer =
			model_get_text(model, KIND_BGP_PEER, json_string_value(id));

		if (peer && bgp_router_has_peer(speaker, peer))
			bgp_peer_write(peer, w);
	}
	json_decref(ids);
}

static void write_prefixes(const struct model *model, const struct object *speaker,
	const struct object *router, struct json_writer *w)
{
	g_autoptr(GPtrArray) prefixes = bgp_router_prefixes(model, speaker, router, false);

	for (guint i = 0; i < prefixes->len; i++)
		jw_string(w, prefixes->pdata[i]);
}

/* Speakers of both IP versions are one there: they are of one AS, and a prefix is told to peers of
 * its own version. */
void provider_write_bgp(
	const struct model *model, const struct object *router, struct json_writer *w)
{
	const struct object *speakers[] = { bgp_router_speaker(model, router, 4),
		bgp_router_speaker(model, router, 6) };
	const struct object *first = speakers[0] ? speakers[0] : speakers[1];

	if (!first)
		return;
	jw_key(w, "bgp_speaker");
	jw_begin_object(w);
	jw_member_int(w, "local_as", object_int(first, BGP_SPEAKER_AS));
	jw_key(w, "bgp_peers");
	jw_begin_array(w);
	for (unsigned i = 0; i < G_N_ELEMENTS(speakers); i++)
		if (speakers[i])
			write_peers(model, speakers[i], w);
	jw_end_array(w);
	jw_key(w, "prefixes");
	jw_begin_array(w);
	for (unsigned i = 0; i < G_N_ELEMENTS(speakers); i++)
		if (speakers[i])
			write_prefixes(model, speakers[i], router, w);
	jw_end_array(w);
	jw_end_object(w);
}

static void look_at_network(struct providers *providers, const char *network)
{
	const struct object *router;
	struct model_iter iter;

	model_iter_init(
		&iter, providers->model, KIND_ROUTER, ROUTER_BY_GATEWAY_NETWORK, network, NULL);
	while ((router = model_iter_next(&iter)))
		if (bgp_router_is_own(router))
			attach_look_at(providers, object_id(router));
}

static void look_at_speaker(struct providers *providers, const struct object *speaker)
{
	json_t *networks = object_json(speaker, BGP_SPEAKER_NETWORKS), *network;
	size_t i;

	json_array_foreach(networks, i, network)
		look_at_network(providers, json_string_value(network));
	json_decref(networks);
}

void attach_look_at_bgp(struct providers *providers, const struct object *object)
{
	const struct object *speaker;
	struct model_iter iter;
	char id[UUID_STRLEN];

	if (object_kind(object) == &bgp_speaker_kind)
		return look_at_speaker(providers, object);
	uuid_format(object_id(object), id);
	if (object_kind(object) == &subnet_kind)
		model_iter_init(&iter, providers->model, KIND_BGP_SPEAKER, BGP_SPEAKER_BY_NETWORK,
			object_str(object, SUBNET_NETWORK_ID), NULL);
	else if (object_kind(object) == &bgp_peer_kind)
		model_iter_init(
			&iter, providers->model, KIND_BGP_SPEAKER, BGP_SPEAKER_BY_PEER, id, NULL);
	else /* a pool's address scope, of whatever subnets */
		model_iter_all(&iter, providers->model, KIND_BGP_SPEAKER, NULL);
	while ((speaker = model_iter_next(&iter)))
		look_at_speaker(providers, speaker);
}
