/* SPDX-License-Identifier: Apache-2.0 */
/* The VPN services of a router, for the provider that has its "vpn": with the secrets of their
 * connections, which it could not make without. */
#include "controller/provider/document.h"

#include "model/ike_policy.h"
#include "model/ipsec_policy.h"
#include "model/ipsec_site_connection.h"
#include "model/vpnservice.h"

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

void provider_write_vpn(const struct model *model, const char *router, struct json_writer *w)
{
	const struct object *service;
	struct model_iter iter;

	jw_key(w, "vpnservices");
	jw_begin_array(w);
	model_iter_init(&iter, model, KIND_VPNSERVICE, VPNSERVICE_BY_ROUTER, router, NULL);
	while ((service = model_iter_next(&iter)))
		write_service(model, service, w);
	jw_end_array(w);
}
