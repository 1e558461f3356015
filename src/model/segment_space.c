/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of segments. All overlays share one space, whatever their type, because hosts choose the
 * encapsulation pair by pair; the VLANs of each physical network are a space of their own. A space
 * is derived state: a number is taken exactly while a segment of the model has it, and while the
 * open transaction has reserved it.
 */
#include "model/segment_space.h"

#include <string.h>

#include "model/network.h"
#include "model/provider.h"

#define NUMBER_STRLEN 24

struct space {
	struct number_set *vnis;
	u128 next_vni;	   /* one that was given back is used again after all others */
	GHashTable *vlans; /* physical network → struct number_set */
};

void *segment_space_new(void)
{
	struct space *space = g_new0(struct space, 1);

	space->vnis = number_set_new();
	number_set_add_span(space->vnis, VNI_FIRST, VNI_LAST);
	space->vlans = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)number_set_free);
	return space;
}

void segment_space_free(void *data)
{
	struct space *space = data;

	number_set_free(space->vnis);
	g_hash_table_destroy(space->vlans);
	g_free(space);
}

static struct number_set *vlans_of(struct space *space, const char *physical)
{
	struct number_set *vlans = g_hash_table_lookup(space->vlans, physical);

	if (!vlans) {
		vlans = number_set_new();
		number_set_add_span(vlans, VLAN_FIRST, VLAN_LAST);
		g_hash_table_insert(space->vlans, g_strdup(physical), vlans);
	}
	return vlans;
}

/* The space that a segment's number is of; NULL: it has none. */
static struct number_set *set_of(const struct model *model, const struct object *segment)
{
	struct space *space = model_state(model, KIND_SEGMENT);
	int type = object_choice(segment, SEGMENT_TYPE);

	if (provider_is_overlay(type))
		return space->vnis;
	return type == PROVIDER_VLAN ? vlans_of(space, object_str(segment, SEGMENT_PHYSICAL))
				     : NULL;
}

void segment_space_observe(struct model *model, const struct object *old, const struct object *new,
	enum observe_phase phase)
{
	const struct object *segment = phase == OBSERVE_RELEASE ? old : new;
	struct number_set *set = segment ? set_of(model, segment) : NULL;

	if (set && phase == OBSERVE_RELEASE)
		number_set_give(set, (u128)object_int(segment, SEGMENT_NUMBER));
	else if (set)
		number_set_take(set, (u128)object_int(segment, SEGMENT_NUMBER));
}

static const char *format_number(const struct object *segment, char buf[static NUMBER_STRLEN])
{
	g_snprintf(buf, NUMBER_STRLEN, "%" G_GINT64_FORMAT, object_int(segment, SEGMENT_NUMBER));
	return buf;
}

void segment_vni_keys(const struct object *segment, struct key_sink *sink)
{
	char number[NUMBER_STRLEN];

	if (provider_is_overlay(object_choice(segment, SEGMENT_TYPE)))
		index_add(sink, (const char *const[]){ format_number(segment, number) }, 1);
}

void segment_vlan_keys(const struct object *segment, struct key_sink *sink)
{
	char number[NUMBER_STRLEN];

	if (object_choice(segment, SEGMENT_TYPE) == PROVIDER_VLAN)
		index_add(sink,
			(const char *const[]){ object_str(segment, SEGMENT_PHYSICAL),
				format_number(segment, number) },
			2);
}

void segment_flat_keys(const struct object *segment, struct key_sink *sink)
{
	if (object_choice(segment, SEGMENT_TYPE) == PROVIDER_FLAT)
		index_add(sink, (const char *const[]){ object_str(segment, SEGMENT_PHYSICAL) }, 1);
}

/* The network that has what @segment asks for, as text; NULL: one of this request. */
static const char *holder_of(struct txn *txn, const struct object *segment)
{
	int type = object_choice(segment, SEGMENT_TYPE);
	const char *physical = object_str(segment, SEGMENT_PHYSICAL);
	const struct object *holder;
	char number[NUMBER_STRLEN];
	struct txn_iter iter;

	format_number(segment, number);
	if (provider_is_overlay(type))
		txn_iter_init(&iter, txn, KIND_SEGMENT, SEGMENT_BY_VNI, number, NULL);
	else if (type == PROVIDER_VLAN)
		txn_iter_init(&iter, txn, KIND_SEGMENT, SEGMENT_BY_VLAN, physical, number, NULL);
	else
		txn_iter_init(&iter, txn, KIND_SEGMENT, SEGMENT_BY_FLAT, physical, NULL);
	holder = txn_iter_next(&iter);
	return holder ? object_str(holder, SEGMENT_NETWORK_ID) : NULL;
}

static bool fail_in_use(struct txn *txn, const struct object *segment, GError **error)
{
	const char *holder = holder_of(txn, segment) ?: "of this request";
	s64 number = object_int(segment, SEGMENT_NUMBER);

	if (object_choice(segment, SEGMENT_TYPE) == PROVIDER_VLAN)
		return weft_fail(error, VLAN_IN_USE,
			"VLAN %" G_GINT64_FORMAT
			" of physical network %s is already used by network %s; choose another.",
			number, object_str(segment, SEGMENT_PHYSICAL), holder);
	if (object_choice(segment, SEGMENT_TYPE) == PROVIDER_FLAT)
		return weft_fail(error, FLAT_IN_USE,
			"Physical network %s is already used by network %s as it is; choose another, or a VLAN of it.",
			object_str(segment, SEGMENT_PHYSICAL), holder);
	return weft_fail(error, VNI_IN_USE,
		"VNI %" G_GINT64_FORMAT " is already used by network %s; choose another.", number,
		holder);
}

/* The number that the draft asks for. */
static bool take_given(struct txn *txn, const struct object *draft, GError **error)
{
	struct number_set *set = set_of(txn_model(txn), draft);

	return txn_reserve(txn, set, (u128)object_int(draft, SEGMENT_NUMBER)) ||
	       fail_in_use(txn, draft, error);
}

static bool take_next_vni(struct txn *txn, struct object *draft, GError **error)
{
	struct space *space = model_state(txn_model(txn), KIND_SEGMENT);
	u128 vni;

	if (!number_set_find(
		    space->vnis, MAX(space->next_vni, NETWORK_VNI_FIRST), NETWORK_VNI_LAST, &vni) &&
		!number_set_find(space->vnis, NETWORK_VNI_FIRST, NETWORK_VNI_LAST, &vni))
		return weft_fail(error, VNI_EXHAUSTED,
			"No VNI is left: all of %u to %u are in use; delete a network, or name one outside of that range as segmentation_id.",
			NETWORK_VNI_FIRST, NETWORK_VNI_LAST);
	space->next_vni = vni + 1;
	object_set_int(draft, SEGMENT_NUMBER, (s64)vni);
	return txn_reserve(txn, space->vnis, vni);
}

static bool take_next_vlan(struct txn *txn, struct object *draft, GError **error)
{
	struct number_set *vlans = set_of(txn_model(txn), draft);
	u128 vlan;

	if (!number_set_find(vlans, VLAN_FIRST, VLAN_LAST, &vlan))
		return weft_fail(error, VNI_EXHAUSTED,
			"No VLAN of physical network %s is left: networks have all %u of them.",
			object_str(draft, SEGMENT_PHYSICAL), VLAN_LAST);
	object_set_int(draft, SEGMENT_NUMBER, (s64)vlan);
	return txn_reserve(txn, vlans, vlan);
}

static bool settle_overlay(struct txn *txn, struct object *draft, GError **error)
{
	if (!object_is_null(draft, SEGMENT_PHYSICAL))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for physical_network: a %s network is an overlay and has none; leave it out.",
			object_str(draft, SEGMENT_TYPE));
	return object_is_null(draft, SEGMENT_NUMBER) ? take_next_vni(txn, draft, error)
						     : take_given(txn, draft, error);
}

static bool settle_vlan(struct txn *txn, struct object *draft, GError **error)
{
	s64 number = object_int(draft, SEGMENT_NUMBER);

	if (object_is_null(draft, SEGMENT_NUMBER))
		return take_next_vlan(txn, draft, error);
	if (number < VLAN_FIRST || number > VLAN_LAST)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for segmentation_id: %" G_GINT64_FORMAT
			" is no VLAN; one of %u to %u is.",
			number, VLAN_FIRST, VLAN_LAST);
	return take_given(txn, draft, error);
}

static bool settle_flat(struct txn *txn, struct object *draft, GError **error)
{
	if (!object_is_null(draft, SEGMENT_NUMBER))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for segmentation_id: a flat network has none; leave it out.");
	return !holder_of(txn, draft) || fail_in_use(txn, draft, error);
}

bool segment_settle(struct txn *txn, struct object *draft, const char *project, GError **error)
{
	const char *physical = object_str(draft, SEGMENT_PHYSICAL);
	int type = object_choice(draft, SEGMENT_TYPE);

	(void)project;
	if (provider_is_overlay(type))
		return settle_overlay(txn, draft, error);
	if (!physical || !*physical)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for physical_network: a %s network is one of a physical network; name it.",
			object_str(draft, SEGMENT_TYPE));
	return (type == PROVIDER_VLAN ? settle_vlan : settle_flat)(txn, draft, error);
}
