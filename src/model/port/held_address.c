/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/held_address.h"

#include <string.h>

#include "model/port/port.h"
#include "model/router/floating_ip.h"

#define NONE "[]"

static void set_list(struct object *draft, json_t *list)
{
	char *text = json_dumps(list, JSON_COMPACT);

	object_set_str(draft, PORT_HELD_ADDRESSES, text);
	free(text);
}

bool pair_address(const json_t *pair, char ret[static IP_STRLEN])
{
	const char *text = json_string_value(json_object_get(pair, "ip_address"));
	const char *slash = text ? strchr(text, '/') : NULL;

	if (!text || (slash && strcmp(slash, strchr(text, ':') ? "/128" : "/32")))
		return false;
	g_strlcpy(ret, text, slash ? (gsize)(slash - text) + 1 : IP_STRLEN);
	return true;
}

bool held_address_allowed(const struct object *port, const char *ip)
{
	json_t *pairs, *pair;
	bool found = false;
	size_t i;

	if (!port_is_bound(port))
		return false;
	if (port_has_ip(port, ip))
		return true;
	pairs = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS);
	json_array_foreach(pairs, i, pair) {
		char address[IP_STRLEN];

		found |= pair_address(pair, address) && !strcmp(address, ip);
	}
	json_decref(pairs);
	return found;
}

static bool holds(const struct object *port, const char *ip)
{
	json_t *list, *held;
	bool found = false;
	size_t i;

	if (!strcmp(object_str(port, PORT_HELD_ADDRESSES), NONE))
		return false;
	list = object_json(port, PORT_HELD_ADDRESSES);
	json_array_foreach(list, i, held)
		found |= !strcmp(json_string_value(held), ip);
	json_decref(list);
	return found;
}

const struct object *held_address_holder(
	struct txn *txn, const char *network_id, const char *ip_text)
{
	static const unsigned indexes[] = { PORT_BY_PAIR, PORT_BY_NETWORK_IP };

	for (size_t i = 0; i < G_N_ELEMENTS(indexes); i++) {
		const struct object *port;
		struct txn_iter iter;

		txn_iter_init(&iter, txn, KIND_PORT, indexes[i], network_id, ip_text, NULL);
		while ((port = txn_iter_next(&iter)))
			if (holds(port, ip_text))
				return port;
	}
	return NULL;
}

static bool release(struct txn *txn, const struct object *port, const char *ip, GError **error)
{
	struct object *draft = object_edit(port);
	json_t *list = object_json(port, PORT_HELD_ADDRESSES);

	for (size_t i = json_array_size(list); i-- > 0;)
		if (!strcmp(json_string_value(json_array_get(list, i)), ip))
			json_array_remove(list, i);
	set_list(draft, list);
	json_decref(list);
	return txn_put(txn, draft, error) != NULL;
}

bool held_address_take(struct txn *txn, const struct object *port, const char *ip, GError **error)
{
	const char *network = object_str(port, PORT_NETWORK_ID);
	const struct object *holder = held_address_holder(txn, network, ip);
	struct object *draft;
	json_t *list;

	if (holder && uuid_equal(object_id(holder), object_id(port)))
		return true;
	if (holder && !release(txn, holder, ip, error))
		return false;
	draft = object_edit(port);
	list = object_json(port, PORT_HELD_ADDRESSES);
	json_array_append_new(list, json_string(ip));
	set_list(draft, list);
	json_decref(list);
	return txn_put(txn, draft, error) != NULL;
}

void held_addresses_prune(struct object *draft)
{
	json_t *list;
	size_t before;

	if (!strcmp(object_str(draft, PORT_HELD_ADDRESSES), NONE))
		return;
	list = object_json(draft, PORT_HELD_ADDRESSES);
	before = json_array_size(list);
	for (size_t i = before; i-- > 0;)
		if (!held_address_allowed(draft, json_string_value(json_array_get(list, i))))
			json_array_remove(list, i);
	if (json_array_size(list) != before)
		set_list(draft, list);
	json_decref(list);
}

bool port_is_stood_for(const struct model *model, const struct object *port, const char *ip)
{
	const struct object *other;
	struct model_iter iter;

	if (port_is_bound(port))
		return false;
	model_iter_init(
		&iter, model, KIND_PORT, PORT_BY_PAIR, object_str(port, PORT_NETWORK_ID), ip, NULL);
	while ((other = model_iter_next(&iter)))
		if (port_is_bound(other))
			return true;
	return false;
}

/* By a port other than @old, or by what becomes of that. */
static bool is_stood_for_still(struct txn *txn, const struct object *old, const struct object *new,
	const char *network, const char *ip)
{
	const struct object *other;
	struct txn_iter iter;

	if (new &&held_address_allowed(new, ip))
		return true;
	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_PAIR, network, ip, NULL);
	while ((other = txn_iter_next(&iter)))
		if (!uuid_equal(object_id(other), object_id(old)) && port_is_bound(other))
			return true;
	return false;
}

/* The port that has the address as its own, bound nowhere. */
static const struct object *stood_for(struct txn *txn, const char *network, const char *ip)
{
	const struct object *port;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_NETWORK_IP, network, ip, NULL);
	port = txn_iter_next(&iter);
	return port && !port_is_bound(port) ? port : NULL;
}

bool stand_ins_follow_port(
	struct txn *txn, const struct object *old, const struct object *new, GError **error)
{
	const char *network = object_str(old, PORT_NETWORK_ID);
	json_t *pairs, *pair;
	bool done = true;
	size_t i;

	if (!port_is_bound(old) || !strcmp(object_str(old, PORT_ALLOWED_ADDRESS_PAIRS), NONE) ||
		(new &&object_equal(old, new, PORT_HOST_ID) &&
			object_equal(old, new, PORT_ALLOWED_ADDRESS_PAIRS)))
		return true;
	pairs = object_json(old, PORT_ALLOWED_ADDRESS_PAIRS);
	json_array_foreach(pairs, i, pair) {
		const struct object *port;
		char ip[IP_STRLEN];

		if (!done || !pair_address(pair, ip))
			continue;
		port = stood_for(txn, network, ip);
		if (port && !is_stood_for_still(txn, old, new, network, ip))
			done = floating_ip_follow_binding(txn, port, error);
	}
	json_decref(pairs);
	return done;
}
