/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A BGP speaker is in the scope of each host that it speaks on, with its peers. A change of one is
 * rare, and costs a record for each of these hosts. What is announced is not in it: that is what
 * the host has of floating IPs and gateways.
 */
#include "compile/compilation.h"
#include "compile/enumeration.h"
#include "compile/records.h"
#include "compile/touched.h"

#include "model/bgp/bgp_peer.h"
#include "model/bgp/bgp_speaker.h"
#include "model/host/host.h"
#include "model/network/network.h"

/* As it is, or (of a compilation) was. */
struct sight {
	const struct model *model;
	const struct compilation *before; /* NULL: as it is */
};

static const struct object *see(const struct sight *sight, enum kind_id kind, const char *text)
{
	struct uuid id;

	if (!text || !uuid_parse(text, &id))
		return NULL;
	return sight->before ? compile_old(sight->before, kind, &id)
			     : model_get(sight->model, kind, &id);
}

static void write_peers(
	const struct sight *sight, const struct object *speaker, struct json_writer *w)
{
	json_t *ids = object_json(speaker, BGP_SPEAKER_PEERS), *id;
	size_t i;

	jw_key(w, "peers");
	jw_begin_array(w);
	json_array_foreach(ids, i, id) {
		const struct object *peer = see(sight, KIND_BGP_PEER, json_string_value(id));

		if (peer)
			bgp_peer_write(peer, w);
	}
	jw_end_array(w);
	json_decref(ids);
}

static void write_speaker(const struct sight *sight, const struct object *speaker, GString *text)
{
	struct json_writer w = json_writer_on(text);

	jw_begin_object(&w);
	jw_member_int(&w, "local_as", object_int(speaker, BGP_SPEAKER_AS));
	jw_member_int(&w, "ip_version", object_int(speaker, BGP_SPEAKER_IP_VERSION));
	jw_member_raw(&w, "networks", object_str(speaker, BGP_SPEAKER_NETWORKS));
	jw_member_bool(&w, "advertise_floating_ip_host_routes",
		object_bool(speaker, BGP_SPEAKER_FLOATING_IPS));
	jw_member_bool(
		&w, "advertise_tenant_networks", object_bool(speaker, BGP_SPEAKER_TENANT_NETWORKS));
	write_peers(sight, speaker, &w);
	jw_end_object(&w);
}

/* Nothing, where it does not speak on the host. */
static void record(const struct sight *sight, const struct object *speaker,
	const struct object *host, GString *text)
{
	json_t *networks, *id;
	bool speaks = false;
	size_t i;

	if (!speaker || !host)
		return;
	networks = object_json(speaker, BGP_SPEAKER_NETWORKS);
	json_array_foreach(networks, i, id) {
		const struct object *network = see(sight, KIND_NETWORK, json_string_value(id));

		speaks = speaks || (network && bgp_speaks_for(speaker, network, host));
	}
	json_decref(networks);
	if (speaks)
		write_speaker(sight, speaker, text);
}

void give_bgp_speakers(struct enumeration *e, const struct uuid *id)
{
	const struct object *host = model_get(e->model, KIND_HOST, id), *speaker;
	const struct sight now = { e->model, NULL };
	struct model_iter iter;
	char text[UUID_STRLEN];

	model_iter_all(&iter, e->model, KIND_BGP_SPEAKER, NULL);
	while ((speaker = model_iter_next(&iter))) {
		record(&now, speaker, host, e->text);
		if (e->text->len)
			enumeration_give(e, "bgp-speaker", uuid_format(object_id(speaker), text));
	}
}

static void add_by_change(const struct compilation *c, const struct change *change, GHashTable *all)
{
	const struct object *speaker;
	struct model_iter iter;

	switch (change->kind) {
	case KIND_BGP_SPEAKER:
		touch(all, &change->id);
		break;
	case KIND_BGP_PEER:
		touch_by(c, KIND_BGP_SPEAKER, BGP_SPEAKER_BY_PEER, &change->id, all);
		break;
	case KIND_NETWORK:
		touch_by(c, KIND_BGP_SPEAKER, BGP_SPEAKER_BY_NETWORK, &change->id, all);
		break;
	case KIND_HOST:
		model_iter_all(&iter, c->model, KIND_BGP_SPEAKER, NULL);
		while ((speaker = model_iter_next(&iter)))
			touch(all, object_id(speaker));
		break;
	default:
		break;
	}
}

/* Hosts that a network's wire reaches now; those that it did have changed, or are among them. */
static void add_hosts(const struct compilation *c, const struct object *network, GHashTable *hosts)
{
	g_autoptr(GPtrArray) physicals = NULL;
	const struct object *host;
	struct model_iter iter;

	if (!network)
		return;
	physicals = network_physicals(network);
	for (guint i = 0; i < physicals->len; i++) {
		model_iter_init(
			&iter, c->model, KIND_HOST, HOST_BY_PHYSICAL, physicals->pdata[i], NULL);
		while ((host = model_iter_next(&iter)))
			touch(hosts, object_id(host));
	}
}

static void add_hosts_of(
	const struct compilation *c, const struct object *speaker, GHashTable *hosts)
{
	json_t *networks = speaker ? object_json(speaker, BGP_SPEAKER_NETWORKS) : json_array(), *id;
	struct uuid network;
	size_t i;

	json_array_foreach(networks, i, id)
		if (uuid_parse(json_string_value(id), &network)) {
			add_hosts(c, compile_old(c, KIND_NETWORK, &network), hosts);
			add_hosts(c, model_get(c->model, KIND_NETWORK, &network), hosts);
		}
	json_decref(networks);
}

static void compile_one(struct compilation *c, const struct uuid *id)
{
	g_autoptr(GHashTable) hosts = g_hash_table_new_full(uuid_hash, uuid_equal, g_free, NULL);
	const struct object *was = compile_old(c, KIND_BGP_SPEAKER, id),
			    *now = model_get(c->model, KIND_BGP_SPEAKER, id);
	const struct sight before = { c->model, c }, after = { c->model, NULL };
	const struct uuid *host;
	GHashTableIter iter;
	char text[UUID_STRLEN];

	add_hosts_of(c, was, hosts);
	add_hosts_of(c, now, hosts);
	for (unsigned i = 0; i < c->changes->n; i++)
		if (c->changes->changes[i].kind == KIND_HOST && c->changes->changes[i].new)
			touch(hosts, &c->changes->changes[i].id);
	g_hash_table_iter_init(&iter, hosts);
	while (g_hash_table_iter_next(&iter, (gpointer *)&host, NULL)) {
		record(&before, was, compile_old(c, KIND_HOST, host), c->before);
		record(&after, now, model_get(c->model, KIND_HOST, host), c->after);
		compile_difference(c, SCOPE_HOST, host, "bgp-speaker", uuid_format(id, text));
	}
}

void compile_bgp_speakers(struct compilation *c)
{
	compile_touched(c, add_by_change, compile_one);
}
