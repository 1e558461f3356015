/* SPDX-License-Identifier: Apache-2.0 */
#include "model/provider.h"

#include <string.h>

#include "model/network.h"
#include "model/number_set.h"
#include "model/txn_impl.h"

#define NUMBER_STRLEN 16

#define TYPE "provider:network_type"
#define PHYSICAL "provider:physical_network"
#define NUMBER "provider:segmentation_id"

const char *const provider_types[] = { "geneve", "vxlan", "vlan", "flat", NULL };

/* One way in which a network is carried. */
struct segment {
	int type; /* enum provider_type; -1: none */
	const char *physical;
	s64 number;
};

static int type_number(const char *name)
{
	for (int i = 0; name && provider_types[i]; i++)
		if (!strcmp(provider_types[i], name))
			return i;
	return -1;
}

/* An item of NETWORK_SEGMENTS. */
static struct segment item_segment(const json_t *item)
{
	return (struct segment){
		.type = type_number(json_string_value(json_object_get(item, TYPE))),
		.physical = json_string_value(json_object_get(item, PHYSICAL)),
		.number = json_integer_value(json_object_get(item, NUMBER)),
	};
}

/* Calls @each with every segment of the network. */
static void each_segment(const struct object *network,
	void (*each)(const struct segment *segment, void *user), void *user)
{
	struct segment segment = { .type = object_choice(network, NETWORK_PROVIDER_TYPE),
		.physical = object_str(network, NETWORK_PROVIDER_PHYSICAL),
		.number = object_int(network, NETWORK_PROVIDER_SEGMENT) };
	json_t *items, *item;
	size_t i;

	if (object_is_null(network, NETWORK_SEGMENTS))
		return each(&segment, user);
	items = object_json(network, NETWORK_SEGMENTS);
	json_array_foreach(items, i, item) {
		segment = item_segment(item);
		each(&segment, user);
	}
	json_decref(items);
}

static const char *format_number(s64 number, char buf[static NUMBER_STRLEN])
{
	g_snprintf(buf, NUMBER_STRLEN, "%" G_GINT64_FORMAT, number);
	return buf;
}

static void add_vni(const struct segment *segment, void *sink)
{
	char number[NUMBER_STRLEN];

	if (provider_is_overlay(segment->type) && segment->number)
		index_add(sink, (const char *const[]){ format_number(segment->number, number) }, 1);
}

static void add_vlan(const struct segment *segment, void *sink)
{
	char number[NUMBER_STRLEN];

	if (segment->type == PROVIDER_VLAN)
		index_add(sink,
			(const char *const[]){
				segment->physical, format_number(segment->number, number) },
			2);
}

static void add_flat(const struct segment *segment, void *sink)
{
	if (segment->type == PROVIDER_FLAT)
		index_add(sink, (const char *const[]){ segment->physical }, 1);
}

void provider_vni_keys(const struct object *network, struct key_sink *sink)
{
	each_segment(network, add_vni, sink);
}

void provider_vlan_keys(const struct object *network, struct key_sink *sink)
{
	each_segment(network, add_vlan, sink);
}

void provider_flat_keys(const struct object *network, struct key_sink *sink)
{
	each_segment(network, add_flat, sink);
}

static void take_vni(const struct segment *segment, void *vnis)
{
	if (provider_is_overlay(segment->type))
		number_set_take(vnis, (u128)segment->number);
}

static void give_vni(const struct segment *segment, void *vnis)
{
	if (provider_is_overlay(segment->type))
		number_set_give(vnis, (u128)segment->number);
}

void provider_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase)
{
	struct number_set *vnis = model_state(model, KIND_NETWORK);

	if (phase == OBSERVE_RELEASE && old)
		each_segment(old, give_vni, vnis);
	if (phase == OBSERVE_CLAIM && new)
		each_segment(new, take_vni, vnis);
}

static bool check_vlan(const struct object *draft, GError **error)
{
	s64 id = object_int(draft, NETWORK_PROVIDER_SEGMENT);

	return (id >= VLAN_FIRST && id <= VLAN_LAST) ||
	       weft_fail(error, INVALID_INPUT,
		       "Invalid input for provider:segmentation_id: %" G_GINT64_FORMAT
		       " is no VLAN; one of %u to %u is.",
		       id, VLAN_FIRST, VLAN_LAST);
}

static bool settle_vni(struct txn *txn, struct object *draft, GError **error)
{
	struct number_set *vnis = model_state(txn_model(txn), KIND_NETWORK);
	u128 vni;

	if (!object_is_null(draft, NETWORK_PROVIDER_PHYSICAL))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:physical_network: a %s network is an overlay and has none; leave it out.",
			object_str(draft, NETWORK_PROVIDER_TYPE));
	if (!object_is_null(draft, NETWORK_PROVIDER_SEGMENT))
		return true;
	if (!txn_reserve_next(txn, vnis, &vni))
		return weft_fail(error, VNI_EXHAUSTED,
			"No VNI is left: all of %u to %u are in use; delete a network, or name one outside of that range as provider:segmentation_id.",
			NETWORK_VNI_FIRST, NETWORK_VNI_LAST);
	object_set_int(draft, NETWORK_PROVIDER_SEGMENT, (s64)vni);
	return true;
}

/* Has one of @done, other segments of the same network, that VLAN? */
static bool has_vlan(const json_t *done, const char *physical, s64 number)
{
	json_t *item;
	size_t i;

	json_array_foreach(done, i, item) {
		struct segment segment = item_segment(item);

		if (segment.type == PROVIDER_VLAN && segment.number == number &&
			!strcmp(segment.physical, physical))
			return true;
	}
	return false;
}

/* There are few VLANs: each is looked up. */
static bool find_vlan(struct txn *txn, struct object *draft, const json_t *done, GError **error)
{
	const char *physical = object_str(draft, NETWORK_PROVIDER_PHYSICAL);
	struct txn_iter iter;
	char number[NUMBER_STRLEN];

	for (unsigned id = VLAN_FIRST; id <= VLAN_LAST; id++) {
		txn_iter_init(&iter, txn, KIND_NETWORK, NETWORK_BY_VLAN, physical,
			format_number(id, number), NULL);
		if (txn_iter_next(&iter) || has_vlan(done, physical, id))
			continue;
		object_set_int(draft, NETWORK_PROVIDER_SEGMENT, id);
		return true;
	}
	return weft_fail(error, VNI_EXHAUSTED,
		"No VLAN of physical network %s is left: networks have all %u of them.", physical,
		VLAN_LAST);
}

static bool settle_physical(
	struct txn *txn, struct object *draft, const json_t *done, GError **error)
{
	const char *physical = object_str(draft, NETWORK_PROVIDER_PHYSICAL);

	if (!physical || !*physical)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:physical_network: a %s network is one of a physical network; name it.",
			object_str(draft, NETWORK_PROVIDER_TYPE));
	if (object_choice(draft, NETWORK_PROVIDER_TYPE) == PROVIDER_FLAT)
		return object_is_null(draft, NETWORK_PROVIDER_SEGMENT) ||
		       weft_fail(error, INVALID_INPUT,
			       "Invalid input for provider:segmentation_id: a flat network has none; leave it out.");
	return object_is_null(draft, NETWORK_PROVIDER_SEGMENT) ? find_vlan(txn, draft, done, error)
							       : check_vlan(draft, error);
}

/* One segment. @done are those of the same network before it, or NULL. */
static bool settle_one(struct txn *txn, struct object *draft, const json_t *done, GError **error)
{
	return provider_is_overlay(object_choice(draft, NETWORK_PROVIDER_TYPE))
		       ? settle_vni(txn, draft, error)
		       : settle_physical(txn, draft, done, error);
}

static bool fail_duplicate(GError **error)
{
	return weft_fail(error, INVALID_INPUT,
		"Invalid input for segments: Duplicate segment entry in request: one is there twice.");
}

/* Settles an item of the list and appends it to @done. */
static bool settle_item(struct txn *txn, const json_t *item, json_t *done, GError **error)
{
	g_autoptr(object) draft = object_new(&network_kind, NULL);
	struct segment segment = item_segment(item);
	json_t *made;
	json_t *other;
	size_t i;

	object_set_choice(draft, NETWORK_PROVIDER_TYPE, segment.type);
	if (segment.physical)
		object_set_str(draft, NETWORK_PROVIDER_PHYSICAL, segment.physical);
	if (segment.number)
		object_set_int(draft, NETWORK_PROVIDER_SEGMENT, segment.number);
	if (!settle_one(txn, draft, done, error))
		return false;
	made = json_pack("{s:s, s:s?, s:o}", TYPE, provider_types[segment.type], PHYSICAL,
		segment.physical, NUMBER,
		object_is_null(draft, NETWORK_PROVIDER_SEGMENT)
			? json_null()
			: json_integer(object_int(draft, NETWORK_PROVIDER_SEGMENT)));
	json_array_foreach(done, i, other)
		if (json_equal(made, other)) {
			json_decref(made);
			return fail_duplicate(error);
		}
	json_array_append_new(done, made);
	return true;
}

static void set_segments(struct object *draft, const json_t *done)
{
	g_autofree char *text = json_dumps(done, JSON_COMPACT);
	struct segment only = item_segment(json_array_get(done, 0));

	if (json_array_size(done) > 1) {
		object_set_str(draft, NETWORK_SEGMENTS, text);
		object_set_null(draft, NETWORK_PROVIDER_TYPE);
		return;
	}
	object_set_null(draft, NETWORK_SEGMENTS);
	object_set_choice(draft, NETWORK_PROVIDER_TYPE, only.type);
	object_set_str(draft, NETWORK_PROVIDER_PHYSICAL, only.physical);
	if (only.number)
		object_set_int(draft, NETWORK_PROVIDER_SEGMENT, only.number);
}

/* A list of one is said as the network's own attributes. */
static bool settle_segments(struct txn *txn, struct object *draft, GError **error)
{
	json_t *items = object_json(draft, NETWORK_SEGMENTS), *done = json_array(), *item;
	bool ok = json_array_size(items) ||
		  weft_fail(error, INVALID_INPUT,
			  "Invalid input for segments: the list is empty; leave it out.");
	size_t i;

	json_array_foreach(items, i, item)
		ok = ok && settle_item(txn, item, done, error);
	if (ok)
		set_segments(draft, done);
	json_decref(items);
	json_decref(done);
	return ok;
}

static bool is_given(const struct object *draft, unsigned slot)
{
	return object_given(draft) & SLOT_BIT(slot) && !object_is_null(draft, slot);
}

bool provider_settle(struct txn *txn, struct object *draft, GError **error)
{
	static const unsigned details[] = { NETWORK_PROVIDER_PHYSICAL, NETWORK_PROVIDER_SEGMENT };
	bool typed = is_given(draft, NETWORK_PROVIDER_TYPE);

	for (size_t i = 0; i < G_N_ELEMENTS(details); i++)
		if (is_given(draft, details[i]) && !typed)
			return weft_fail(error, INVALID_INPUT,
				"Invalid input for %s: network_type required; give provider:network_type, too.",
				network_kind.attrs[details[i]].name);
	if (is_given(draft, NETWORK_SEGMENTS))
		return typed ? weft_fail(error, INVALID_INPUT,
				       "Segments and provider values cannot both be set: give one of them.")
			     : settle_segments(txn, draft, error);
	if (!typed)
		object_set_choice(draft, NETWORK_PROVIDER_TYPE, PROVIDER_GENEVE);
	return settle_one(txn, draft, NULL, error);
}

bool provider_check_update(const struct object *old, const struct object *draft, GError **error)
{
	if (object_equal(old, draft, NETWORK_PROVIDER_SEGMENT))
		return true;
	if (object_choice(old, NETWORK_PROVIDER_TYPE) != PROVIDER_VLAN)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for provider:segmentation_id: Only VLAN type networks can be updated; this one is of type %s.",
			object_str(old, NETWORK_PROVIDER_TYPE));
	return check_vlan(draft, error);
}
