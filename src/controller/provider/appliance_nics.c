/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of an appliance: those that it needs are made, those that it needs no longer go. */
#include <string.h>

#include "controller/provider/appliance.h"
#include "model/provider/service_attachment.h"
#include "model/port/service_port.h"

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Whose device the NIC's port is: the appliance's, or the pair's, which is its attachment's. */
static const char *device_of(const struct object *draft, bool shared, char buf[UUID_STRLEN])
{
	return shared ? object_str(draft, APPLIANCE_ATTACHMENT_ID)
		      : uuid_format(object_id(draft), buf);
}

static bool is_shared(const json_t *nic)
{
	return json_is_true(json_object_get(nic, "shared"));
}

static const struct object *port_of(const struct txn *txn, const char *device, const json_t *nic)
{
	const char *name = text_of(nic, "name"), *network = text_of(nic, "network_id");
	const struct object *port;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_DEVICE, device, NULL);
	while ((port = txn_iter_next(&iter)))
		if (!strcmp(object_str(port, SLOT_NAME), name) &&
			!g_strcmp0(object_str(port, PORT_NETWORK_ID), network))
			return port;
	return NULL;
}

/* Without port security, unless it is said which addresses it may send from: what it sends has
 * guests' and outer addresses. That on the network which it serves goes with that. */
static const struct object *make_port(struct txn *txn, const struct object *attachment,
	const struct object *draft, const json_t *nic, GError **error)
{
	const char *network = text_of(nic, "network_id");
	bool served = !strcmp(network, object_str(attachment, ATTACHMENT_OBJECT_ID));
	json_t *fixed_ips = json_object_get(nic, "fixed_ips"), *body,
	       *pairs = json_object_get(nic, "allowed_address_pairs");
	const struct object *port;
	char id[UUID_STRLEN];

	body = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:O*}", "name", text_of(nic, "name"),
		"network_id", network, "device_id", device_of(draft, is_shared(nic), id),
		"device_owner", served ? OWNER_DHCP : OWNER_APPLIANCE, "port_security_enabled",
		pairs != NULL, "binding:host_id", object_str(draft, APPLIANCE_HOST),
		"allowed_address_pairs", pairs);
	if (fixed_ips)
		json_object_set(body, "fixed_ips", fixed_ips);
	port = txn_create(txn, KIND_PORT, body, error);
	json_decref(body);
	return port;
}

/* Has it an address of each subnet that is wished for, that address if one is named, and no other?
 */
static bool has_addresses(const struct object *port, const json_t *wishes)
{
	json_t *fixed_ips = object_json(port, PORT_FIXED_IPS), *fixed, *wish;
	size_t i, j, found = 0;
	bool same;

	json_array_foreach((json_t *)wishes, i, wish) {
		json_array_foreach(fixed_ips, j, fixed) {
			const char *ip = text_of(wish, "ip_address");

			if (!g_strcmp0(text_of(wish, "subnet_id"), text_of(fixed, "subnet_id")) &&
				(!ip || !g_strcmp0(ip, text_of(fixed, "ip_address")))) {
				found++;
				break;
			}
		}
	}
	same = found == json_array_size(wishes) && found == json_array_size(fixed_ips);
	json_decref(fixed_ips);
	return same;
}

/* Are they the same addresses in the same order? */
static bool has_pairs(const struct object *port, const json_t *pairs)
{
	json_t *has = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS);
	bool same = json_array_size(has) == json_array_size(pairs);

	for (size_t i = 0; same && i < json_array_size(pairs); i++)
		same = !g_strcmp0(text_of(json_array_get(has, i), "ip_address"),
			text_of(json_array_get(pairs, i), "ip_address"));
	json_decref(has);
	return same;
}

/* Who becomes one of a pair gives it its port, with its addresses; who is left takes it back. */
static const struct object *find_own(
	const struct txn *txn, const struct object *draft, const json_t *nic, const char *device)
{
	char id[UUID_STRLEN];

	return port_of(txn, device, nic)
		       ?: port_of(txn, device_of(draft, !is_shared(nic), id), nic);
}

static const struct object *settle_own(struct txn *txn, const struct object *attachment,
	const struct object *draft, const json_t *nic, GError **error)
{
	char id[UUID_STRLEN];
	const char *device = device_of(draft, is_shared(nic), id);
	const struct object *port = find_own(txn, draft, nic, device);
	json_t *wishes = json_object_get(nic, "fixed_ips"),
	       *pairs = json_object_get(nic, "allowed_address_pairs"), *body;
	char port_id[UUID_STRLEN];

	if (!port)
		return make_port(txn, attachment, draft, nic, error);
	if ((!wishes || has_addresses(port, wishes)) && (!pairs || has_pairs(port, pairs)) &&
		!strcmp(object_str(port, PORT_DEVICE_ID), device))
		return port;
	body = json_pack("{s:s, s:O*, s:O*}", "device_id", device, "fixed_ips", wishes,
		"allowed_address_pairs", pairs);
	port = txn_update(txn, KIND_PORT, uuid_format(object_id(port), port_id), body, error);
	json_decref(body);
	return port;
}

/* A port that there is already: an interface of the router that it serves, and no other. */
static const struct object *settle_given(
	struct txn *txn, const struct object *attachment, const json_t *nic, GError **error)
{
	const char *id = text_of(nic, "port_id");
	const struct object *port = txn_get_text(txn, KIND_PORT, id);

	if (port && port_is_router_interface(port) &&
		!strcmp(object_str(port, PORT_DEVICE_ID),
			object_str(attachment, ATTACHMENT_OBJECT_ID)))
		return port;
	weft_fail(error, INVALID_INPUT, "nic %s: port %s is no interface of router %s",
		text_of(nic, "name"), id, object_str(attachment, ATTACHMENT_OBJECT_ID));
	return NULL;
}

static bool is_among(const json_t *nics, const char *port)
{
	const json_t *nic;
	size_t i;

	json_array_foreach(nics, i, nic)
		if (!g_strcmp0(text_of(nic, "port_id"), port))
			return true;
	return false;
}

static bool release_others(
	struct txn *txn, const struct object *draft, const json_t *kept, GError **error)
{
	json_t *before = object_json(draft, APPLIANCE_NICS), *nic;
	bool ok = true;
	size_t i;

	json_array_foreach(before, i, nic)
		if (ok && !is_among(kept, text_of(nic, "port_id")))
			ok = appliance_release_port(txn, draft, text_of(nic, "port_id"), error);
	json_decref(before);
	return ok;
}

static json_t *nic_of(const json_t *wanted, const struct object *port)
{
	char id[UUID_STRLEN];

	return json_pack("{s:s, s:s, s:s}", "name", text_of(wanted, "name"), "network_id",
		object_str(port, PORT_NETWORK_ID), "port_id", uuid_format(object_id(port), id));
}

bool appliance_settle_nics(struct txn *txn, const struct object *attachment, struct object *draft,
	const json_t *nics, GError **error)
{
	json_t *settled = json_array();
	const json_t *nic;
	bool ok = true;
	size_t i;

	json_array_foreach(nics, i, nic) {
		const struct object *port =
			text_of(nic, "port_id") ? settle_given(txn, attachment, nic, error)
						: settle_own(txn, attachment, draft, nic, error);

		ok = port != NULL;
		if (!ok)
			break;
		json_array_append_new(settled, nic_of(nic, port));
	}
	ok = ok && release_others(txn, draft, settled, error);
	if (ok) {
		g_autofree char *text = json_dumps(settled, JSON_COMPACT | JSON_SORT_KEYS);

		object_set_str(draft, APPLIANCE_NICS, text);
	}
	json_decref(settled);
	return ok;
}
