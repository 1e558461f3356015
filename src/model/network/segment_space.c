/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of segments. All overlays share one space, whatever their type, because hosts choose the
 * encapsulation pair by pair; the VLANs of each physical network are a space of their own. A space
 * is derived state: a number is taken exactly while a segment of the model has it, and while the
 * open transaction has reserved it.
 */
#include "model/network/segment_space.h"

#include <string.h>

#include "model/network/network.h"
#include "model/network/network_segment_range.h"
#include "model/network/provider.h"

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

/* The numbers of a type; NULL: it has none. */
static struct number_set *set_for(const struct model *model, int type, const char *physical)
{
	struct space *space = model_state(model, KIND_SEGMENT);

	if (provider_is_overlay(type))
		return space->vnis;
	return type == PROVIDER_VLAN ? vlans_of(space, physical) : NULL;
}

static struct number_set *set_of(const struct model *model, const struct object *segment)
{
	return set_for(
		model, object_choice(segment, SEGMENT_TYPE), object_str(segment, SEGMENT_PHYSICAL));
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

/* For a number that nobody has asked for. */
struct search {
	struct txn *txn;
	int type;
	const char *physical, *project;
	const struct number_set *set;
	u128 next; /* where it begins, if that is among what is asked for */
};

/* The range of another project that has the number, or NULL. */
static const struct object *reserved_for_other(const struct search *search, u128 number)
{
	const struct object *range;
	struct txn_iter iter;

	ranges_iter_init(&iter, search->txn, search->type, search->physical);
	while ((range = txn_iter_next(&iter)))
		if (!object_bool(range, RANGE_SHARED) &&
			g_strcmp0(object_str(range, SLOT_PROJECT_ID), search->project) &&
			(u128)object_int(range, RANGE_MINIMUM) <= number &&
			number <= (u128)object_int(range, RANGE_MAXIMUM))
			return range;
	return NULL;
}

static bool find_from(const struct search *search, u128 first, u128 last, u128 *ret)
{
	const struct object *range;

	while (number_set_find(search->set, first, last, ret)) {
		range = reserved_for_other(search, *ret);
		if (!range)
			return true;
		first = (u128)object_int(range, RANGE_MAXIMUM) + 1;
	}
	return false;
}

static bool find_between(const struct search *search, u128 first, u128 last, u128 *ret)
{
	return find_from(search, MAX(search->next, first), last, ret) ||
	       find_from(search, first, last, ret);
}

/* In ranges of the project, or in shared ones. */
static bool find_in_ranges(const struct search *search, bool shared, u128 *ret)
{
	const struct object *range;
	struct txn_iter iter;

	ranges_iter_init(&iter, search->txn, search->type, search->physical);
	while ((range = txn_iter_next(&iter))) {
		bool its = shared ? object_bool(range, RANGE_SHARED)
				  : !g_strcmp0(object_str(range, SLOT_PROJECT_ID), search->project);

		if (its && object_choice(range, RANGE_TYPE) == search->type &&
			find_between(search, (u128)object_int(range, RANGE_MINIMUM),
				(u128)object_int(range, RANGE_MAXIMUM), ret))
			return true;
	}
	return false;
}

static bool find_number(const struct search *search, u128 *ret)
{
	bool overlay = provider_is_overlay(search->type);

	return find_in_ranges(search, false, ret) || find_in_ranges(search, true, ret) ||
	       find_between(search, overlay ? NETWORK_VNI_FIRST : VLAN_FIRST,
		       overlay ? NETWORK_VNI_LAST : VLAN_LAST, ret);
}

static bool fail_exhausted(const struct object *draft, GError **error)
{
	if (object_choice(draft, SEGMENT_TYPE) == PROVIDER_VLAN)
		return weft_fail(error, VNI_EXHAUSTED,
			"No VLAN of physical network %s is left: networks have all %u of them, or ranges keep them for other projects.",
			object_str(draft, SEGMENT_PHYSICAL), VLAN_LAST);
	return weft_fail(error, VNI_EXHAUSTED,
		"No VNI is left: all of %u to %u are in use, or ranges keep them for other projects; delete a network, or name one outside of that range as segmentation_id.",
		NETWORK_VNI_FIRST, NETWORK_VNI_LAST);
}

/* A VNI that was given back is used again after all others, a VLAN at once: there are few. */
static bool take_next(struct txn *txn, struct object *draft, const char *project, GError **error)
{
	struct space *space = model_state(txn_model(txn), KIND_SEGMENT);
	struct number_set *set = set_of(txn_model(txn), draft);
	struct search search = { .txn = txn,
		.type = object_choice(draft, SEGMENT_TYPE),
		.physical = object_str(draft, SEGMENT_PHYSICAL),
		.project = project,
		.set = set,
		.next = set == space->vnis ? space->next_vni : 0 };
	u128 number;

	if (!find_number(&search, &number))
		return fail_exhausted(draft, error);
	if (set == space->vnis)
		space->next_vni = number + 1;
	object_set_int(draft, SEGMENT_NUMBER, (s64)number);
	return txn_reserve(txn, set, number);
}

static bool settle_overlay(
	struct txn *txn, struct object *draft, const char *project, GError **error)
{
	if (!object_is_null(draft, SEGMENT_PHYSICAL))
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for physical_network: a %s network is an overlay and has none; leave it out.",
			object_str(draft, SEGMENT_TYPE));
	return object_is_null(draft, SEGMENT_NUMBER) ? take_next(txn, draft, project, error)
						     : take_given(txn, draft, error);
}

static bool settle_vlan(struct txn *txn, struct object *draft, const char *project, GError **error)
{
	s64 number = object_int(draft, SEGMENT_NUMBER);

	if (object_is_null(draft, SEGMENT_NUMBER))
		return take_next(txn, draft, project, error);
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

	if (provider_is_overlay(type))
		return settle_overlay(txn, draft, project, error);
	if (!physical || !*physical)
		return weft_fail(error, INVALID_INPUT,
			"Invalid input for physical_network: a %s network is one of a physical network; name it.",
			object_str(draft, SEGMENT_TYPE));
	return type == PROVIDER_VLAN ? settle_vlan(txn, draft, project, error)
				     : settle_flat(txn, draft, error);
}

struct segment_numbers segment_numbers_of(
	const struct model *model, int type, const char *physical, s64 first, s64 last)
{
	return (struct segment_numbers){ .model = model,
		.set = set_for(model, type, physical),
		.type = type,
		.physical = physical,
		.next = (u128)first,
		.last = (u128)last };
}

/* The segment of that number in the space, whatever its type; NULL: an open transaction has it. */
static const struct object *segment_at(const struct segment_numbers *numbers, u128 number)
{
	char text[NUMBER_STRLEN];

	g_snprintf(text, sizeof(text), "%" G_GINT64_FORMAT, (s64)number);
	return provider_is_overlay(numbers->type)
		       ? model_first(numbers->model, KIND_SEGMENT, SEGMENT_BY_VNI, text, NULL)
		       : model_first(numbers->model, KIND_SEGMENT, SEGMENT_BY_VLAN,
				 numbers->physical, text, NULL);
}

const struct object *segment_numbers_next_used(struct segment_numbers *numbers)
{
	const struct object *segment;
	u128 number;

	while (number_set_find_taken(numbers->set, numbers->next, numbers->last, &number)) {
		numbers->next = number + 1;
		segment = segment_at(numbers, number);
		if (segment && object_choice(segment, SEGMENT_TYPE) == numbers->type)
			return segment;
	}
	return NULL;
}

bool segment_numbers_next_free(struct segment_numbers *numbers, s64 *ret)
{
	u128 number;

	if (!number_set_find(numbers->set, numbers->next, numbers->last, &number))
		return false;
	numbers->next = number + 1;
	*ret = (s64)number;
	return true;
}
