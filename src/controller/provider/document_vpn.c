/* SPDX-License-Identifier: Apache-2.0 */
/* The tunnels of a router, for the provider that has its "vpn" or its "gre": with their secrets,
 * which it could not make them without. */
#include "controller/provider/document.h"

#include "model/vpn/gre_tunnel.h"
#include "model/vpn/ike_policy.h"
#include "model/vpn/ipsec_policy.h"
#include "model/vpn/ipsec_site_connection.h"
#include "model/vpn/vpnservice.h"
#include "model/vpn/wireguard_interface.h"
#include "model/vpn/wireguard_peer.h"

static void write_policy(const struct model *model, const struct object *connection,
	enum kind_id kind, unsigned slot, const char *name, struct json_writer *w)
{
	const struct object *policy = model_get_text(model, kind, object_str(connection, slot));

	jw_key(w, name);
	provider_write_object(model, policy, w);
}

static void write_cidrs(json_t *cidrs, const char *name, struct json_writer *w)
{
	json_t *cidr;
	size_t i;

	jw_key(w, name);
	jw_begin_array(w);
	json_array_foreach(cidrs, i, cidr)
		jw_string(w, json_string_value(cidr));
	jw_end_array(w);
	json_decref(cidrs);
}

static void write_connection(
	const struct model *model, const struct object *connection, struct json_writer *w)
{
	jw_begin_object(w);
	jw_key(w, "ipsec_site_connection");
	provider_write_object(model, connection, w);
	write_policy(model, connection, KIND_IKE_POLICY, IPSEC_SITE_CONNECTION_IKE_POLICY_ID,
		"ikepolicy", w);
	write_policy(model, connection, KIND_IPSEC_POLICY, IPSEC_SITE_CONNECTION_IPSEC_POLICY_ID,
		"ipsecpolicy", w);
	write_cidrs(ipsec_site_local_cidrs(model, connection), "local_cidrs", w);
	write_cidrs(ipsec_site_peer_cidrs(model, connection), "peer_cidrs", w);
	jw_end_object(w);
}

static void write_service(
	const struct model *model, const struct object *service, struct json_writer *w)
{
	const struct object *connection;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_key(w, "vpnservice");
	provider_write_object(model, service, w);
	jw_key(w, "connections");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_IPSEC_SITE_CONNECTION, IPSEC_SITE_CONNECTION_BY_SERVICE,
		uuid_format(object_id(service), id), NULL);
	while ((connection = model_iter_next(&iter)))
		write_connection(model, connection, w);
	jw_end_array(w);
	jw_end_object(w);
}

static void write_peer(const struct model *model, const struct object *peer, struct json_writer *w)
{
	jw_begin_object(w);
	jw_key(w, "wireguard_peer");
	provider_write_object(model, peer, w);
	jw_member_string(w, "preshared_key", object_str(peer, WIREGUARD_PEER_PRESHARED_KEY));
	jw_end_object(w);
}

static void write_interface(
	const struct model *model, const struct object *interface, struct json_writer *w)
{
	const struct object *peer;
	struct model_iter iter;
	char id[UUID_STRLEN];

	jw_begin_object(w);
	jw_key(w, "wireguard_interface");
	provider_write_object(model, interface, w);
	jw_member_string(w, "private_key", object_str(interface, WIREGUARD_INTERFACE_PRIVATE_KEY));
	jw_key(w, "peers");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_WIREGUARD_PEER, WIREGUARD_PEER_BY_INTERFACE,
		uuid_format(object_id(interface), id), NULL);
	while ((peer = model_iter_next(&iter)))
		write_peer(model, peer, w);
	jw_end_array(w);
	jw_end_object(w);
}

static void write_all(const struct model *model, const char *key, enum kind_id kind, unsigned index,
	const char *router, struct json_writer *w,
	void (*write)(
		const struct model *model, const struct object *object, struct json_writer *w))
{
	const struct object *object;
	struct model_iter iter;

	jw_key(w, key);
	jw_begin_array(w);
	model_iter_init(&iter, model, kind, index, router, NULL);
	while ((object = model_iter_next(&iter)))
		write(model, object, w);
	jw_end_array(w);
}

void provider_write_vpn(const struct model *model, const char *router, struct json_writer *w)
{
	write_all(model, "vpnservices", KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER, router, w,
		write_service);
	write_all(model, "wireguard_interfaces", KIND_WIREGUARD_INTERFACE,
		WIREGUARD_INTERFACE_BY_ROUTER, router, w, write_interface);
}

void provider_write_gre(const struct model *model, const char *router, struct json_writer *w)
{
	write_all(model, "gre_tunnels", KIND_GRE_TUNNEL, GRE_TUNNEL_BY_ROUTER, router, w,
		provider_write_object);
}
