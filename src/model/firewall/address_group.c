/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are kept as networks ("10.0.0.1" is 10.0.0.1/32), each once, in the order given. */
#include "model/firewall/address_group.h"

#include <string.h>

#include "model/standard.h"

#define ADDRESSES_MAX 10000

static const struct attr address_attr = {
	.name = "address", .type = TYPE_CIDR, .convert = convert_to_network
};

static const struct attr attrs[N_ADDRESS_GROUP_SLOTS] = {
	NAME_ATTR(NAME_ATTR_FLAGS), DESCRIBED_ATTRS(LONG_DESCRIPTION_MAX), PROJECT_ATTR,
	[ADDRESS_GROUP_ADDRESSES] = { .name = "addresses",
		.type = TYPE_LIST,
		.item = &address_attr,
		.max = ADDRESSES_MAX,
		.flags = ATTR_CREATE | ATTR_NULLABLE,
		.fallback = "[]",
		.doc = "IP addresses and CIDRs; changed by add_addresses and remove_addresses." },
	[ADDRESS_GROUP_SHARED] = SHARED_ATTR(ATTR_SECRET), /* not shown, as in OpenStack */
};

static const struct index indexes[N_ADDRESS_GROUP_INDEXES] = {
	[ADDRESS_GROUP_BY_NAME] = { .name = "name", .slots = { SLOT_NAME } },
	[ADDRESS_GROUP_BY_PROJECT] = { .name = "project", .slots = { SLOT_PROJECT_ID } },
};

/* The texts of a list as a set; they are borrowed from it. */
static GHashTable *set_of(json_t *list)
{
	GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
		g_hash_table_add(set, (char *)json_string_value(item));
	return set;
}

static void set_addresses(struct object *draft, json_t *list)
{
	g_autofree char *text = json_dumps(list, JSON_COMPACT);

	object_set_str(draft, ADDRESS_GROUP_ADDRESSES, text);
}

/* Appends those of @more that @list does not have yet. */
static void merge(json_t *list, json_t *more)
{
	g_autoptr(GHashTable) known = set_of(list);
	size_t i;
	json_t *address;

	json_array_foreach(more, i, address)
		if (g_hash_table_add(known, (char *)json_string_value(address)))
			json_array_append(list, address);
}

static bool on_create(struct txn *txn, struct object *draft, GError **error)
{
	json_t *given = object_json(draft, ADDRESS_GROUP_ADDRESSES);
	json_t *once = json_array();

	(void)txn;
	(void)error;
	merge(once, given);
	set_addresses(draft, once);
	json_decref(given);
	json_decref(once);
	return true;
}

/* The list in {"addresses": […]}, canonical; json_decref(). NULL with @error. */
static json_t *parse_body(json_t *body, GError **error)
{
	const struct attr *attr = &attrs[ADDRESS_GROUP_ADDRESSES];
	json_t *list = json_object_get(body, "addresses");
	union value value;
	json_t *parsed;

	if (!json_is_array(list) || json_object_size(body) != 1) {
		weft_fail(error, BAD_REQUEST, "The request's body must be {\"addresses\": […]}.");
		return NULL;
	}
	if (!value_parse(attr, list, attr->name, &value, error))
		return NULL;
	parsed = json_loads(value.text, 0, NULL);
	value_clear(attr, value);
	return parsed;
}

enum presence { PRESENT, ABSENT };

/* Those of @given that are in @own, or are not, as "a, b"; NULL: there is none. */
static char *select_addresses(json_t *given, json_t *own, enum presence wanted)
{
	g_autoptr(GHashTable) known = set_of(own);
	g_autoptr(GString) found = g_string_new(NULL);
	size_t i;
	json_t *address;

	json_array_foreach(given, i, address) {
		const char *text = json_string_value(address);

		if (g_hash_table_contains(known, text) == (wanted == PRESENT))
			g_string_append_printf(found, "%s%s", found->len ? ", " : "", text);
	}
	return found->len ? g_strdup(found->str) : NULL;
}

static bool stage(struct txn *txn, const struct object *group, json_t *list, GError **error)
{
	struct object *draft = object_edit(group);

	if (json_array_size(list) > ADDRESSES_MAX) {
		object_unref(draft);
		return weft_fail(error, BAD_REQUEST,
			"An address group has at most %d addresses; make another.", ADDRESSES_MAX);
	}
	set_addresses(draft, list);
	return txn_put(txn, draft, error);
}

static bool add_addresses(struct txn *txn, const struct object *group, json_t *body,
	json_t **ret_answer, GError **error)
{
	json_t *given = parse_body(body, error);
	json_t *own = given ? object_json(group, ADDRESS_GROUP_ADDRESSES) : NULL;
	g_autofree char *present = given ? select_addresses(given, own, PRESENT) : NULL;
	char id[UUID_STRLEN];
	bool ok = given && !present;

	(void)ret_answer;
	if (present)
		weft_fail(error, ADDRESSES_EXIST,
			"Addresses %s already exist in the address group %s; leave them out.",
			present, uuid_format(object_id(group), id));
	if (ok) {
		merge(own, given);
		ok = stage(txn, group, own, error);
	}
	json_decref(given);
	json_decref(own);
	return ok;
}

static void take_away(json_t *list, json_t *less)
{
	g_autoptr(GHashTable) doomed = set_of(less);

	for (size_t i = json_array_size(list); i-- > 0;)
		if (g_hash_table_contains(doomed, json_string_value(json_array_get(list, i))))
			json_array_remove(list, i);
}

static bool remove_addresses(struct txn *txn, const struct object *group, json_t *body,
	json_t **ret_answer, GError **error)
{
	json_t *given = parse_body(body, error);
	json_t *own = given ? object_json(group, ADDRESS_GROUP_ADDRESSES) : NULL;
	g_autofree char *absent = given ? select_addresses(given, own, ABSENT) : NULL;
	char id[UUID_STRLEN];
	bool ok = given && !absent;

	(void)ret_answer;
	if (absent)
		weft_fail(error, ADDRESSES_NOT_FOUND,
			"Addresses %s not found in the address group %s.", absent,
			uuid_format(object_id(group), id));
	if (ok) {
		take_away(own, given);
		ok = stage(txn, group, own, error);
	}
	json_decref(given);
	json_decref(own);
	return ok;
}

static const struct kind_action actions[] = {
	{ .name = "add_addresses", .run = add_addresses, .doc = "Adds {\"addresses\": […]}." },
	{ .name = "remove_addresses",
		.run = remove_addresses,
		.doc = "Takes {\"addresses\": […]} away." },
	{ 0 },
};

const struct kind address_group_kind = {
	.id = KIND_ADDRESS_GROUP,
	.singular = "address_group",
	.collection = "address_groups",
	.path = "/v2.0/address-groups",
	.doc = "A set of address blocks that security group rules may refer to.",
	.actions = actions,
	.rbac = RBAC_SHARED,
	.shared_slot = ADDRESS_GROUP_SHARED,
	.attrs = attrs,
	.n_slots = N_ADDRESS_GROUP_SLOTS,
	.indexes = indexes,
	.n_indexes = N_ADDRESS_GROUP_INDEXES,
	.not_found = WEFT_ERROR_ADDRESS_GROUP_NOT_FOUND,
	.in_use = WEFT_ERROR_ADDRESS_GROUP_IN_USE,
	.hooks = { .on_create = on_create },
};
