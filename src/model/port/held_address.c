/* SPDX-License-Identifier: Apache-2.0 */
#include "model/port/held_address.h"

#include <string.h>

#include "model/port/port.h"

#define NONE "[]"

static void set_list(struct object *draft, json_t *list)
{
	char *text = json_dumps(list, JSON_COMPACT);

	object_set_str(draft, PORT_HELD_ADDRESSES, text);
	free(text);
}

static bool has_fixed(const struct object *port, const char *ip)
{
	struct port_ips ips = port_ips_of(port);

	while (port_ips_next(&ips))
		if (!strcmp(ips.ip_text, ip))
			return true;
	return false;
}

/* An address, or a prefix that is one. */
static bool is_address(const char *pair, const char *ip)
{
	size_t len = strlen(ip);

	return pair && !strncmp(pair, ip, len) &&
	       (!pair[len] || !strcmp(pair + len, strchr(ip, ':') ? "/128" : "/32"));
}

bool held_address_allowed(const struct object *port, const char *ip)
{
	json_t *pairs, *pair;
	bool found = false;
	size_t i;

	if (!port_is_bound(port))
		return false;
	if (has_fixed(port, ip))
		return true;
	pairs = object_json(port, PORT_ALLOWED_ADDRESS_PAIRS);
	json_array_foreach(pairs, i, pair)
		found |= is_address(json_string_value(json_object_get(pair, "ip_address")), ip);
	json_decref(pairs);
	return found;
}

const struct object *held_address_holder(
	struct txn *txn, const char *network_id, const char *ip_text)
{
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_PORT, PORT_BY_HELD_ADDRESS, network_id, ip_text, NULL);
	return txn_iter_next(&iter);
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
