/* SPDX-License-Identifier: Apache-2.0 */
#include "model/network/provider.h"

#include <string.h>

#include "model/network/network.h"
#include "model/network/segment.h"
#include "model/txn_impl.h"

#define TYPE "provider:network_type"
#define PHYSICAL "provider:physical_network"
#define NUMBER "provider:segmentation_id"

const char *const provider_types[] = { "geneve", "vxlan", "vlan", "flat", NULL };

/* Which attribute of a network says which one of its segment. */
static const struct {
	unsigned network, segment;
} slots[] = {
	{ NETWORK_PROVIDER_TYPE, SEGMENT_TYPE },
	{ NETWORK_PROVIDER_PHYSICAL, SEGMENT_PHYSICAL },
	{ NETWORK_PROVIDER_SEGMENT, SEGMENT_NUMBER },
};

/* A draft of a segment as an item of NETWORK_SEGMENTS says it. */
static struct object *segment_of_item(const json_t *item)
{
	struct object *segment = object_new(&segment_kind, NULL);
	json_t *number = json_object_get(item, NUMBER);

	object_set_str(segment, SEGMENT_TYPE, json_string_value(json_object_get(item, TYPE)));
	object_set_str(
		segment, SEGMENT_PHYSICAL, json_string_value(json_object_get(item, PHYSICAL)));
	if (json_is_integer(number))
		object_set_int(segment, SEGMENT_NUMBER, json_integer_value(number));
	return segment;
}

static json_t *item_of_segment(const struct object *segment)
{
	return json_pack("{s:s, s:s?, s:o}", TYPE, object_str(segment, SEGMENT_TYPE), PHYSICAL,
		object_str(segment, SEGMENT_PHYSICAL), NUMBER,
		object_is_null(segment, SEGMENT_NUMBER)
			? json_null()
			: json_integer(object_int(segment, SEGMENT_NUMBER)));
}

/* Drafts of the segments that a network's attributes say; g_ptr_array_unref. */
static GPtrArray *segments_said(const struct object *network)
{
	GPtrArray *said = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	json_t *items, *item;
	size_t i;

	if (object_is_null(network, NETWORK_SEGMENTS) &&
		!object_is_null(network, NETWORK_PROVIDER_TYPE)) {
		struct object *only = object_new(&segment_kind, NULL);

		for (i = 0; i < G_N_ELEMENTS(slots); i++)
			object_copy_to(only, slots[i].segment, network, slots[i].network);
		g_ptr_array_add(said, only);
		return said;
	}
	items = object_json(network, NETWORK_SEGMENTS);
	json_array_foreach(items, i, item)
		g_ptr_array_add(said, segment_of_item(item));
	json_decref(items);
	return said;
}

/* Writes into a network's draft what its segments are. */
static void say_segments(struct object *draft, const GPtrArray *segments)
{
	json_t *items = segments->len > 1 ? json_array() : NULL;
	g_autofree char *text = NULL;

	for (guint i = 0; items && i < segments->len; i++)
		json_array_append_new(items, item_of_segment(segments->pdata[i]));
	if (items)
		text = json_dumps(items, JSON_COMPACT);
	object_set_str(draft, NETWORK_SEGMENTS, text);
	for (size_t i = 0; i < G_N_ELEMENTS(slots); i++)
		if (segments->len == 1)
			object_copy_to(
				draft, slots[i].network, segments->pdata[0], slots[i].segment);
		else
			object_set_null(draft, slots[i].network);
	json_decref(items);
}

static bool settle_all(
	struct txn *txn, struct object *draft, const GPtrArray *segments, GError **error)
{
	for (guint i = 0; i < segments->len; i++)
		if (!segment_settle(
			    txn, segments->pdata[i], object_str(draft, SLOT_PROJECT_ID), error))
			return false;
	say_segments(draft, segments);
	return true;
}

/* Is it more than a wish for the next number? */
static bool is_exact(const struct object *segment)
{
	return object_choice(segment, SEGMENT_TYPE) == PROVIDER_FLAT ||
	       !object_is_null(segment, SEGMENT_NUMBER);
}

static bool is_same(const struct object *a, const struct object *b)
{
	for (size_t i = 0; i < G_N_ELEMENTS(slots); i++)
		if (!object_equal(a, b, slots[i].segment))
			return false;
	return true;
}

static bool check_list(const GPtrArray *segments, GError **error)
{
	for (guint i = 0; i < segments->len; i++)
		for (guint j = 0; j < i; j++)
			if (is_exact(segments->pdata[i]) &&
				is_same(segments->pdata[i], segments->pdata[j]))
				return weft_fail(error, INVALID_INPUT,
					"Invalid input for segments: Duplicate segment entry in request: one is there twice.");
	return segments->len ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for segments: the list is empty; leave it out.");
}

static bool is_given(const struct object *draft, unsigned slot)
{
	return object_given(draft) & SLOT_BIT(slot) && !object_is_null(draft, slot);
}

bool provider_settle(struct txn *txn, struct object *draft, GError **error)
{
	bool typed = is_given(draft, NETWORK_PROVIDER_TYPE);
	bool listed = is_given(draft, NETWORK_SEGMENTS);
	g_autoptr(GPtrArray) segments = NULL;

	for (size_t i = 1; i < G_N_ELEMENTS(slots); i++)
		if (is_given(draft, slots[i].network) && !typed)
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: network_type required; give provider:network_type, too.",
				network_kind.attrs[slots[i].network].name);
	if (typed && listed)
		return weft_fail(error, INVALID_INPUT,
			"Segments and provider values cannot both be set: give one of them.");
	if (!typed && !listed)
		object_set_choice(draft, NETWORK_PROVIDER_TYPE, PROVIDER_GENEVE);
	segments = segments_said(draft);
	return check_list(segments, error) && settle_all(txn, draft, segments, error);
}

bool provider_make_segments(struct txn *txn, const struct object *network, GError **error)
{
	g_autoptr(GPtrArray) segments = segments_said(network);
	char id[UUID_STRLEN];

	uuid_format(object_id(network), id);
	for (guint i = 0; i < segments->len; i++) {
		object_set_str(segments->pdata[i], SEGMENT_NETWORK_ID, id);
		if (!txn_put(txn, object_ref(segments->pdata[i]), error))
			return false;
	}
	return true;
}

static GPtrArray *segments_of(struct txn *txn, const char *network_id)
{
	GPtrArray *segments = g_ptr_array_new_with_free_func((GDestroyNotify)object_unref);
	const struct object *segment;
	struct txn_iter iter;

	txn_iter_init(&iter, txn, KIND_SEGMENT, SEGMENT_BY_NETWORK, network_id, NULL);
	while ((segment = txn_iter_next(&iter)))
		g_ptr_array_add(segments, object_ref(segment));
	return segments;
}

bool provider_follow(struct txn *txn, const char *network_id, GError **error)
{
	g_autoptr(GPtrArray) segments = segments_of(txn, network_id);
	struct object *draft = object_edit(txn_get_text(txn, KIND_NETWORK, network_id));

	say_segments(draft, segments);
	object_set_choice(
		draft, NETWORK_STATUS, network_has_datapath(draft) ? NETWORK_ACTIVE : NETWORK_DOWN);
	return txn_put(txn, draft, error);
}

bool provider_update(
	struct txn *txn, const struct object *old, struct object *draft, GError **error)
{
	g_autoptr(GPtrArray) segments = NULL;
	char id[UUID_STRLEN];
	struct object *segment;

	if (object_equal(old, draft, NETWORK_PROVIDER_SEGMENT))
		return true;
	if (object_choice(old, NETWORK_PROVIDER_TYPE) != PROVIDER_VLAN)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:segmentation_id: Only VLAN type networks can be updated; this one is of type %s.",
			object_str(old, NETWORK_PROVIDER_TYPE)
				?: "none, as its segments are not one");
	if (object_is_null(draft, NETWORK_PROVIDER_SEGMENT))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:segmentation_id: a VLAN is one of %u to %u.",
			VLAN_FIRST, VLAN_LAST);
	segments = segments_of(txn, uuid_format(object_id(old), id));
	segment = object_edit(segments->pdata[0]);
	object_copy_to(segment, SEGMENT_NUMBER, draft, NETWORK_PROVIDER_SEGMENT);
	if (segment_settle(txn, segment, object_str(old, SLOT_PROJECT_ID), error))
		return txn_put(txn, segment, error);
	object_unref(segment);
	return false;
}

s64 provider_vni(const struct object *network)
{
	g_autoptr(GPtrArray) segments = NULL;

	if (provider_is_overlay(object_choice(network, NETWORK_PROVIDER_TYPE)))
		return object_int(network, NETWORK_PROVIDER_SEGMENT);
	if (object_is_null(network, NETWORK_SEGMENTS))
		return 0;
	segments = segments_said(network);
	for (guint i = 0; i < segments->len; i++)
		if (provider_is_overlay(object_choice(segments->pdata[i], SEGMENT_TYPE)))
			return object_int(segments->pdata[i], SEGMENT_NUMBER);
	return 0;
}
